/** A widget as a tree of components: how streamed updates change it, and what its forms send. No DOM here. */

/**
 * @typedef {import('../protocol/chatkit').WidgetComponent} WidgetComponent
 * @typedef {import('../protocol/chatkit').WidgetRoot} WidgetRoot
 * @typedef {WidgetComponent | WidgetRoot} Component
 * @typedef {import('../protocol/chatkit').ActionConfig} ActionConfig
 *
 * What a person did.
 * @typedef {'click' | 'change' | 'submit' | 'confirm' | 'cancel'} Cause
 *
 * What an action sends beside its own payload.
 * @typedef {Record<string, unknown>} FormValues
 */

/**
 * The components right below one.
 * @param {Component} component
 * @returns {WidgetComponent[]}
 */
export function childrenOf(component) {
  const children = 'children' in component ? component.children : undefined;
  return [children ?? []].flat().filter((child) => typeof child === 'object');
}

/**
 * Applies a streamed update. Components that it does not reach stay the same objects.
 * @param {WidgetRoot} root
 * @param {import('../protocol/chatkit').ThreadItemUpdate} update
 * @returns {WidgetRoot}
 */
export function updated(root, update) {
  switch (update.type) {
    case 'widget.root.updated':
      return update.widget;
    case 'widget.component.updated':
      return /** @type {WidgetRoot} */ (replaced(root, update.component_id, () => update.component));
    case 'widget.streaming_text.value_delta':
      return /** @type {WidgetRoot} */ (replaced(root, update.component_id, (component) => ({
        ...component,
        value: `${'value' in component ? component.value : ''}${update.delta}`,
        streaming: !update.done,
      })));
    default:
      return root;
  }
}

/**
 * @param {Component} component
 * @param {string} id
 * @param {(component: Component) => object} change
 * @returns {Component}
 */
function replaced(component, id, change) {
  if (component.id === id) return /** @type {Component} */ (change(component));
  if (!('children' in component) || !component.children) return component;
  const old = component.children;
  if (!Array.isArray(old)) {
    const child = replaced(old, id, change);
    return child === old ? component : /** @type {Component} */ ({ ...component, children: child });
  }
  const children = old.map((child) => replaced(child, id, change));
  const isSame = children.every((child, index) => child === old[index]);
  return isSame ? component : /** @type {Component} */ ({ ...component, children });
}

/**
 * The payload of an action with the values of its form: `todo.title` is `{todo: {title}}`. Where the
 * payload has that key already, it stays (ChatKit actions, "Payload key collisions").
 * @param {unknown} payload
 * @param {FormValues} values  By the names of the fields.
 */
export function withValues(payload, values) {
  const names = Object.keys(values);
  if (names.length === 0 || (payload !== undefined && payload !== null && !isObject(payload))) return payload;
  const result = /** @type {Record<string, unknown>} */ (structuredClone(payload ?? {}));
  for (const name of names) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    let place = result;
    for (const key of path) {
      const inner = Object.hasOwn(place, key) ? place[key] : undefined;
      const next = isObject(inner) ? inner : {};
      if (inner === undefined) define(place, key, next);
      place = next;
    }
    if (!Object.hasOwn(place, last)) define(place, last, values[name]);
  }
  return result;
}

/**
 * Sets a property of any name; `__proto__` is no exception.
 * @param {object} target
 * @param {string} key
 * @param {unknown} value
 */
function define(target, key, value) {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What is shown as busy while an action is under way (ChatKit actions, "Using auto behavior").
 * @param {ActionConfig} action
 * @param {Cause} cause
 * @returns {'none' | 'self' | 'container'}
 */
export function loadingOf({ loadingBehavior = 'auto' }, cause) {
  if (loadingBehavior !== 'auto') return loadingBehavior;
  if (cause === 'change') return 'none';
  return cause === 'click' ? 'self' : 'container';
}
