/** The frame around a chat: list of chats, top bar, the chat. Where it is narrow, the list is a drawer. */

import { t } from '../words.js';
import { h, iconButton } from './dom.js';
import { icon } from './icons.js';

/** The width below which layout.css makes a drawer of the list. */
const NARROW_REM = 52;

export class Frame {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.sidebar
   * @param {HTMLElement[]} parts.main  Below the top bar.
   * @param {() => void} parts.onNewChat
   * @param {() => void} parts.onSkip  To the message field.
   */
  constructor({ sidebar, main, onNewChat, onSkip }) {
    this.sidebar = sidebar;
    this.title = h('h1', { class: 'thread-title', dir: 'auto' });
    this.menu = iconButton(icon('menu'), t('chats'), () => this.openDrawer(), {
      class: 'menu-button', 'aria-expanded': 'false',
    });
    this.main = h('main', { class: 'main' },
      h('header', { class: 'topbar' },
        this.menu, this.title, iconButton(icon('plus'), t('chat.new'), onNewChat, { class: 'topbar-new' })),
      ...main);
    /** @type {HTMLElement} */
    this.scrim = h('div', { class: 'scrim', on: { click: () => this.closeDrawer() } });
    this.element = h('div', { class: 'client' },
      h('a', { class: 'skip-link', href: '#composer-input', text: t('page.skip'), on: {
        click: (/** @type {Event} */ event) => {
          event.preventDefault();
          onSkip();
        },
      } }),
      sidebar, this.scrim, this.main);
    new ResizeObserver(() => this.isNarrow || this.closeDrawer()).observe(this.element);
  }

  get isNarrow() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return this.element.clientWidth < NARROW_REM * rem;
  }

  get isDrawerOpen() {
    return this.main.inert;
  }

  /** Opens the list of chats over the chat, which can't be reached until it is closed. */
  openDrawer() {
    if (!this.isNarrow) return;
    this.#setDrawer(true);
    void this.#focusDrawer();
  }

  closeDrawer() {
    if (!this.isDrawerOpen) return;
    const hadFocus = this.sidebar.contains(document.activeElement);
    this.#setDrawer(false);
    if (hadFocus) this.menu.focus();
  }

  /** @param {boolean} isOpen */
  #setDrawer(isOpen) {
    this.element.classList.toggle('has-sidebar', isOpen);
    this.menu.setAttribute('aria-expanded', String(isOpen));
    this.main.inert = isOpen;
  }

  /** What is hidden takes no focus, and the drawer is that until it has come in. */
  async #focusDrawer() {
    await Promise.allSettled(this.sidebar.getAnimations().map(({ finished }) => finished));
    if (this.isDrawerOpen) this.sidebar.querySelector('a')?.focus();
  }
}
