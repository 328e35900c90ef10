/** Where a message is written: text with mentions, files, Send and Stop. */

import { announce } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { UploadTray } from '../uploads/upload-tray.js';
import { t } from '../words.js';
import { toContent } from './mention-text.js';
import { MessageField } from './message-field.js';
import { ToolBar } from './tool-bar.js';

/**
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('../uploads/upload-queue.js').Upload} Upload
 *
 * A message on its way: what goes to `restore` when it is refused.
 * @typedef {Pick<Draft, 'text' | 'entities'> & {uploads: Upload[]}} Sent
 */

export class Composer {
  /** @type {WeakMap<Draft, UploadTray>} */
  #trays = new WeakMap();

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {import('./drafts.js').Drafts} options.drafts
   * @param {() => string | null} options.currentThreadId
   * @param {(message: import('../thread/conversation.js').Message, draft: Draft, sent: Sent) => void} options.onSend
   * @param {() => void} options.onStop
   * @param {() => void} options.onEditLast
   * @param {(error: unknown) => void} options.onError
   */
  constructor({ api, config, drafts, currentThreadId, onSend, onStop, onEditLast, onError }) {
    this.config = config;
    this.drafts = drafts;
    this.onSend = onSend;
    this.onEditLast = onEditLast;
    this.draft = drafts.of(null);
    this.isAnswering = false;
    this.canStop = true;
    this.isClosed = false;
    this.saysWhatFailed = false;

    this.field = new MessageField({ api, currentThreadId, onChange: () => this.#edited() });
    this.bar = new ToolBar({
      api, config, onError,
      onFiles: (files) => this.addFiles(files),
      onMention: () => this.field.startMention(),
      onSpoken: (text) => this.#addText(text),
      onPlaceholder: (placeholder) => (this.field.input.placeholder = placeholder),
      say: (text) => this.say(text),
    });
    this.hint = h('p', { class: 'composer-hint', role: 'status', dir: 'auto' });
    this.send = h('button', {
      type: 'submit', class: 'send-button', 'aria-label': t('composer.send'), title: t('composer.send'),
    }, icon('send'));
    this.hold = roundButton('close', t('composer.wait.cancel'), () => this.#stopWaiting(this.draft));
    this.stop = roundButton('stop', t('answer.stop'), onStop);
    this.tray = h('div');
    this.closed = h('p', { class: 'composer-closed', role: 'status', dir: 'auto', hidden: true });
    this.card = h('div', { class: 'composer-card', on: { click: (/** @type {Event} */ event) => this.#focusFrom(event) } },
      this.tray,
      this.field.element,
      h('div', { class: 'composer-tools' },
        ...this.bar.elements, this.hint, this.hold, this.send, this.stop));
    this.element = h('form', {
      class: 'composer', 'aria-label': t('composer'),
      on: { submit: (/** @type {Event} */ event) => this.#submit(event) },
    },
      this.field.menu.element,
      this.closed,
      this.card,
      config.disclaimer && h('p', { class: 'disclaimer', dir: 'auto', text: config.disclaimer }),
      this.bar.picker, this.bar.camera);
    this.field.input.addEventListener('keydown', (event) => this.#onKey(event));
    this.use(this.draft);
  }

  focus() {
    this.field.focus();
  }

  /**
   * Goes on with another chat's draft.
   * @param {Draft} draft
   */
  use(draft) {
    this.draft = draft;
    const tray = this.#trays.get(draft) ?? this.#newTray(draft);
    this.tray.replaceChildren(tray.element);
    this.field.set(draft.text, draft.entities);
    this.say('');
    this.#refresh();
  }

  /**
   * @param {string} text
   * @param {import('@openai/chatkit').Entity[]} entities
   */
  set(text, entities) {
    this.field.set(text, entities);
    this.#edited();
  }

  /** @param {Iterable<File>} files */
  addFiles(files) {
    const leftOut = this.draft.queue.add(files);
    const { maxCount } = this.config.limits;
    this.say(leftOut > 0 ? t('composer.too_many', { count: leftOut, most: maxCount }) : '');
    this.focus();
  }

  /**
   * @param {object} state
   * @param {boolean} state.isAnswering
   * @param {boolean} state.canStop  Whether the answer can be stopped.
   * @param {import('../thread/thread-state.js').Closed | null} state.closed  Why nothing can be said.
   */
  setState({ isAnswering, canStop, closed }) {
    this.isAnswering = isAnswering;
    this.canStop = canStop;
    this.isClosed = closed !== null;
    this.closed.hidden = !closed;
    this.card.hidden = this.isClosed;
    if (closed) this.closed.textContent = closed.reason ?? t(`chat.${closed.type}`);
    this.#refresh();
  }

  /** @param {string} text */
  say(text) {
    this.saysWhatFailed = false;
    this.hint.textContent = text;
    this.hint.title = text;
  }

  /**
   * Puts a message that was refused back, before what has been written since.
   * @param {Draft} draft
   * @param {Sent} sent
   * @param {import('../protocol/api.js').Refusal} refusal
   */
  restore(draft, { text, entities, uploads }, refusal) {
    draft.text = [text, draft.text].filter((part) => part.trim()).join('\n\n');
    draft.entities = [...entities, ...draft.entities];
    draft.queue.giveBack(uploads, refusal);
    this.drafts.save(draft);
    if (draft === this.draft) this.use(draft);
  }

  /** @param {Draft} draft */
  #newTray(draft) {
    const tray = new UploadTray(draft.queue, () => this.focus());
    this.#trays.set(draft, tray);
    draft.queue.addEventListener('change', () => draft === this.draft && this.#refresh());
    return tray;
  }

  /** @param {string} text  Goes to the end of what is written. */
  #addText(text) {
    const { text: written, entities } = this.field;
    this.set(written.trim() ? `${written.trimEnd()} ${text}` : text, entities);
    this.focus();
  }

  /** @param {Event} event  A click beside the text is meant for it. */
  #focusFrom(event) {
    if (event.target === event.currentTarget) this.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === 'ArrowUp' && !event.defaultPrevented && !this.#hasSomething()) this.onEditLast();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    if (matchMedia('(pointer: coarse)').matches) return; // phones have no Shift+Enter
    event.preventDefault();
    if (!event.repeat) this.element.requestSubmit();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const { draft } = this;
    if (this.isAnswering || this.isClosed || draft.isWaiting || !this.#hasSomething()) return;
    if (draft.queue.isBusy) void this.#sendWhenUploaded(draft);
    else this.#sendNow(draft);
  }

  /** @param {Draft} draft */
  async #sendWhenUploaded(draft) {
    draft.isWaiting = true;
    announce(t('composer.wait.said'));
    this.#refresh();
    await draft.queue.settled();
    if (!draft.isWaiting) return;
    this.#stopWaiting(draft);
    this.#sendNow(draft);
  }

  /** @param {Draft} draft */
  #stopWaiting(draft) {
    draft.isWaiting = false;
    if (draft === this.draft) this.#refresh();
  }

  /** @param {Draft} draft */
  #sendNow(draft) {
    const { text, entities, queue } = draft;
    const failed = queue.failed.length;
    if (failed > 0) {
      this.say(t('composer.not_uploaded', { count: failed }));
      this.saysWhatFailed = true;
      return;
    }
    const { inferenceOptions } = this.bar.choices;
    const message = { content: toContent(text, entities), attachments: queue.attachments, inferenceOptions };
    const sent = { text, entities, uploads: queue.take() };
    draft.text = '';
    draft.entities = [];
    this.drafts.save(draft);
    if (draft === this.draft) this.use(draft);
    this.bar.choices.sent();
    this.onSend(message, draft, sent);
  }

  #hasSomething() {
    return this.field.text.trim() !== '' || this.draft.queue.uploads.length > 0;
  }

  #edited() {
    this.draft.text = this.field.text;
    this.draft.entities = this.field.entities;
    this.drafts.save(this.draft);
    this.#refresh();
  }

  #refresh() {
    const { isAnswering, draft } = this;
    const { isWaiting } = draft;
    this.send.disabled = isAnswering || !this.#hasSomething();
    this.send.hidden = (isAnswering && this.canStop) || isWaiting;
    this.hold.hidden = !isWaiting;
    this.stop.hidden = !isAnswering || !this.canStop || isWaiting;
    this.field.input.readOnly = isWaiting;
    this.element.classList.toggle('is-waiting', isWaiting);
    if (isWaiting) this.say(t('composer.wait'));
    else if (this.hint.textContent === t('composer.wait')) this.say('');
    if (draft.queue.failed.length === 0 && this.saysWhatFailed) this.say('');
  }
}

/**
 * @param {import('../ui/icons.js').IconName} name
 * @param {string} label
 * @param {() => void} onClick
 */
function roundButton(name, label, onClick) {
  return h('button', {
    type: 'button', class: 'send-button stop-button', 'aria-label': label, title: label, hidden: true,
    on: { click: onClick },
  }, icon(name));
}
