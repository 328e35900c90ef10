/** One line at the bottom that says what went wrong, and goes by itself. */

import { h } from './dom.js';

const SHOWN_MS = 8000;

export class Toast {
  element = h('div', { class: 'toast', role: 'alert', hidden: true });
  #timer = 0;

  /** @param {string} text */
  say(text) {
    this.element.textContent = text;
    this.element.hidden = false;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (this.element.hidden = true), SHOWN_MS);
  }
}
