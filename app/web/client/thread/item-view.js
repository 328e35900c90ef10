/** Shows thread items; each kind has a view of its own. */

import { MarkdownBody } from '../text/markdown-body.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { renderWidget } from '../widgets/widget-view.js';
import { t } from '../words.js';
import { assistantMessage } from './assistant-message.js';
import { messageRow } from './message-row.js';
import { userMessage } from './user-message.js';
import { workflowRow } from './workflow-row.js';

/**
 * @typedef {import('@openai/chatkit').Entity} Entity
 * @typedef {import('../protocol/chatkit').Attachment} Attachment
 * @typedef {import('./thread-state.js').Item} Item
 *
 * What a person can do with an item.
 * @typedef {object} ItemActions
 * @property {(attachment: Attachment) => void} openAttachment
 * @property {(entity: Entity) => void} openEntity
 * @property {(source: import('./sources.js').OpenedSource) => void} openSource
 * @property {(anchor: HTMLElement, entity: Entity) => void} previewOnHover
 * @property {() => void} previewExpired
 * @property {() => void} loadEarlier
 * @property {() => void} retry  Answers the last question again.
 * @property {(itemId: string) => 'positive' | 'negative' | undefined} feedbackOf
 * @property {(item: Item, kind: 'positive' | 'negative', button: HTMLElement) => void} giveFeedback
 * @property {(item: Item, button: HTMLElement) => void} copy
 *
 * `update` takes a later state of the same item; `isOpen`: it is still being written.
 * @typedef {{element: HTMLElement, update: (item: Item, isOpen: boolean) => void}} ItemView
 */

/**
 * @param {Item} item
 * @param {boolean} isOpen
 * @param {ItemActions} actions
 * @returns {ItemView | null}  Null for what has no face: markers and hidden context.
 */
export function createItemView(item, isOpen, actions) {
  switch (item.type) {
    case 'user_message':
      return userMessage(item, actions);
    case 'assistant_message':
      return assistantMessage(item, isOpen, actions);
    case 'workflow':
      return workflowRow(item);
    case 'widget':
    case 'generated_image':
    case 'task':
    case 'structured_input':
    case 'notice':
      return redrawn(item);
    default:
      return null;
  }
}

/**
 * A view that is drawn anew at each change.
 * @param {Item} first
 * @returns {ItemView}
 */
function redrawn(first) {
  const element = messageRow('assistant', first, t('answer.by'));
  const update = (/** @type {Item} */ item) => element.replaceChildren(...contentOf(item));
  update(first);
  return { element, update };
}

/**
 * @param {Item} item
 * @returns {Node[]}
 */
function contentOf(item) {
  switch (item.type) {
    case 'widget':
      return [h('div', { class: 'widget-frame' }, renderWidget(item.widget))];
    case 'generated_image':
      return [generatedImage(item)];
    case 'task':
      return [h('p', { class: 'aside', dir: 'auto', text: item.task.title ?? '' })];
    case 'structured_input':
      return item.inputs.map(({ question }) => h('p', { dir: 'auto', text: question }));
    case 'notice':
      return [notice(item)];
    default:
      return [];
  }
}

/** @param {import('../protocol/chatkit').GeneratedImageItem} item */
function generatedImage({ image }) {
  if (!image) return h('p', { class: 'aside', text: t('answer.image.drawing') });
  return h('img', { class: 'generated-image', src: image.url, alt: t('answer.image') });
}

/** @param {import('./thread-state.js').Notice} item */
function notice({ level, title, message }) {
  return h('div', { class: `notice notice-${level}` },
    icon(level === 'info' ? 'info' : 'alert'),
    h('div', {},
      title && h('strong', { dir: 'auto', text: title }),
      new MarkdownBody({ text: message }).element));
}
