/** The list that opens on "@": searched as one types, worked by keyboard, with a preview. */

import { ApiError } from '../protocol/api.js';
import { announce } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { lazyIcon } from '../widgets/lazy-icon.js';
import { entityCard, factsOf } from './entity-card.js';
import { kindOf } from './entity-kind.js';
import { openMention } from './mention-text.js';

const TYPING_PAUSE_MS = 120;
/** Long enough for the focus to come back from a button of the composer. */
const BLUR_PATIENCE_MS = 100;

/**
 * @typedef {import('@openai/chatkit').Entity} Entity
 * @typedef {{query: string, start: number}} Mention
 */

export class MentionMenu {
  /**
   * @param {HTMLTextAreaElement} input
   * @param {import('../protocol/api.js').Api} api
   * @param {object} options
   * @param {(entity: Entity, start: number, end: number) => void} options.choose
   * @param {() => string | null} options.currentThreadId  Not offered.
   */
  constructor(input, api, { choose, currentThreadId }) {
    this.input = input;
    this.api = api;
    this.choose = choose;
    this.currentThreadId = currentThreadId;
    /** @type {Entity[]} */
    this.entities = [];
    this.active = 0;
    this.timer = 0;
    this.isSearching = false;
    this.choosesOnArrival = false;
    /** @type {Mention | null} */
    this.mention = null;
    /** @type {AbortController | null} */
    this.search = null;
    this.list = h('ul', { class: 'mention-list', id: 'mention-list', role: 'listbox', 'aria-label': t('mention.list') });
    this.preview = h('div', { class: 'mention-preview', 'aria-hidden': 'true' });
    this.element = h('div', { class: 'mention-menu', hidden: true }, this.list, this.preview);
    input.setAttribute('aria-autocomplete', 'list');
    input.addEventListener('input', () => this.#lookAtCaret());
    input.addEventListener('click', () => this.#lookAtCaret());
    input.addEventListener('keydown', (event) => this.#onKey(event));
    input.addEventListener('blur', () => setTimeout(() => this.#closeUnlessInUse(), BLUR_PATIENCE_MS));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  close() {
    this.element.hidden = true;
    this.isSearching = false;
    this.choosesOnArrival = false;
    this.search?.abort();
    clearTimeout(this.timer);
    this.input.removeAttribute('aria-activedescendant');
    this.input.removeAttribute('aria-controls');
  }

  #closeUnlessInUse() {
    if (document.activeElement !== this.input && !this.element.matches(':hover')) this.close();
  }

  #lookAtCaret() {
    const { value, selectionStart, selectionEnd } = this.input;
    const mention = selectionStart === selectionEnd ? openMention(value, selectionStart) : null;
    this.mention = mention;
    clearTimeout(this.timer);
    if (!mention) return this.close();
    this.isSearching = true;
    this.timer = window.setTimeout(() => void this.#find(mention), this.isOpen || mention.query ? TYPING_PAUSE_MS : 0);
  }

  /** @param {Mention} mention */
  async #find(mention) {
    this.search?.abort();
    this.search = new AbortController();
    const { signal } = this.search;
    try {
      const found = await this.api.searchEntities(mention.query.trim(), signal);
      // Typing went on in the meantime: the next search is already due.
      if (signal.aborted || this.mention !== mention) return;
      this.isSearching = false;
      const current = this.currentThreadId();
      this.#show(plausible(found, mention.query).filter(({ id }) => id !== current), mention);
      if (this.choosesOnArrival && this.entities.length > 0) this.#choose(0);
      this.choosesOnArrival = false;
    } catch (error) {
      if (signal.aborted || this.mention !== mention || !(error instanceof ApiError)) return;
      this.isSearching = false;
      this.#showMessage(error.message);
    }
  }

  /**
   * @param {Entity[]} entities
   * @param {Mention} mention
   */
  #show(entities, mention) {
    this.entities = entities;
    this.active = 0;
    if (entities.length === 0) {
      // "@" may just be part of the sentence: get out of the way once a word has passed.
      if (/\s/.test(mention.query)) return this.close();
      return this.#showMessage(
        mention.query ? t('mention.unknown', { query: mention.query }) : t('mention.none'),
      );
    }
    let group = '';
    /** @type {HTMLElement[]} */
    const rows = [];
    entities.forEach((entity, index) => {
      if (entity.group && entity.group !== group) {
        group = entity.group;
        rows.push(h('li', { class: 'mention-group', role: 'presentation', text: nameOf(entity) }));
      }
      rows.push(this.#option(entity, index));
    });
    this.list.replaceChildren(...rows);
    this.#open();
    this.#activate(0);
    announce(t('mention.found', { count: entities.length }));
  }

  /**
   * @param {Entity} entity
   * @param {number} index
   */
  #option(entity, index) {
    return h('li', {
      class: 'mention-option', role: 'option', id: `mention-${index}`, 'aria-selected': 'false',
      on: {
        pointermove: () => this.active !== index && this.#activate(index),
        // Not "click": the input must keep the focus.
        pointerdown: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#choose(index);
        },
      },
    }, kindOf(entity) === 'own' && entity.icon ? lazyIcon(entity.icon) : icon(iconFor(entity)),
    h('span', { class: 'mention-name' },
      h('span', { class: 'mention-title', dir: 'auto', text: entity.title }),
      h('span', { class: 'mention-facts', text: factsOf(entity) })));
  }

