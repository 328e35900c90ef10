/** The list of chats: open, start, rename, delete. */

import { confirmDelete } from '../ui/dialogs.js';
import { h, iconButton } from '../ui/dom.js';
import { dayGroup } from '../text/format.js';
import { icon } from '../ui/icons.js';

const PAGE_SIZE = 30;

export class Sidebar {
  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {object} options.config
   * @param {(threadId: string | null) => void} options.onOpen
   * @param {(threadId: string) => void} options.onDeleted
   * @param {() => void} options.onSettings
   */
  constructor({ api, config, onOpen, onDeleted, onSettings }) {
    Object.assign(this, { api, config, onOpen, onDeleted });
    this.threads = [];
    this.currentId = null;
    this.after = null;
    this.list = h('div', { class: 'thread-list' });
    this.more = h('button', { type: 'button', class: 'text-button', text: 'Show more', hidden: true, on: { click: () => this.load(true) } });
    this.element = h('nav', { class: 'sidebar', 'aria-label': 'Chats' },
      h('button', { type: 'button', class: 'new-chat', on: { click: () => onOpen(null) } }, icon('plus'), 'New chat'),
      h('div', { class: 'thread-list-scroll' }, this.list, this.more),
      h('button', { type: 'button', class: 'sidebar-foot', on: { click: onSettings } }, icon('settings'), 'Settings'));
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

  /** Adds a new thread on top, or takes over a new title. */
  put(thread) {
    const index = this.threads.findIndex(({ id }) => id === thread.id);
    if (index < 0) this.threads.unshift(thread);
    else this.threads[index] = { ...this.threads[index], ...thread };
    this.#draw();
  }

  remove(threadId) {
    this.threads = this.threads.filter(({ id }) => id !== threadId);
    this.#draw();
  }

  select(threadId) {
    this.currentId = threadId;
    this.#draw();
  }

  #draw() {
    const focused = this.element.contains(document.activeElement)
      ? document.activeElement.closest('[data-thread-id]')?.dataset.threadId
      : null;
    const groups = Map.groupBy
      ? Map.groupBy(this.threads, (thread) => this.#groupOf(thread))
      : new Map([['Chats', this.threads]]);
    const sections = [...groups].map(([name, threads]) =>
      h('section', {}, h('h2', { class: 'thread-group', text: name }),
        h('ul', {}, ...threads.map((thread) => this.#row(thread)))));
    this.list.replaceChildren(
      ...(sections.length > 0 ? sections : [h('p', { class: 'sidebar-empty', text: 'Your chats will be listed here.' })]),
    );
    if (focused) this.list.querySelector(`[data-thread-id="${CSS.escape(focused)}"] button`)?.focus();
  }

  #groupOf(thread) {
    return dayGroup(thread.created_at, this.config.utcOffsetMinutes);
  }

  #row(thread) {
    const title = thread.title || 'Untitled chat';
    return h('li', { class: 'thread-row', dataset: { threadId: thread.id } },
      h('button', {
        type: 'button', class: 'thread-link', text: title, title,
        'aria-current': thread.id === this.currentId ? 'page' : null,
        on: { click: () => this.onOpen(thread.id) },
      }),
      h('span', { class: 'thread-tools' },
        iconButton(icon('pencil'), `Rename ${title}`, (event) => this.#rename(thread, event.currentTarget)),
        iconButton(icon('trash'), `Delete ${title}`, () => this.#delete(thread, title))));
  }

  #rename(thread, button) {
    const row = button.closest('.thread-row');
    const input = h('input', { class: 'text-input thread-rename', value: thread.title ?? '', maxlength: '200', 'aria-label': 'Title of the chat' });
    let isDone = false;
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
      if (event.key === 'Enter') finish(true);
      if (event.key === 'Escape') finish(false);
    });
    input.addEventListener('blur', () => finish(true));
    row.replaceChildren(input);
    input.select();
  }

  async #delete(thread, title) {
    if (!(await confirmDelete(`Delete “${title}”?`, 'The chat and the files in it are deleted for good.'))) return;
    this.remove(thread.id);
    await this.api.call('threads.delete', { thread_id: thread.id });
    this.onDeleted(thread.id);
  }
}
