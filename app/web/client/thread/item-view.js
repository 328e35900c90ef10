/** Shows thread items; each kind has a view of its own. */

import { MarkdownBody } from '../text/markdown-body.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { assistantMessage } from './assistant-message.js';
import { messageRow } from './message-row.js';
import { questions } from './questions.js';
import { taskContent } from './task-view.js';
import { userMessage } from './user-message.js';
import { widgetItem } from './widget-item.js';
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
 * @property {(item: import('../protocol/chatkit').UserMessageItem, row: HTMLElement) => void} edit  Edits the last message, in its row.
 * @property {(item: import('../protocol/chatkit').WidgetItem, action: {type: string, payload?: unknown},
 *   config: import('../protocol/chatkit').ActionConfig) => Promise<void>} act  Does what a widget asks for.
 * @property {(item: import('../protocol/chatkit').StructuredInputItem,
 *   submission: import('./submission.js').Submission) => Promise<void>} answerQuestions
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
      return workflowRow(item, actions);
    case 'widget':
      return widgetItem(item, actions);
    case 'structured_input':
      return questions(item, actions);
    case 'client_tool_call':
    case 'generated_image':
    case 'task':
    case 'notice':
      return redrawn(item, actions);
    default:
      return null;
  }
}

/**
 * A view that is drawn anew at each change.
 * @param {Item} first
 * @param {ItemActions} actions
 * @returns {ItemView}
 */
function redrawn(first, actions) {
  const element = messageRow('assistant', first, t('answer.by'));
  const update = (/** @type {Item} */ item) => element.replaceChildren(...contentOf(item, actions));
  update(first);
  return { element, update };
}

/**
 * @param {Item} item
 * @param {ItemActions} actions
 * @returns {Node[]}
 */
function contentOf(item, actions) {
  switch (item.type) {
    case 'generated_image':
      return [generatedImage(item)];
    case 'client_tool_call':
      return [h('p', { class: 'aside', text: t(item.status === 'pending' ? 'answer.tool' : 'answer.tool.done', { name: item.name }) })];
    case 'task':
      return [h('div', { class: 'aside' }, taskContent(item.task, actions))];
    case 'notice':
      return [notice(item)];
    default:
      return [];
  }
}

/** @param {import('../protocol/chatkit').GeneratedImageItem & {progress?: number}} item */
function generatedImage({ image, progress }) {
  const picture = image && h('img', { class: 'generated-image', src: image.url, alt: t('answer.image') });
  if (image && (progress === undefined || progress >= 1)) return picture ?? h('span');
  return h('div', {}, picture,
    h('p', { class: 'aside', text: t('answer.image.drawing') },
      progress !== undefined && h('progress', { value: progress, max: 1, 'aria-label': t('answer.image.drawing') })));
}

/** @param {import('./thread-state.js').Notice} item */
function notice({ level, title, message }) {
  return h('div', { class: `notice notice-${level}` },
    icon(level === 'info' ? 'info' : 'alert'),
    h('div', {},
      title && h('strong', { dir: 'auto', text: title }),
      new MarkdownBody({ text: message }).element));
}
