/** Builds DOM elements; text is always text, never markup. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props]  `class`, `text`, `on: {event: listener}`, `dataset`,
 *   otherwise attributes; `false`, `null` and `undefined` leave an attribute out.
 * @param {...(Node | string | null | undefined | false)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') element.textContent = value;
    else if (name === 'on') {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name === 'dataset') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button with an icon only: its label is its accessible name and its tooltip. */
export function iconButton(iconNode, label, onClick, props = {}) {
  const { class: extra = '', ...rest } = props;
  return h(
    'button',
    { type: 'button', class: `icon-button ${extra}`, 'aria-label': label, title: label, on: { click: onClick }, ...rest },
    iconNode,
  );
}
