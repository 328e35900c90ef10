/** Builds DOM elements; text is always text, never markup. */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * What an element gets: `class`, `text`, `on: {event: listener}`, `dataset`, otherwise attributes;
 * `false`, `null` and `undefined` leave an attribute out.
 * @typedef {{
 *   class?: string,
 *   text?: string,
 *   on?: Record<string, (event: any) => unknown>,
 *   dataset?: Record<string, string>,
 *   [attribute: string]: unknown,
 * }} Props
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') element.textContent = String(value);
    else if (name === 'on') {
      for (const [type, listener] of Object.entries(props.on ?? {})) element.addEventListener(type, listener);
    } else if (name === 'dataset') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/**
 * @param {Node} parent
 * @param {Child[]} children
 */
function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

/**
 * A button with an icon only: its label is its accessible name and its tooltip.
 * @param {Node} iconNode
 * @param {string} label
 * @param {(event: any) => unknown} onClick
 * @param {Props} [props]
 */
export function iconButton(iconNode, label, onClick, props = {}) {
  const { class: extra = '', ...rest } = props;
  return h(
    'button',
    { type: 'button', class: `icon-button ${extra}`, 'aria-label': label, title: label, on: { click: onClick }, ...rest },
    iconNode,
  );
}
