/** What a mention stands for: a file, a chat, or something of the assistant's own. */

/**
 * @param {{id: string}} entity
 * @returns {'attachment' | 'thread' | 'own'}
 */
export function kindOf({ id }) {
  if (id.startsWith('thr_')) return 'thread';
  return id.startsWith('atc_') ? 'attachment' : 'own';
}

/**
 * @param {Record<string, unknown>} data
 * @returns {Record<string, string>}
 */
export function asStrings(data) {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)]));
}
