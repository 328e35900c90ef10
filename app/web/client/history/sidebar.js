/** The list of chats: open, start, rename, delete. */

import { confirmDelete } from '../ui/dialogs.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { dayGroup } from './days.js';

const PAGE_SIZE = 30;

/** @typedef {import('../thread/thread-state.js').ThreadInfo} ThreadInfo */

export class Sidebar {
  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {(threadId: string | null) => void} options.onOpen
   * @param {(threadId: string) => void} options.onDeleted
   * @param {() => void} options.onSettings
   */
  constructor({ api, config, onOpen, onDeleted, onSettings }) {
    this.api = api;
    this.config = config;
    this.onOpen = onOpen;
    this.onDeleted = onDeleted;
    /** @type {ThreadInfo[]} */
    this.threads = [];
    /** @type {string | null} */
    this.currentId = null;
    /** @type {string | null} */
    this.after = null;
    this.list = h('div', { class: 'thread-list' });
    this.more = h('button', { type: 'button', class: 'text-button', text: t('chats.more'), hidden: true, on: { click: () => void this.load(true) } });
    this.element = h('nav', { class: 'sidebar', 'aria-label': t('chats') },
      h('button', { type: 'button', class: 'new-chat', on: { click: () => onOpen(null) } }, icon('plus'), t('chat.new')),
      h('div', { class: 'thread-list-scroll' }, this.list, this.more),
      h('button', { type: 'button', class: 'sidebar-foot', on: { click: onSettings } }, icon('settings'), t('settings')));
  }

  async load(next = false) {
    const page = await this.api.call('threads.list', {
      limit: PAGE_SIZE, order: 'desc', ...(next && this.after ? { after: this.after } : {}),
    });
    this.threads = next ? [...this.threads, ...page.data] : page.data;
    this.after = page.after ?? null;
    this.more.hidden = !page.has_more;
    this.#draw();
  }

  /**
   * Adds a new thread on top, or takes over a new title.
   * @param {ThreadInfo} thread
   */
  put(thread) {
    const index = this.threads.findIndex(({ id }) => id === thread.id);
    if (index < 0) this.threads.unshift(thread);
    else this.threads[index] = { ...this.threads[index], ...thread };
    this.#draw();
  }

  /** @param {string} threadId */
  remove(threadId) {
    this.threads = this.threads.filter(({ id }) => id !== threadId);
    this.#draw();
  }

  /** @param {string | null} threadId */
  select(threadId) {
    this.currentId = threadId;
    this.#draw();
  }

  #draw() {
    const focused = this.list.querySelector(':focus-within[data-thread-id]')?.getAttribute('data-thread-id');
    const groups = this.#groups();
    const sections = [...groups].map(([name, threads]) =>
      h('section', {}, h('h2', { class: 'thread-group', text: name }),
        h('ul', {}, ...threads.map((thread) => this.#row(thread)))));
    this.list.replaceChildren(
      ...(sections.length > 0 ? sections : [h('p', { class: 'sidebar-empty', text: t('chats.none') })]),
    );
    if (!focused) return;
    /** @type {HTMLElement | null} */
    const button = this.list.querySelector(`[data-thread-id="${CSS.escape(focused)}"] button`);
    button?.focus();
  }

  #groups() {
    /** @type {Map<string, ThreadInfo[]>} */
    const groups = new Map();
    for (const thread of this.threads) {
      const name = dayGroup(thread.created_at, this.config.utcOffsetMinutes);
      groups.set(name, [...(groups.get(name) ?? []), thread]);
    }
    return groups;
  }

  /** @param {ThreadInfo} thread */
  #row(thread) {
    const title = thread.title || t('chat.untitled');
    return h('li', { class: 'thread-row', dataset: { threadId: thread.id } },
      h('button', {
        type: 'button', class: 'thread-link', text: title, title,
        'aria-current': thread.id === this.currentId ? 'page' : null,
        on: { click: () => this.onOpen(thread.id) },
      }),
      h('span', { class: 'thread-tools' },
        iconButton(icon('pencil'), t('chat.rename', { title }), (event) => this.#rename(thread, event.currentTarget)),
        iconButton(icon('trash'), t('chat.delete', { title }), () => void this.#delete(thread, title))));
  }

  /**
   * @param {ThreadInfo} thread
   * @param {HTMLElement} button
   */
  #rename(thread, button) {
    const row = button.closest('.thread-row');
    if (!row) return;
    const input = h('input', { class: 'text-input thread-rename', value: thread.title ?? '', maxlength: '200', 'aria-label': t('chat.title') });
    let isDone = false;
    /** @param {boolean} save */
    const finish = async (save) => {
      if (isDone) return;
      isDone = true;
      const title = input.value.trim();
      if (save && title && title !== thread.title) {
        this.put({ ...thread, title });
        await this.api.call('threads.update', { thread_id: thread.id, title });
      } else this.#draw();
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') void finish(true);
      if (event.key === 'Escape') void finish(false);
    });
    input.addEventListener('blur', () => void finish(true));
    row.replaceChildren(input);
    input.select();
  }

  /**
   * @param {ThreadInfo} thread
   * @param {string} title
   */
  async #delete(thread, title) {
    if (!(await confirmDelete(t('chat.delete.confirm', { title }), t('chat.delete.consequence')))) return;
    this.remove(thread.id);
    await this.api.call('threads.delete', { thread_id: thread.id });
    this.onDeleted(thread.id);
  }
}
