/** Shows one conversation: redraws what changed, keeps its pictures' links alive. */

import { renewPreviews } from './attachment-view.js';
import { ThreadView } from './thread-view.js';

const PREVIEW_REFRESH_PAUSE_MS = 2000;
/** As many pictures fail at once, one request renews them all. */
const PREVIEW_REFRESH_DELAY_MS = 50;

/** @typedef {import('./conversation.js').Conversation} Conversation */

export class ThreadPane {
  /** @type {Conversation | null} */
  conversation = null;
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
    this.onDrawn = onDrawn;
    this.onAnswered = onAnswered;
    this.onError = onError;
    this.view = new ThreadView({ ...actions, previewExpired: () => this.#renewPreviews() });
    this.element = this.view.element;
  }

  /** @param {Conversation} conversation */
  show(conversation) {
    this.#shown.abort();
    this.#shown = new AbortController();
    const { signal } = this.#shown;
    this.conversation = conversation;
    this.#changed.clear();
    this.view.reset();
    conversation.addEventListener('change', (event) => this.#drawSoon(detailOf(event)), { signal });
    conversation.addEventListener('answered', () => this.onAnswered(conversation), { signal });
    this.draw();
  }

  draw() {
    const { conversation } = this;
    if (!conversation) return;
    this.view.show(conversation.state, {
      isAnswering: conversation.isAnswering,
      changed: this.#changed,
      hasEarlier: Boolean(conversation.earlierCursor),
    });
    this.#changed.clear();
    this.onDrawn(conversation);
  }

  /** Follows the answer from here on, wherever the person was reading. */
  stickToEnd() {
    this.view.sticksToEnd = true;
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
      renewPreviews(this.view.list, items ?? []);
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
