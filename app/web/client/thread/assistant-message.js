/** An answer in words: Markdown that grows, its sources, and what a person can do with it. */

import { withMarks } from '../text/citations.js';
import { MarkdownBody } from '../text/markdown-body.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { messageRow } from './message-row.js';
import { citation, sourceList } from './sources.js';

/**
 * @typedef {import('./item-view.js').ItemActions} ItemActions
 * @typedef {import('../protocol/chatkit').AssistantMessageItem} AssistantMessage
 * @typedef {import('../protocol/chatkit').AssistantMessageContent} Content
 */

/**
 * @param {AssistantMessage} first
 * @param {boolean} isOpen
 * @param {ItemActions} actions
 * @returns {import('./item-view.js').ItemView}
 */
export function assistantMessage(first, isOpen, actions) {
  const body = h('div', { class: 'message-body' });
  /** @type {Map<number, Part>}  By place in the content. */
  const parts = new Map();

  /** @type {(item: import('./thread-state.js').Item, isOpen: boolean) => void} */
  const update = (item, isBeingWritten) => {
    if (item.type !== 'assistant_message') return;
    item.content.forEach((part, index) => {
      if (!part) return; // a later part was announced first
      const known = parts.get(index) ?? addPart(index);
      known.update(part, !isBeingWritten);
    });
  };
  /** @param {number} index */
  const addPart = (index) => {
    const part = new Part(actions);
    parts.set(index, part);
    body.append(part.markdown.element, part.list);
    return part;
  };

  update(first, isOpen);
  return { element: messageRow('assistant', first, t('answer.by'), body, toolbar(first, actions)), update };
}

/** One text of an answer, with its sources. */
class Part {
  list = h('div', { class: 'sources-frame', hidden: true });
  /** @type {import('../protocol/chatkit').Source[]} */
  #sources = [];

  /** @param {ItemActions} actions */
  constructor(actions) {
    this.actions = actions;
    this.markdown = new MarkdownBody({ text: '' }, (number) => citation(number, this.#sources[number - 1], actions));
  }

  /**
   * @param {Content} content
   * @param {boolean} isComplete
   */
  update(content, isComplete) {
    const { text, sources } = withMarks(content.text, content.annotations);
    const isChanged = JSON.stringify(sources) !== JSON.stringify(this.#sources);
    this.#sources = sources;
    this.markdown.update({ text, isComplete });
    if (!isChanged) return;
    this.list.hidden = sources.length === 0;
    this.list.replaceChildren(sourceList(sources, this.actions));
  }
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
