/** Remembers which answers are under way, so that a reload shows which one it has cut off. */

const PREFIX = 'chat.unfinished.';

/**
 * The mark of an answer under way outlives the page; the lock beside it does not. So an answer with a
 * mark and without a lock was cut off, and one with both is written in another tab.
 */
export class UnfinishedAnswers {
  /** @type {Map<string, () => void>}  How each of this page's locks is given back. */
  #held = new Map();

  /**
   * @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} storage
   * @param {Pick<LockManager, 'request' | 'query'> | undefined} locks  Browsers have none without https.
   */
  constructor(storage, locks) {
    this.storage = storage;
    this.locks = locks;
  }

  /** @param {string} threadId */
  begin(threadId) {
    if (this.#held.has(threadId)) return;
    this.storage.setItem(PREFIX + threadId, 'answering');
    const isOver = new Promise((resolve) => this.#held.set(threadId, () => resolve(undefined)));
    void this.locks?.request(PREFIX + threadId, () => isOver);
  }

  /**
   * @param {string} threadId
   * @param {{isCutOff: boolean}} how  Lost on the way, as a reload of the page also looks from here.
   */
  end(threadId, { isCutOff }) {
    if (!isCutOff) this.storage.removeItem(PREFIX + threadId);
    this.#held.get(threadId)?.();
    this.#held.delete(threadId);
  }

  /**
   * Whether the thread's last answer was cut off, by a reload or because the page was closed.
   * @param {string} threadId
   */
  async isCutOff(threadId) {
    if (!this.storage.getItem(PREFIX + threadId) || this.#held.has(threadId)) return false;
    const { held = [] } = (await this.locks?.query()) ?? {};
    return !held.some(({ name }) => name === PREFIX + threadId);
  }
}
