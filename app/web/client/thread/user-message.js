/** What a person said: files, a quotation, text with mentions. */

import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
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
  let current = item;
  const text = h('div', { class: 'message-body', dir: 'auto' });
  const element = messageRow('user', item, t('message.by'),
    item.attachments.length > 0 && renderAttachments(item.attachments, actions),
    item.quoted_text && h('blockquote', { class: 'quoted', dir: 'auto', text: item.quoted_text }),
    text,
    h('div', { class: 'message-tools' },
      iconButton(icon('pencil'), t('edit'), () => actions.edit(current, element), { class: 'message-edit' })));
  element.classList.toggle('is-pending', Boolean(item.pending));
  const write = () => {
    text.replaceChildren(...current.content.map((part) => (part.type === 'input_tag' ? tag(part, actions) : part.text)));
    text.hidden = plainText(current).trim() === '';
  };
  write();
  /** @type {(item: import('./thread-state.js').Item) => void} */
  const update = (changed) => {
    if (changed.type !== 'user_message') return;
    current = changed;
    write();
  };
  return { element, update };
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
