/** Parts of the components that hold others: boxes, rows, the line above a card. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { widgetIcon } from './icons.js';
import { layOut } from './layout.js';

/** @typedef {import('./widget-tree.js').Component} Component */

/**
 * @param {HTMLElement} element
 * @param {Component} component  A container.
 */
export function layOutBox(element, component) {
  const isRow = component.type === 'Row' || ('direction' in component && component.direction === 'row');
  element.className = `widget widget-${isRow ? 'row' : 'col'} widget-${component.type.toLowerCase()}`;
  if (component.type !== 'Basic' && component.type !== 'Transition') layOut(element, /** @type {any} */ (component));
}

/** @param {{text: string, favicon?: string, icon?: string}} status */
export function statusOf({ text, favicon, icon }) {
  return h('p', { class: 'widget-status' },
    favicon && /^(?:https?:|data:image\/|\/)/.test(favicon) &&
      h('img', { src: favicon, alt: '', on: { error: (/** @type {any} */ event) => event.currentTarget.remove() } }),
    icon && widgetIcon(icon),
    h('span', { dir: 'auto', text }));
}

/**
 * Puts elements into their parent. Those that are there already do not move: that would take the focus.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} elements
 */
export function fill(parent, elements) {
  const wanted = new Set(elements);
  elements.forEach((element, index) => {
    const there = parent.children[index];
    if (there === element) return;
    if (there instanceof HTMLElement && !wanted.has(there)) there.replaceWith(element);
    else parent.insertBefore(element, there ?? null);
  });
  while (parent.children.length > elements.length) parent.lastElementChild?.remove();
}

/**
 * Shows the first rows of a list, and a button for the others.
 * @param {HTMLElement} rows
 * @param {number} limit
 */
export function limitRows(rows, limit) {
  rows.nextElementSibling?.remove();
  const others = [...rows.children].slice(limit);
  const isOpen = rows.classList.contains('has-all-rows');
  for (const row of others) if (row instanceof HTMLElement) row.hidden = !isOpen;
  if (others.length === 0 || isOpen) return;
  rows.after(h('button', { type: 'button', class: 'text-button', text: t('widget.more', { count: others.length }), on: {
    click: () => {
      rows.classList.add('has-all-rows');
      limitRows(rows, limit);
    },
  } }));
}

/**
 * What is busy can't be worked until its action has come to an end.
 * @param {HTMLElement | null} element
 * @param {boolean} isBusy
 */
export function setBusy(element, isBusy) {
  if (!element) return;
  element.toggleAttribute('inert', isBusy);
  element.setAttribute('aria-busy', String(isBusy));
}
