/** An answer in words: Markdown that grows, its sources, and what a person can do with it. */

import { MarkdownBody } from '../text/markdown-body.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { messageRow } from './message-row.js';

/**
 * @typedef {import('./item-view.js').ItemActions} ItemActions
 * @typedef {import('../protocol/chatkit').AssistantMessageItem} AssistantMessage
 */

/**
 * @param {AssistantMessage} first
 * @param {boolean} isOpen
 * @param {ItemActions} actions
 * @returns {import('./item-view.js').ItemView}
 */
export function assistantMessage(first, isOpen, actions) {
  const body = h('div', { class: 'message-body' });
  /** @type {Map<number, {markdown: MarkdownBody, sources: HTMLElement}>}  By place in the content. */
  const parts = new Map();

  /** @type {(item: import('./thread-state.js').Item, isOpen: boolean) => void} */
  const update = (item, isBeingWritten) => {
    if (item.type !== 'assistant_message') return;
    item.content.forEach((part, index) => {
      if (!part) return; // a later part was announced first
      const known = parts.get(index) ?? addPart(index);
      known.markdown.update({ text: part.text, isComplete: !isBeingWritten });
      showSources(known.sources, part.annotations.map(({ source }) => source));
    });
  };
  /** @param {number} index */
  const addPart = (index) => {
    const part = { markdown: new MarkdownBody({ text: '' }), sources: h('ul', { class: 'sources' }) };
    parts.set(index, part);
    body.append(part.markdown.element, part.sources);
    return part;
  };

  update(first, isOpen);
  return { element: messageRow('assistant', first, t('answer.by'), body, toolbar(first, actions)), update };
}

/**
 * @param {HTMLElement} list
 * @param {import('../protocol/chatkit').Source[]} sources
 */
function showSources(list, sources) {
  list.hidden = sources.length === 0;
  if (list.childElementCount === sources.length) return;
  list.replaceChildren(...sources.map((source) =>
    h('li', { dir: 'auto' }, source.type === 'url' && /^https?:/.test(source.url)
      ? h('a', { href: source.url, target: '_blank', rel: 'noopener noreferrer', text: source.title })
      : h('span', { text: source.title }))));
}

/**
 * @param {AssistantMessage} item
 * @param {ItemActions} actions
 */
function toolbar(item, actions) {
  const feedback = actions.feedbackOf(item.id);
  /** @param {'positive' | 'negative'} kind */
  const rate = (kind) => (/** @type {any} */ event) => actions.giveFeedback(item, kind, event.currentTarget);
  return h('div', { class: 'message-tools', role: 'group', 'aria-label': t('answer') },
    iconButton(icon('copy'), t('answer.copy'), (event) => actions.copy(item, event.currentTarget)),
    iconButton(icon('thumbUp'), t('answer.good'), rate('positive'), {
      'aria-pressed': String(feedback === 'positive'),
    }),
    iconButton(icon('thumbDown'), t('answer.bad'), rate('negative'), {
      'aria-pressed': String(feedback === 'negative'),
    }),
    iconButton(icon('retry'), t('answer.again'), () => actions.retry(), { class: 'message-retry' }));
}
