/** What a mention stands for: a file, a chat, or something of the assistant's own. */

/**
 * @param {{id: string}} entity
 * @returns {'attachment' | 'thread' | 'own'}
 */
export function kindOf({ id }) {
  if (id.startsWith('thr_')) return 'thread';
  return id.startsWith('atc_') ? 'attachment' : 'own';
}
