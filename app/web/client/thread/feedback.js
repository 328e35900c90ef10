/** Rates answers, and shows how they were rated. */

import { announce } from '../ui/announce.js';
import { t } from '../words.js';
import { Ratings } from './ratings.js';

/** @typedef {import('./ratings.js').Rating} Rating */

export class Feedback {
  /**
   * @param {import('../protocol/api.js').Api} api
   * @param {Pick<Storage, 'getItem' | 'setItem'>} storage
   */
  constructor(api, storage) {
    this.api = api;
    this.ratings = new Ratings(storage);
  }

  /** @param {string} itemId */
  of(itemId) {
    return this.ratings.of(itemId);
  }

  /**
   * @param {string} threadId
   * @param {string} itemId
   * @param {Rating} kind
   * @param {HTMLElement} button  The one of the two that was pressed.
   */
  async give(threadId, itemId, kind, button) {
    await this.api.call('items.feedback', { thread_id: threadId, item_ids: [itemId], kind });
    this.ratings.set(itemId, kind);
    for (const other of button.parentElement?.querySelectorAll('[aria-pressed]') ?? []) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    announce(t('answer.rated'));
  }
}