  /** @param {string} text */
  #showMessage(text) {
    this.entities = [];
    this.list.replaceChildren(h('li', { class: 'mention-empty', role: 'presentation', text }));
    this.preview.replaceChildren();
    this.#open();
  }

  #open() {
    this.element.hidden = false;
    this.input.setAttribute('aria-controls', this.list.id);
  }

  /** @param {number} index */
  #activate(index) {
    this.active = index;
    const id = `mention-${index}`;
    for (const option of this.list.querySelectorAll('[role=option]')) {
      option.setAttribute('aria-selected', String(option.id === id));
    }
    this.list.querySelector(`#${id}`)?.scrollIntoView({ block: 'nearest' });
    this.input.setAttribute('aria-activedescendant', id);
    const entity = this.entities[index];
    this.preview.replaceChildren(entity ? entityCard(entity, this.api, this.search?.signal) : '');
  }

  /** @param {number} index */
  #choose(index) {
    const entity = this.entities[index];
    if (!entity || !this.mention) return;
    const { start } = this.mention;
    this.close();
    this.choose(entity, start, this.input.selectionStart);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.isOpen || event.isComposing) return;
    const count = this.entities.length;
    const isChoice = event.key === 'Enter' || event.key === 'Tab';
    if (event.key === 'Escape') this.close();
    // What is on the screen answers an older query: choose from what comes.
    else if (isChoice && this.isSearching) this.choosesOnArrival = true;
    else if (count === 0) return;
    else if (event.key === 'ArrowDown') this.#activate((this.active + 1) % count);
    else if (event.key === 'ArrowUp') this.#activate((this.active - 1 + count) % count);
    else if (isChoice) this.#choose(this.active);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

/**
 * The search forgives typos; but once spaces follow, the "@" may just be part of a sentence, and
 * only a title that has all those words is meant.
 * @param {Entity[]} entities
 * @param {string} query
 */
function plausible(entities, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!/\s/.test(query.trimStart())) return entities;
  return entities.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
}

/**
 * The heading over entities of this kind.
 * @param {Entity} entity
 */
function nameOf({ id, group = '' }) {
  const kind = kindOf({ id });
  if (kind === 'thread') return t('chats');
  return kind === 'attachment' ? t('mention.files') : group;
}

/**
 * Our own icon for ChatKit's icon names.
 * @param {Entity} entity
 * @returns {import('../ui/icons.js').IconName}
 */
export function iconFor(entity) {
  const name = entity.icon ?? '';
  if (name.includes('image')) return 'image';
  return /chat|message|write|notebook/.test(name) || /chat|thread/i.test(entity.group ?? '') ? 'chat' : 'file';
}
