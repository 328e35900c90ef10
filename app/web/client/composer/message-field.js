/** The field a message is written in: text that grows, with mentions coloured and kept whole. */

import { announce } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { MentionMenu } from './mention-menu.js';
import { splitMentions } from './mention-text.js';

/** @typedef {import('@openai/chatkit').Entity} Entity */

export class MessageField {
  /** @type {Entity[]}  What the mentions in the text stand for. */
  entities = [];

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {() => string | null} options.currentThreadId  Not offered: a chat does not mention itself.
   * @param {() => void} options.onChange
   * @param {string} [options.id]
   * @param {string} [options.label]
   */
  constructor({ api, currentThreadId, onChange, id = 'composer-input', label = t('composer.field') }) {
    this.onChange = onChange;
    this.input = h('textarea', {
      id, rows: '1', placeholder: t('composer.placeholder'), 'aria-label': label,
      enterkeyhint: 'send', autocomplete: 'off', dir: 'auto',
    });
    this.mirror = h('div', { class: 'composer-mirror', dir: 'auto', 'aria-hidden': 'true' });
    this.menu = new MentionMenu(this.input, api, {
      choose: (entity, start, end) => this.#mention(entity, start, end), currentThreadId,
    });
    this.element = h('div', { class: 'composer-field' }, this.mirror, this.input);
    this.input.addEventListener('input', () => this.#changed());
    this.input.addEventListener('scroll', () => (this.mirror.scrollTop = this.input.scrollTop));
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Backspace' && this.#removeMentionBeforeCaret()) event.preventDefault();
    });
  }

  get text() {
    return this.input.value;
  }

  /**
   * @param {string} text
   * @param {Entity[]} entities
   */
  set(text, entities) {
    this.entities = entities;
    this.input.value = text;
    this.#draw();
  }

  focus() {
    this.input.focus();
  }

  /** Begins a mention at the caret. */
  startMention() {
    const { selectionStart: at, selectionEnd: end, value } = this.input;
    const space = at > 0 && !/\s/.test(value.charAt(at - 1)) ? ' ' : '';
    this.#replace(at, end, `${space}@`);
  }

  /**
   * @param {Entity} entity
   * @param {number} start
   * @param {number} end
   */
  #mention(entity, start, end) {
    this.entities = [...this.entities, entity];
    this.#replace(start, end, `@${entity.title} `);
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
      this.entities = this.entities.filter((other) => other !== entity);
      this.#replace(end - text.length, end, '');
      return true;
    }
    return false;
  }

  /**
   * Replaces a range as typing would: the browser can undo it.
   * @param {number} start
   * @param {number} end
   * @param {string} text
   */
  #replace(start, end, text) {
    this.focus();
    this.input.setSelectionRange(start, end);
    // Deprecated, but nothing else leaves the field's undo history as it is.
    const isDone = document.execCommand(text ? 'insertText' : 'delete', false, text);
    if (isDone) return; // which was an `input` event
    this.input.setRangeText(text, start, end, 'end');
    this.input.dispatchEvent(new Event('input'));
  }

  #changed() {
    this.#draw();
    this.onChange();
  }

  #draw() {
    const segments = splitMentions(this.text, this.entities);
    this.mirror.replaceChildren(
      ...segments.map(({ text, entity }) => (entity ? h('mark', { text }) : text)),
      '\u200b', // keeps an empty last line as high as the others
    );
  }
}
