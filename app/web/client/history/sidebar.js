/** The list of chats: open, start, rename, delete. */

import { addressOf } from '../address.js';
import { confirmDelete } from '../ui/dialogs.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { language, t } from '../words.js';
import { ChatSearch } from './chat-search.js';
import { byPeriod, ThreadList, timeOf } from './thread-list.js';

const PAGE_SIZE = 30;

/**
 * @typedef {import('./thread-list.js').ListedThread} ListedThread
 * @typedef {import('../thread/thread-state.js').ThreadInfo} ThreadInfo
 */

export class Sidebar {
  #list = new ThreadList();
  /** @type {string | null} */
  #currentId = null;
  /** @type {string | null} */
  #after = null;

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {(threadId: string | null, itemId?: string | null) => void} options.onOpen  `itemId`: a message to show.
   * @param {(threadId: string, title: string) => void} options.onRenamed
   * @param {(threadId: string) => void} options.onDeleted
   * @param {(error: unknown) => void} options.onError
   * @param {() => void} options.onSettings
   * @param {() => void} options.onShortcuts
   */
  constructor({ api, config, onOpen, onRenamed, onDeleted, onError, onSettings, onShortcuts }) {
    this.api = api;
    this.config = config;
    this.onOpen = onOpen;
    this.onRenamed = onRenamed;
    this.onDeleted = onDeleted;
    this.onError = onError;
    this.list = h('div', { class: 'thread-list' });
    this.more = h('button', {
      type: 'button', class: 'text-button', text: t('chats.more'), hidden: true,
      on: { click: () => this.load({ next: true }).catch(onError) },
    });
    this.scroll = h('div', { class: 'thread-list-scroll' }, this.list, this.more);
    this.search = new ChatSearch({
      api, onOpen, onError,
      onChange: (isSearching) => {
        this.search.results.hidden = !isSearching;
        this.scroll.hidden = isSearching;
      },
    });
    this.element = h('nav', { class: 'sidebar', 'aria-label': t('chats') },
      h('a', { class: 'new-chat', href: addressOf(null), on: {
        click: (/** @type {MouseEvent} */ event) => this.#follow(event, null),
      } }, icon('plus'), t('chat.new')),
      this.search.field, this.search.results, this.scroll,
      h('div', { class: 'sidebar-foot' },
        h('button', { type: 'button', class: 'sidebar-settings', on: { click: onSettings } }, icon('settings'), t('settings')),
        iconButton(icon('keyboard'), t('shortcuts'), onShortcuts, { class: 'shortcuts-button' })));
  }

