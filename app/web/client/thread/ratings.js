/** Remembers in this browser how answers were rated: the protocol takes ratings but never returns them. */

const KEY = 'chat.ratings';
const MOST = 500;

/** @typedef {'positive' | 'negative'} Rating */

export class Ratings {
  /** @param {Pick<Storage, 'getItem' | 'setItem'>} storage */
  constructor(storage) {
    this.storage = storage;
  }

  /**
   * @param {string} itemId
   * @returns {Rating | undefined}
   */
  of(itemId) {
    return this.#all().get(itemId);
  }

  /**
   * Beyond 500 ratings, the oldest one is forgotten.
   * @param {string} itemId
   * @param {Rating} rating
   */
  set(itemId, rating) {
    const ratings = this.#all();
    ratings.delete(itemId);
    ratings.set(itemId, rating);
    this.storage.setItem(KEY, JSON.stringify([...ratings].slice(-MOST)));
  }

  /** @returns {Map<string, Rating>}  Read each time, because other tabs write it too. */
  #all() {
    try {
      return new Map(JSON.parse(this.storage.getItem(KEY) ?? '[]'));
    } catch {
      return new Map();
    }
  }
}
