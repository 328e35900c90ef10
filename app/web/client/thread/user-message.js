/** What a person said: files, a quotation, text with mentions. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { renderAttachments } from './attachment-view.js';
import { messageRow } from './message-row.js';
import { plainText } from './thread-state.js';

/**
 * @typedef {import('./item-view.js').ItemActions} ItemActions
 * @typedef {import('../protocol/chatkit').UserMessageItem & {pending?: boolean}} UserMessage
 */

/**
 * @param {UserMessage} item
 * @param {ItemActions} actions
 * @returns {import('./item-view.js').ItemView}
 */
export function userMessage(item, actions) {
  const text = h('div', { class: 'message-body', dir: 'auto' },
    ...item.content.map((part) => (part.type === 'input_tag' ? tag(part, actions) : part.text)));
  const element = messageRow('user', item, t('message.by'),
    item.attachments.length > 0 && renderAttachments(item.attachments, actions),
    item.quoted_text && h('blockquote', { class: 'quoted', dir: 'auto', text: item.quoted_text }),
    plainText(item).trim() !== '' && text);
  element.classList.toggle('is-pending', Boolean(item.pending));
  return { element, update: () => undefined }; // it is said once
}

/**
 * @param {import('../protocol/chatkit').UserMessageTagContent} part
 * @param {ItemActions} actions
 */
function tag({ id, text, data, interactive }, actions) {
  const entity = { id, title: text, interactive, data: /** @type {Record<string, string>} */ (data) };
  const chip = h('button', {
    type: 'button', class: 'mention', on: { click: () => actions.openEntity(entity) },
  }, '@', h('bdi', { text }));
  actions.previewOnHover(chip, entity);
  return chip;
}