  /** @param {{next?: boolean}} [options]  `next`: the page after what is listed. */
  async load({ next = false } = {}) {
    const page = await this.api.call('threads.list', {
      limit: PAGE_SIZE, order: 'desc', ...(next && this.#after ? { after: this.#after } : {}),
    });
    const listed = page.data.map((thread) => this.#listed(thread));
    if (next) this.#list.add(listed);
    else this.#list.refresh(listed, !page.has_more);
    if (next || this.#after === null) {
      this.#after = page.after ?? null;
      this.more.hidden = !page.has_more;
    }
    this.#draw();
  }

  /**
   * Lists a thread: a new one, one that goes on, or one that was opened by its address.
   * @param {ThreadInfo} thread
   * @param {{isActive?: boolean}} [options]  `isActive`: something has just been said in it.
   */
  put(thread, { isActive = false } = {}) {
    const listed = this.#list.find(thread.id) ?? this.#listed(thread);
    const activeAt = isActive ? Date.now() : listed.activeAt;
    this.#list.add([{ ...listed, title: thread.title ?? null, activeAt }]);
    this.#draw();
  }

  /** @param {string} threadId */
  remove(threadId) {
    this.#list.remove(threadId);
    this.#draw();
  }

  /** @param {string | null} threadId */
  select(threadId) {
    this.#currentId = threadId;
    this.#draw();
  }

  /**
   * @param {ThreadInfo & {active_at?: string}} thread  Only lists have `active_at`.
   * @returns {ListedThread}
   */
  #listed({ id, title, created_at: createdAt, active_at: activeAt = createdAt }) {
    return { id, title: title ?? null, activeAt: timeOf(activeAt, this.config.utcOffsetMinutes) };
  }

  #draw() {
    if (this.list.querySelector('.thread-rename')) return; // a title is being written
    const focused = this.list.querySelector(':focus-within[data-thread-id]')?.getAttribute('data-thread-id');
    const sections = byPeriod(this.#list.threads, new Date()).map(({ period, threads }) =>
      h('section', {}, h('h2', { class: 'thread-group', text: nameOf(period) }),
        h('ul', {}, ...threads.map((thread) => this.#row(thread)))));
    this.list.replaceChildren(
      ...(sections.length > 0 ? sections : [h('p', { class: 'sidebar-empty', text: t('chats.none') })]),
    );
    if (focused) this.#focus(focused);
  }

  /** @param {string} threadId */
  #focus(threadId) {
    const link = this.list.querySelector(`[data-thread-id="${CSS.escape(threadId)}"] a`);
    if (link instanceof HTMLElement) link.focus();
  }

  /** @param {ListedThread} thread */
  #row(thread) {
    const title = thread.title || t('chat.untitled');
    return h('li', { class: 'thread-row', dataset: { threadId: thread.id } },
      h('a', {
        class: 'thread-link', href: addressOf(thread.id), text: title, title, dir: 'auto',
        'aria-current': thread.id === this.#currentId ? 'page' : null,
        on: { click: (/** @type {MouseEvent} */ event) => this.#follow(event, thread.id) },
      }),
      h('span', { class: 'thread-tools' },
        iconButton(icon('pencil'), t('chat.rename', { title }), () => this.#editTitle(thread)),
        iconButton(icon('trash'), t('chat.delete', { title }), () => void this.#delete(thread, title))));
  }

  /**
   * A plain click opens the chat here; another tab or window is the browser's.
   * @param {MouseEvent} event
   * @param {string | null} threadId
   */
  #follow(event, threadId) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.onOpen(threadId);
  }

  /** @param {ListedThread} thread */
  #editTitle(thread) {
    const row = this.list.querySelector(`[data-thread-id="${CSS.escape(thread.id)}"]`);
    if (!row) return;
    const input = h('input', {
      class: 'text-input thread-rename', value: thread.title ?? '', maxlength: '200', dir: 'auto',
      'aria-label': t('chat.title'),
    });
    let isFinished = false; // by the key, and then the focus goes as well
    /** @param {string} title  Empty: as it was. */
    const finish = (title) => {
      if (isFinished) return;
      isFinished = true;
      const hadFocus = document.activeElement === input;
      input.remove();
      this.#draw();
      if (hadFocus) this.#focus(thread.id);
      if (title && title !== thread.title) void this.#rename(thread, title);
    };
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      // The focus moves on with this key: neither the link nor a dialog may take it as theirs.
      event.preventDefault();
      event.stopPropagation();
      finish(event.key === 'Enter' ? input.value.trim() : '');
    });
    input.addEventListener('blur', () => finish(input.value.trim()));
    row.replaceChildren(input);
    input.focus();
    input.select();
  }

  /**
   * @param {ListedThread} thread
   * @param {string} title
   */
  async #rename(thread, title) {
    this.#list.add([{ ...thread, title }]);
    this.#draw();
    try {
      await this.api.call('threads.update', { thread_id: thread.id, title });
      this.onRenamed(thread.id, title);
    } catch (error) {
      this.#list.add([thread]);
      this.#draw();
      this.onError(error);
    }
  }

  /**
   * @param {ListedThread} thread
   * @param {string} title
   */
  async #delete(thread, title) {
    if (!(await confirmDelete(t('chat.delete.confirm', { title }), t('chat.delete.consequence')))) return;
    try {
      await this.api.call('threads.delete', { thread_id: thread.id });
      this.remove(thread.id);
      this.onDeleted(thread.id);
    } catch (error) {
      this.onError(error);
    }
  }
}

/** @param {import('./thread-list.js').Period} period */
function nameOf(period) {
  if (period.kind !== 'month') return t(`day.${period.kind}`);
  return new Intl.DateTimeFormat(language(), { month: 'long', year: 'numeric' }).format(period.month);
}
