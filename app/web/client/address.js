/** Which chat an address names: `#/chat/{id}`, or none for a new one. */

/** @param {string | null} threadId */
export function addressOf(threadId) {
  return threadId ? `#/chat/${threadId}` : '#/';
}

/** @param {string} hash  As `location.hash`. */
export function threadIdIn(hash) {
  return /^#\/chat\/(.+)$/.exec(hash)?.[1] ?? null;
}
