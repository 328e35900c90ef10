/** Shows one conversation: redraws what changed, keeps its pictures' links alive. */

import { h } from '../ui/dom.js';

const PREVIEW_REFRESH_PAUSE_MS = 2000;
/** As many pictures fail at once, one request renews them all. */
const PREVIEW_REFRESH_DELAY_MS = 50;

/** @typedef {import('./conversation.js').Conversation} Conversation */

export class ThreadPane {
  element = h('div', { class: 'thread' });
  /** @type {Conversation | null} */
  conversation = null;
  /** @type {import('./thread-view.js').ThreadView | null}  Loaded after the page can be used. */
  #view = null;
  #isLoading = false;
  /** @type {string | null}  The item that is to be shown as soon as it is drawn. */
  #wanted = null;
  #shown = new AbortController();
  /** @type {Set<string>} */
  #changed = new Set();
  /** @type {number | null} */
  #frame = null;
  /** @type {number | null} */
  #renewal = null;

  /**
   * @param {object} options
   * @param {Omit<import('./item-view.js').ItemActions, 'previewExpired'>} options.actions
   * @param {(conversation: Conversation) => void} options.onDrawn
   * @param {(conversation: Conversation) => void} options.onAnswered
   * @param {(error: unknown) => void} options.onError
   */
  constructor({ actions, onDrawn, onAnswered, onError }) {
    this.actions = actions;
    this.onDrawn = onDrawn;
    this.onAnswered = onAnswered;
    this.onError = onError;
  }

  /** @param {Conversation} conversation */
  show(conversation) {
    this.#shown.abort();
    this.#shown = new AbortController();
    const { signal } = this.#shown;
    this.conversation = conversation;
    this.#changed.clear();
    this.#wanted = null;
    this.#view?.reset();
    conversation.addEventListener('change', (event) => this.#drawSoon(detailOf(event)), { signal });
    conversation.addEventListener('answered', () => this.onAnswered(conversation), { signal });
    this.draw();
  }

  draw() {
    const { conversation } = this;
    if (!conversation) return;
    this.onDrawn(conversation);
    if (!this.#view) return void this.#load();
    this.#view.show(conversation.state, {
      isAnswering: conversation.isAnswering,
      changed: this.#changed,
      hasEarlier: Boolean(conversation.earlierCursor),
    });
    this.#changed.clear();
    if (this.#wanted && this.#view.reveal(this.#wanted)) this.#wanted = null;
  }

  /** @param {string} itemId  Scrolled to, and marked for a moment. */
  reveal(itemId) {
    this.#wanted = itemId;
    this.draw();
  }

  /** Opens the editor of the last message, where it can be edited now. */
  editLast() {
    const button = this.element.querySelector('.is-last-question .message-edit');
    if (button instanceof HTMLElement && button.checkVisibility({ visibilityProperty: true })) button.click();
  }

  /** Follows the answer from here on, wherever the person was reading. */
  stickToEnd() {
    if (this.#view) this.#view.sticksToEnd = true;
  }

  async #load() {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const { ThreadView } = await import('./thread-view.js');
      this.#view = new ThreadView({ ...this.actions, previewExpired: () => this.#renewPreviews() });
      this.element.append(this.#view.scroller, this.#view.jump);
      this.draw();
    } catch (error) {
      this.onError(error);
    } finally {
      this.#isLoading = false;
    }
  }

  /** @param {string | null} itemId */
  #drawSoon(itemId) {
    if (itemId) this.#changed.add(itemId);
    if (this.#frame !== null) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      this.draw();
    });
  }

  #renewPreviews() {
    if (!this.conversation?.threadId || this.#renewal !== null) return;
    this.#renewal = window.setTimeout(() => this.#reload().catch(this.onError), PREVIEW_REFRESH_DELAY_MS);
  }

  async #reload() {
    try {
      const items = await this.conversation?.reloadItems();
      this.#view?.renewPreviews(items ?? []);
    } finally {
      setTimeout(() => (this.#renewal = null), PREVIEW_REFRESH_PAUSE_MS);
    }
  }
}

/**
 * @param {Event} event  A CustomEvent of a conversation.
 * @returns {any}
 */
export function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
