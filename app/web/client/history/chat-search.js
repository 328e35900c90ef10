/** The search over the list of chats: a field, and what the server has found in titles and messages. */

import { ApiError } from '../protocol/api.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

/** A search begins when nothing has been typed for this time. */
const PAUSE_MS = 200;
/** The most characters that the server takes. */
const MAX_QUERY_CHARS = 200;

/** @typedef {import('../protocol/operations').FoundThread} FoundThread */

export class ChatSearch {
  #timer = 0;
  #request = new AbortController();
  /** @type {FoundThread[]} */
  #found = [];

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {(isSearching: boolean) => void} options.onChange  Whether the results take the place of the list.
   * @param {(threadId: string, itemId: string | null) => void} options.onOpen  `itemId`: of the message with the words.
   * @param {(error: unknown) => void} options.onError
   */
  constructor({ api, onChange, onOpen, onError }) {
    this.api = api;
    this.onChange = onChange;
    this.onOpen = onOpen;
    this.onError = onError;
    this.input = h('input', {
      type: 'search', class: 'search-input', placeholder: t('search'), 'aria-label': t('search'), dir: 'auto',
      autocomplete: 'off', enterkeyhint: 'search', maxlength: MAX_QUERY_CHARS,
      on: { input: () => this.#searchSoon(), keydown: (event) => this.#onKey(event) },
    });
    this.clear = iconButton(icon('close'), t('search.clear'), () => this.reset(), { class: 'search-clear', hidden: true });
    this.field = h('search', { class: 'search-field' }, icon('search'), this.input, this.clear);
    this.status = h('p', { class: 'search-status', role: 'status', dir: 'auto' });
    this.list = h('ul', { 'aria-label': t('search.results') });
    this.more = h('button', {
      type: 'button', class: 'text-button', text: t('chats.more'), hidden: true,
      on: { click: () => void this.#search(this.#found.at(-1)?.id ?? null) },
    });
    this.results = h('div', {
      class: 'thread-list-scroll search-results', hidden: true, on: { keydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event) },
    }, this.status, this.list, this.more);
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  /** Ends the search: the list of all chats is back. */
  reset() {
    this.input.value = '';
    this.#searchSoon();
    this.input.focus();
  }

  #searchSoon() {
    const isSearching = this.input.value.trim() !== '';
    clearTimeout(this.#timer);
    this.#request.abort();
    this.clear.hidden = !isSearching;
    this.onChange(isSearching);
    if (isSearching) this.#timer = window.setTimeout(() => void this.#search(null), PAUSE_MS);
    else this.#show([], [], false, '');
  }

  /** @param {string | null} after  The last chat of what is shown; null: a new search. */
  async #search(after) {
    const query = this.input.value.trim();
    this.#request.abort(); // a second click on "more" would add the same page again
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const [{ data, has_more: hasMore }, { foundRow }] = await Promise.all([
        this.api.searchThreads(query, after, signal), import('./found-row.js'),
      ]);
      if (signal.aborted) return;
      const found = after ? [...this.#found, ...data] : data;
      const rows = found.map((thread) => foundRow(thread, this.onOpen));
      this.#show(found, rows, hasMore, found.length === 0 ? t('search.none', { query }) : t('search.found', { count: found.length }));
    } catch (error) {
      if (signal.aborted) return;
      // Nothing but signs: no chat can have them.
      if (error instanceof ApiError && error.param === 'query') this.#show([], [], false, t('search.none', { query }));
      else this.onError(error);
    }
  }

  /**
   * @param {FoundThread[]} found
   * @param {HTMLElement[]} rows  Of each.
   * @param {boolean} hasMore
   * @param {string} status
   */
  #show(found, rows, hasMore, status) {
    const shown = this.#found.length;
    const isLonger = shown > 0 && found.length > shown && found[0] === this.#found[0];
    this.#found = found;
    this.status.textContent = status;
    this.list.replaceChildren(...rows);
    if (isLonger) rows[shown]?.querySelector('a')?.focus();
    this.more.hidden = !hasMore;
  }

  /** @param {KeyboardEvent} event  Up and down go through the results, Escape ends the search. */
  #onKey(event) {
    if (event.isComposing) return;
    const links = [...this.list.querySelectorAll('a')];
    const at = links.findIndex((link) => link === document.activeElement);
    if (event.key === 'Escape' && this.input.value) this.reset();
    else if (event.key === 'ArrowDown') links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === 'ArrowUp' && at >= 0) (links[at - 1] ?? this.input).focus();
    else if (event.key === 'Enter' && at < 0 && event.target === this.input) links[0]?.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
