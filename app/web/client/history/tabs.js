/** Reports changes to the person's other tabs, so that all of them show the same. */

/**
 * `changed`: something was said in it, or it has another title.
 * @typedef {{kind: 'changed' | 'deleted', threadId: string}} Change
 */

export class Tabs {
  #channel = new BroadcastChannel('chat');

  /** @param {(change: Change) => void} onChange  Called for each change that another tab reports. */
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
