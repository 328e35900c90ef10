/** A chat that a search has found, with the words in their place. */

import { addressOf } from '../address.js';
import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { dayInWords } from './day.js';

/**
 * @typedef {import('../protocol/operations').FoundThread} FoundThread
 * @typedef {import('../protocol/operations').FoundPiece} FoundPiece
 */

/**
 * @param {FoundThread} thread
 * @param {(threadId: string, itemId: string | null) => void} onOpen  `itemId`: of the message with the words.
 */
export function foundRow({ id, title, active_at: activeAt, match }, onOpen) {
  const { item } = match;
  const isAnswer = item?.type === 'chatkit.assistant_message';
  /** @param {MouseEvent} event  Another tab or window is the browser's. */
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onOpen(id, item?.id ?? null);
  };
  return h('li', { class: 'found-row' },
    h('a', { class: 'found-link', href: addressOf(id), on: { click: open } },
      h('span', { class: 'found-head' },
        h('span', { class: 'found-title', dir: 'auto' },
          ...(match.title ? marked(match.title) : [title || t('chat.untitled')])),
        h('span', { class: 'found-day', text: dayInWords(activeAt * 1000, new Date()) })),
      item && h('span', { class: 'found-excerpt' },
        h('span', { class: 'found-by', text: `${t(isAnswer ? 'answer.by' : 'message.by')}: ` }),
        h('bdi', {}, ...marked(isAnswer ? withoutMarks(item.excerpt) : item.excerpt)))));
}

/**
 * An excerpt of an answer without the signs of Markdown.
 * @param {FoundPiece[]} pieces
 */
function withoutMarks(pieces) {
  return pieces.map((piece) => ({
    ...piece, text: piece.text.replace(/[*`#|]+|(?<=\s)-(?=\s)/g, '').replace(/\s+/g, ' '),
  }));
}

/** @param {FoundPiece[]} pieces */
function marked(pieces) {
  return pieces.map(({ text, is_match: isMatch }) => (isMatch ? h('mark', { text }) : text));
}
