/** One chat: its items, the answer being streamed, stop, retry, and older pages. */

import { ApiError } from '../protocol/api.js';
import { t } from '../words.js';
import { ThreadState } from './thread-state.js';

const PAGE_SIZE = 50;

/**
 * @typedef {import('../protocol/chatkit').ThreadItem} ThreadItem
 *
 * @typedef {object} Message
 * @property {import('../protocol/chatkit').UserMessageContent[]} content
 * @property {import('../protocol/chatkit').Attachment[]} attachments
 * @property {string} [quotedText]
 */

/**
 * Events: `change` (detail: the item's id, or null for any), `thread` (detail: what is new of the
 * thread; also when something was said in it), `answered`.
 */
export class Conversation extends EventTarget {
  state = new ThreadState();
  isAnswering = false;
  /** @type {string | null} */
  earlierCursor = null;
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {string | null} */
  #threadId;
  /** @type {Promise<void> | null} */
  #loading = null;

  /**
   * @param {import('../protocol/api.js').Api} api
   * @param {string | null} threadId  Null: a thread that its first message will create.
   */
  constructor(api, threadId) {
    super();
    this.api = api;
    this.#threadId = threadId;
  }

  get threadId() {
    return this.state.thread?.id ?? this.#threadId;
  }

  get isLoading() {
    return this.#threadId !== null && this.state.thread === null;
  }

  /** Loads the thread's newest items; once, however often it is asked for. */
  load() {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load() {
    if (!this.#threadId || this.state.thread) return;
    const { thread, items, after } = await this.#fetch(1);
    this.state = new ThreadState(thread, items);
    this.earlierCursor = after;
    this.#changed();
  }

  /** Takes over what was said elsewhere: in another tab, on another device. */
  async refresh() {
    if (!this.threadId || this.isLoading || this.isAnswering) return;
    const { thread, items, after } = await this.#fetch(this.state.items.length);
    if (this.isAnswering) return;
    const known = new Map(this.state.items.map((item) => [item.id, JSON.stringify(item)]));
    this.state.thread = thread;
    this.state.items = items;
    this.earlierCursor = after;
    for (const item of items) if (known.get(item.id) !== JSON.stringify(item)) this.#changed(item.id);
    this.#changed();
  }

  /** Asks for the items again: every load mints fresh preview links. */
  async reloadItems() {
    const { items } = await this.#fetch(this.state.items.length);
    this.state.refreshAttachments(items);
    return items;
  }

  /**
   * The thread with its newest items, at least so many where there are.
   * @param {number} atLeast
   * @returns {Promise<{thread: import('./thread-state.js').ThreadInfo, items: ThreadItem[], after: string | null}>}
   *   `after`: where earlier items begin; null: there are none.
   */
  async #fetch(atLeast) {
    const threadId = this.threadId ?? '';
    const [{ items: _, ...thread }, page] = await Promise.all([
      this.api.call('threads.get_by_id', { thread_id: threadId }), this.#page(threadId, null),
    ]);
    let { items, after } = page;
    while (after && items.length < atLeast) {
      const earlier = await this.#page(threadId, after);
      items = [...earlier.items, ...items];
      after = earlier.after;
    }
    return { thread, items, after };
  }

  /**
   * @param {string} threadId
   * @param {string | null} before  An item's id; null: the end of the thread.
   */
  async #page(threadId, before) {
    const page = await this.api.call('items.list', {
      thread_id: threadId, limit: PAGE_SIZE, order: 'desc', ...(before ? { after: before } : {}),
    });
    return { items: page.data.reverse(), after: (page.has_more && page.after) || null };
  }

  /** Says that the last answer was cut off before its end. */
  interrupt() {
    this.state.error = { message: t('answer.interrupted'), code: 'interrupted', param: null, canRetry: true };
    this.#changed();
  }

  /** @param {string} title */
  rename(title) {
    if (this.state.thread) this.state.thread = { ...this.state.thread, title };
    this.#changed();
  }

