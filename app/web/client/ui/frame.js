/** The frame around a chat: list of chats, top bar, the chat. Where it is narrow, the list is a drawer. */

import { t } from '../words.js';
import { h, iconButton } from './dom.js';
import { icon } from './icons.js';

/** The width below which layout.css makes a drawer of the list. */
const NARROW_REM = 52;
/** The width from which there is room for a file beside the chat. */
const ROOM_FOR_VIEWER_REM = 72;

export class Frame {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.sidebar
   * @param {HTMLElement[]} parts.main  Below the top bar.
   * @param {() => void} parts.onNewChat
   * @param {() => void} parts.onSave  Saves the open chat as a file.
   * @param {() => void} parts.onSkip  To the message field.
   */
  constructor({ sidebar, main, onNewChat, onSave, onSkip }) {
    this.sidebar = sidebar;
    /** @type {HTMLElement | null} */
    this.viewer = null;
    this.title = h('h1', { class: 'thread-title', dir: 'auto' });
    this.menu = iconButton(icon('menu'), t('chats'), () => this.openDrawer(), {
      class: 'menu-button', 'aria-expanded': 'false',
    });
    this.save = iconButton(icon('download'), t('export'), onSave, { class: 'topbar-save', hidden: true });
    this.main = h('main', { class: 'main' },
      h('header', { class: 'topbar' },
        this.menu, this.title, this.save, iconButton(icon('plus'), t('chat.new'), onNewChat, { class: 'topbar-new' })),
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
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  /** @param {HTMLElement} viewer  A pane beside the chat while it is not hidden. */
  addViewer(viewer) {
    this.viewer = viewer;
    this.main.after(viewer);
    viewer.addEventListener('toggle', () => this.#fit());
  }

  get isNarrow() {
    return this.#isBelow(NARROW_REM);
  }

  get isDrawerOpen() {
    return this.element.classList.contains('has-sidebar');
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
    this.#fit();
  }

  /** What something lies over can't be reached. */
  #fit() {
    if (this.isDrawerOpen && !this.isNarrow) this.closeDrawer();
    const hasViewer = this.viewer?.hidden === false;
    const isCovered = hasViewer && this.#isBelow(ROOM_FOR_VIEWER_REM);
    this.element.classList.toggle('has-viewer', hasViewer);
    this.main.inert = this.isDrawerOpen || isCovered;
    this.sidebar.inert = isCovered;
  }

  /** @param {number} rem */
  #isBelow(rem) {
    return this.element.clientWidth < rem * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  /** What is hidden takes no focus, and the drawer is that until it has come in. */
  async #focusDrawer() {
    await Promise.allSettled(this.sidebar.getAnimations().map(({ finished }) => finished));
    if (this.isDrawerOpen) this.sidebar.querySelector('a')?.focus();
  }
}
