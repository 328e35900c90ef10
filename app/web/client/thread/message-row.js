/** One row of the thread, and who speaks in it. */

import { h } from '../ui/dom.js';

/**
 * @param {'user' | 'assistant'} role
 * @param {import('./thread-state.js').Item} item
 * @param {string} author  For those who can't see on which side it stands.
 * @param {...import('../ui/dom.js').Child} children
 */
export function messageRow(role, item, author, ...children) {
  return h('li', { class: `message message-${role}`, dataset: { itemId: item.id, type: item.type } },
    h('span', { class: 'visually-hidden', text: `${author}:` }),
    ...children);
}
