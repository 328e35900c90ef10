/** Tells the person's other tabs what has changed, so that all of them show the same. */

/**
 * `changed`: something was said in it, or it has another title.
 * @typedef {{kind: 'changed' | 'deleted', threadId: string}} Change
 */

export class Tabs {
  #channel = new BroadcastChannel('chat');

  /** @param {(change: Change) => void} onChange  Called with what other tabs have told. */
  constructor(onChange) {
    this.#channel.addEventListener('message', (event) => onChange(event.data));
  }

  /**
   * @param {Change['kind']} kind
   * @param {string} threadId
   */
  tell(kind, threadId) {
    this.#channel.postMessage({ kind, threadId });
  }
}
