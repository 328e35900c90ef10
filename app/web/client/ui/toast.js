/** One line above the chat that says what went wrong; it goes by itself or when it is dismissed. */

import { t } from '../words.js';
import { h, iconButton } from './dom.js';
import { icon } from './icons.js';

const SHOWN_MS = 8000;

export class Toast {
  #text = h('p', { role: 'alert', dir: 'auto' });
  #timer = 0;

  constructor() {
    this.element = h('div', { class: 'toast', hidden: true },
      this.#text, iconButton(icon('close'), t('dialog.dismiss'), () => this.#hide()));
    // What is being read stays.
    this.element.addEventListener('pointerenter', () => clearTimeout(this.#timer));
    this.element.addEventListener('pointerleave', () => this.#hideLater());
  }

  /** @param {string} text */
  say(text) {
    this.element.hidden = false;
    this.#text.textContent = text;
    this.#hideLater();
  }

  #hideLater() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#hide(), SHOWN_MS);
  }

  #hide() {
    this.element.hidden = true;
    this.#text.textContent = '';
  }
}
