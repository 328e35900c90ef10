/** Where a message is written: text with mentions, files, a snapshot, Send and Stop. */

import { announce } from '../ui/announce.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { pickerAccept } from '../uploads/limits.js';
import { UploadTray } from '../uploads/upload-tray.js';
import { t } from '../words.js';
import { MentionMenu } from './mention-menu.js';
import { splitMentions, toContent } from './mention-text.js';

/**
 * @typedef {import('@openai/chatkit').Entity} Entity
 * @typedef {import('../uploads/upload-queue.js').Upload} Upload
 * @typedef {{text: string, entities: Entity[], uploads: Upload[]}} Draft
 */

export class Composer {
  /**
   * @param {object} options
   * @param {import('../uploads/upload-queue.js').UploadQueue} options.queue
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {(message: import('../thread/conversation.js').Message, draft: Draft) => void} options.onSend
   *   `draft` goes to `restore` when the message is refused, else its uploads to `queue.release`.
   * @param {() => void} options.onStop
   * @param {() => void} options.onSnapshot
   */
  constructor({ queue, api, config, onSend, onStop, onSnapshot }) {
    this.queue = queue;
    this.config = config;
    this.onSend = onSend;
    /** @type {Entity[]} */
    this.entities = [];
    this.isAnswering = false;
    this.isWaiting = false;
    this.saysWhatFailed = false;

    this.input = h('textarea', {
      id: 'composer-input', rows: '1', placeholder: t('composer.placeholder'), 'aria-label': t('composer.field'),
      enterkeyhint: 'send', autocomplete: 'off',
    });
    this.mirror = h('div', { class: 'composer-mirror', 'aria-hidden': 'true' });
    this.mentions = new MentionMenu(this.input, api, (entity, start, end) => this.#mention(entity, start, end));
    this.tray = new UploadTray(queue);
    this.picker = h('input', {
      type: 'file', multiple: true, hidden: true, accept: pickerAccept(config.limits),
      on: { change: () => this.#pick() },
    });
    this.hint = h('p', { class: 'composer-hint', role: 'status' });
    this.send = h('button', { type: 'submit', class: 'send-button', 'aria-label': t('composer.send'), title: t('composer.send') }, icon('send'));
    this.stop = h('button', {
      type: 'button', class: 'send-button stop-button', 'aria-label': t('answer.stop'), title: t('answer.stop'),
      hidden: true, on: { click: onStop },
    }, icon('stop'));

    this.element = h('form', { class: 'composer', 'aria-label': t('composer'), on: { submit: (/** @type {Event} */ event) => void this.#submit(event) } },
      this.mentions.element,
      h('div', { class: 'composer-card', on: {
        click: (/** @type {Event} */ event) => event.target === event.currentTarget && this.input.focus(),
      } },
        this.tray.element,
        h('div', { class: 'composer-field' }, this.mirror, this.input),
        h('div', { class: 'composer-tools' },
          iconButton(icon('attach'), t('composer.attach'), () => this.picker.click()),
          iconButton(icon('snapshot'), t('composer.snapshot'), onSnapshot),
          iconButton(icon('at'), t('composer.mention'), () => this.#startMention()),
          this.hint, this.send, this.stop)),
      this.picker);

    this.input.addEventListener('input', () => this.#changed());
    this.input.addEventListener('scroll', () => (this.mirror.scrollTop = this.input.scrollTop));
    this.input.addEventListener('keydown', (event) => this.#onKey(event));
    this.input.addEventListener('paste', (event) => this.#onPaste(event));
    queue.addEventListener('change', () => this.#refresh());
    this.#refresh();
  }

  focus() {
    this.input.focus();
  }

  get text() {
    return this.input.value;
  }

  /** @param {{text?: string, entities?: Entity[]}} value */
  set({ text, entities }) {
    if (entities) this.entities = entities;
    if (text !== undefined) this.input.value = text;
    this.#changed();
  }

  /** @param {Iterable<File>} files */
  addFiles(files) {
    const leftOut = this.queue.add(files);
    const { maxCount } = this.config.limits;
    this.say(leftOut > 0 ? t('composer.too_many', { count: leftOut, most: maxCount }) : '');
    this.focus();
  }

  /** @param {boolean} isAnswering */
  setAnswering(isAnswering) {
    this.isAnswering = isAnswering;
    this.#refresh();
  }

  /** @param {string} text */
  say(text) {
    this.saysWhatFailed = false;
    this.hint.textContent = text;
    this.hint.title = text;
  }

  /**
   * Puts a message that was refused back, unless the next one is already being written.
   * @param {Draft} draft
   * @param {string} reason
   */
  restore({ text, entities, uploads }, reason) {
    if (this.text.trim() === '') this.set({ text, entities });
    this.queue.giveBack(uploads, reason);
  }

  #pick() {
    this.addFiles(this.picker.files ?? []);
    this.picker.value = '';
  }

  /** @param {ClipboardEvent} event */
  #onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.addFiles(files.map(nameOfPasted));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === 'Backspace' && this.#removeMentionBeforeCaret()) event.preventDefault();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    if (matchMedia('(pointer: coarse)').matches) return; // phones have no Shift+Enter
    event.preventDefault();
    this.element.requestSubmit();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.isWaiting) return this.#stopWaiting();
    if (this.isAnswering || !this.#hasSomething()) return;
    if (this.queue.isBusy) {
      this.isWaiting = true;
      announce(t('composer.wait.said'));
      this.#refresh();
      await this.queue.settled();
      if (!this.isWaiting) return;
      this.#stopWaiting();
    }
    const failed = this.queue.failed.length;
    if (failed > 0) {
      this.say(t('composer.not_uploaded', { count: failed }));
      this.saysWhatFailed = true;
      return;
    }
    const message = { content: toContent(this.text, this.entities), attachments: this.queue.attachments };
    const draft = { text: this.text, entities: this.entities, uploads: this.queue.take() };
    this.set({ text: '', entities: [] });
    this.say('');
    this.onSend(message, draft);
  }

  #stopWaiting() {
    this.isWaiting = false;
    this.#refresh();
  }

  #hasSomething() {
    return this.text.trim() !== '' || this.queue.uploads.length > 0;
  }

  #changed() {
    const segments = splitMentions(this.text, this.entities);
    this.entities = segments.flatMap(({ entity }) => entity ?? []);
    this.mirror.replaceChildren(
      ...segments.map(({ text, entity }) => (entity ? h('mark', { text }) : text)),
      '\u200b', // keeps an empty last line as high as the others
    );
    this.#refresh();
  }

  #refresh() {
    const { isAnswering, isWaiting } = this;
    this.send.disabled = !this.#hasSomething() && !isWaiting;
    this.send.hidden = isAnswering;
    this.stop.hidden = !isAnswering;
    this.input.readOnly = isWaiting;
    this.element.classList.toggle('is-waiting', isWaiting);
    this.send.title = t(isWaiting ? 'composer.wait.cancel' : 'composer.send');
    this.send.setAttribute('aria-label', this.send.title);
    if (isWaiting) this.say(t('composer.wait'));
    else if (this.hint.textContent === t('composer.wait')) this.say('');
    if (this.queue.failed.length === 0 && this.saysWhatFailed) this.say('');
  }

  #startMention() {
    const { selectionStart: at, value } = this.input;
    const space = at > 0 && !/\s/.test(value.charAt(at - 1)) ? ' ' : '';
    this.input.focus();
    this.input.setRangeText(`${space}@`, at, this.input.selectionEnd, 'end');
    this.input.dispatchEvent(new Event('input'));
  }

  /**
   * @param {Entity} entity
   * @param {number} start
   * @param {number} end
   */
  #mention(entity, start, end) {
    this.entities = [...this.entities, entity];
    this.input.setRangeText(`@${entity.title} `, start, end, 'end');
    this.#changed();
    this.focus();
    announce(t('mention.chosen', { title: entity.title }));
  }

  /** One Backspace takes a whole mention away. */
  #removeMentionBeforeCaret() {
    const { selectionStart, selectionEnd } = this.input;
    if (selectionStart !== selectionEnd) return false;
    let end = 0;
    for (const { text, entity } of splitMentions(this.text, this.entities)) {
      end += text.length;
      if (!entity || end !== selectionStart) continue;
      this.input.setRangeText('', end - text.length, end, 'end');
      this.entities = this.entities.filter((other) => other !== entity);
      this.#changed();
      return true;
    }
    return false;
  }
}

/**
 * Browsers call every pasted picture "image.png".
 * @param {File} file
 */
function nameOfPasted(file) {
  if (!/^image\.\w+$/.test(file.name)) return file;
  const time = new Date().toLocaleTimeString('en-GB').replaceAll(':', '-');
  return new File([file], `Pasted ${time}.${file.name.split('.').pop()}`, { type: file.type });
}