  async loadEarlier() {
    if (!this.threadId || !this.earlierCursor) return;
    const { items, after } = await this.#page(this.threadId, this.earlierCursor);
    this.earlierCursor = after;
    this.state.items = [...items, ...this.state.items];
    this.#changed();
  }

  /**
   * Sends a message and follows the answer to its end.
   * @param {Message} message
   * @returns {Promise<boolean>} false when the message was not taken: `state.error` says why.
   */
  async send({ content, attachments, quotedText }) {
    try {
      await this.load();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.state.error = this.#refusal(error);
      return false;
    }
    const quoted = quotedText ? { quoted_text: quotedText } : {};
    this.state.put({
      id: 'pending', thread_id: '', type: 'user_message', pending: true, content, attachments,
      created_at: new Date().toISOString(), inference_options: {}, ...quoted,
    });
    const input = { content, attachments: attachments.map(({ id }) => id), inference_options: {}, ...quoted };
    const { threadId } = this;
    if (threadId) await this.#follow({ type: 'threads.add_user_message', params: { thread_id: threadId, input } });
    else await this.#follow({ type: 'threads.create', params: { input } });
    if (this.state.find('pending') === undefined) return true;
    this.state.remove('pending');
    // The server keeps nothing of a thread whose first message it refused.
    if (!threadId) this.state.thread = null;
    this.#changed();
    return false;
  }

  /** Answers the last question again. The old answer stays until the server has taken the request. */
  async retry() {
    const question = this.state.lastQuestion;
    if (!question || !this.threadId || this.isAnswering) return;
    await this.#follow(
      { type: 'threads.retry_after_item', params: { thread_id: this.threadId, item_id: question.id } },
      () => this.state.removeAfter(question.id),
    );
  }

  stop() {
    this.#abort?.abort();
  }

  /**
   * @param {import('../protocol/operations').StreamRequest} request
   * @param {() => void} [onTaken]  Called when the server has begun what the request asks for.
   */
  async #follow(request, onTaken) {
    this.#abort = new AbortController();
    this.isAnswering = true;
    this.state.error = null;
    this.#changed();
    try {
      let isTaken = false;
      for await (const event of this.api.stream(request, this.#abort.signal)) {
        if (!isTaken && event.type !== 'error') onTaken?.();
        isTaken = true;
        this.state.apply(event);
        if ('thread' in event || isMessage(event)) this.#emit('thread', this.state.thread);
        this.#changed('item' in event ? event.item.id : 'item_id' in event ? event.item_id : null);
      }
      // Nothing failed, but what was begun has no end.
      if (this.state.open.size > 0) this.interrupt();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === 'AbortError') this.#keepPartialAnswer();
      else this.state.error = this.#refusal(error);
    } finally {
      this.isAnswering = false;
      this.state.progress = null;
      this.#closeOpenItems();
      this.#changed();
      this.#emit('answered');
    }
  }

  /**
   * @param {Error} error
   * @returns {import('./thread-state.js').ThreadError}
   */
  #refusal(error) {
    const { code, param } = error instanceof ApiError ? error : { code: 'unknown', param: null };
    return { message: error.message, code, param, canRetry: Boolean(this.threadId) };
  }

  /** Nothing more comes: what was being written is complete as it is. */
  #closeOpenItems() {
    const unfinished = [...this.state.open];
    this.state.open.clear();
    for (const id of unfinished) this.#changed(id);
  }

  #keepPartialAnswer() {
    if (this.state.find('pending')) {
      this.state.error = { message: t('answer.stopped'), code: 'stopped', param: null, canRetry: false };
    }
    // What was written so far stays; an answer that had not begun goes.
    const last = this.state.items.at(-1);
    if (last?.type === 'assistant_message' && !last.content.some((part) => part?.text)) {
      this.state.remove(last.id);
    }
  }

  /** @param {string | null} itemId */
  #changed(itemId = null) {
    this.#emit('change', itemId);
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #emit(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {import('../protocol/chatkit').ThreadStreamEvent} event */
function isMessage(event) {
  return event.type === 'thread.item.done' && event.item.type === 'user_message';
}
