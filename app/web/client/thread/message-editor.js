/** Edits a message in its place: its text and mentions; its files stay. */

import { toContent } from '../composer/mention-text.js';
import { MessageField } from '../composer/message-field.js';
import { h } from '../ui/dom.js';
import { t } from '../words.js';

/**
 * @typedef {import('../protocol/chatkit').UserMessageItem} UserMessageItem
 * @typedef {import('../protocol/chatkit').UserMessageContent} UserMessageContent
 */

/**
 * Puts an editor in the place of a message's text.
 * @param {UserMessageItem} item
 * @param {HTMLElement} row  Of the message.
 * @param {object} options
 * @param {import('../protocol/api.js').Api} options.api
 * @param {() => string | null} options.currentThreadId
 * @param {(content: UserMessageContent[]) => Promise<void>} options.onSend  Rejects if the server does not take it.
 * @param {() => void} options.onSent
 */
export function editInPlace(item, row, { api, currentThreadId, onSend, onSent }) {
  const close = () => {
    editor.element.remove();
    row.classList.remove('is-editing');
  };
  const editor = new MessageEditor(item, {
    api, currentThreadId,
    onSend: async (content) => {
      await onSend(content);
      close();
      onSent();
    },
    onCancel: () => {
      close();
      /** @type {HTMLElement | null} */ (row.querySelector('.message-edit'))?.focus();
    },
  });
  row.classList.add('is-editing');
  row.append(editor.element);
  editor.focus();
}

class MessageEditor {
  /**
   * @param {UserMessageItem} item
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {() => string | null} options.currentThreadId
   * @param {(content: UserMessageContent[]) => Promise<void>} options.onSend  Rejects if the server does not take it.
   * @param {() => void} options.onCancel
   */
  constructor(item, { api, currentThreadId, onSend, onCancel }) {
    this.item = item;
    this.onSend = onSend;
    this.onCancel = onCancel;
    this.field = new MessageField({
      api, currentThreadId, id: 'message-editor-input', label: t('edit'), onChange: () => this.#refresh(),
    });
    this.problem = h('p', { class: 'editor-problem', role: 'alert', dir: 'auto' });
    this.send = h('button', { class: 'button button-primary', text: t('edit.send') });
    this.element = h('form', {
      class: 'message-editor', 'aria-label': t('edit'),
      on: {
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void this.#submit();
        },
        keydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
      },
    },
      this.field.menu.element,
      this.field.element,
      this.problem,
      h('div', { class: 'editor-foot' },
        h('p', { class: 'editor-note', text: t('edit.note') }),
        h('button', { type: 'button', class: 'button', text: t('dialog.cancel'), on: { click: onCancel } }),
        this.send));
    const { text, entities } = written(item.content);
    this.field.set(text, entities);
    this.#refresh();
  }

  focus() {
    this.field.focus();
    this.field.input.setSelectionRange(this.field.text.length, this.field.text.length);
  }

  #refresh() {
    const isEmpty = this.field.text.trim() === '' && this.item.attachments.length === 0;
    this.send.disabled = isEmpty || this.field.input.readOnly;
  }

  async #submit() {
    if (this.send.disabled) return;
    this.#setBusy(true);
    this.problem.textContent = '';
    try {
      await this.onSend(toContent(this.field.text, this.field.entities));
    } catch (error) {
      this.problem.textContent = error instanceof Error ? error.message : String(error);
      this.#setBusy(false);
      this.field.focus();
    }
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.field.input.readOnly = isBusy;
    this.#refresh();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const isEnter = event.key === 'Enter' && event.target === this.field.input && !event.shiftKey;
    if (event.key === 'Escape') this.onCancel();
    else if (isEnter && !event.repeat && !matchMedia('(pointer: coarse)').matches) void this.#submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * The content as it is typed: text, and what its mentions stand for.
 * @param {UserMessageContent[]} content
 */
function written(content) {
  const text = content.map((part) => (part.type === 'input_tag' ? `@${part.text}` : part.text)).join('');
  const entities = content.flatMap((part) => {
    if (part.type !== 'input_tag') return [];
    const { id, text: title, data, group, interactive } = part;
    return [{ id, title, data: /** @type {Record<string, string>} */ (data), interactive, ...(group ? { group } : {}) }];
  });
  return { text, entities };
}
