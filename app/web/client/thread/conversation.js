/** One chat: its items, the answer being streamed, stop, retry, and older pages. */

import { ThreadState } from './thread-state.js';

const PAGE_SIZE = 50;

export class Conversation extends EventTarget {
  isAnswering = false;
  earlierCursor = null;
  #abort = null;

  /** @param {import('../protocol/api.js').Api} api */
  constructor(api, state = new ThreadState()) {
    super();
    this.api = api;
    this.state = state;
  }

  /** @param {import('../protocol/api.js').Api} api @param {string} threadId */
  static async open(api, threadId) {
    const [thread, page] = await Promise.all([
      api.call('threads.get_by_id', { thread_id: threadId }),
      api.call('items.list', { thread_id: threadId, limit: PAGE_SIZE, order: 'desc' }),
    ]);
    const state = new ThreadState({ ...thread, items: { data: page.data.reverse() } });
    const conversation = new Conversation(api, state);
    conversation.earlierCursor = page.has_more ? page.after : null;
    return conversation;
  }

  get threadId() {
    return this.state.thread?.id ?? null;
  }

  async loadEarlier() {
    const page = await this.api.call('items.list', {
      thread_id: this.threadId, limit: PAGE_SIZE, order: 'desc', after: this.earlierCursor,
    });
    this.earlierCursor = page.has_more ? page.after : null;
    this.state.items = [...page.data.reverse(), ...this.state.items];
    this.#changed();
  }

  /** Asks for the thread again: every load mints fresh preview links. @returns {Promise<object[]>} */
  async reloadItems() {
    const items = [];
    let after = null;
    do {
      const page = await this.api.call('items.list', {
        thread_id: this.threadId, limit: PAGE_SIZE, order: 'desc', ...(after ? { after } : {}),
      });
      items.unshift(...page.data.reverse());
      after = page.has_more ? page.after : null;
    } while (after && items.length < this.state.items.length);
    this.state.refreshAttachments(items);
    return items;
  }

  /**
   * Sends a message and follows the answer to its end.
   * @returns {Promise<boolean>} false when the message was not taken: `state.error` says why.
   */
  async send({ content, attachments, quotedText }) {
    const pending = {
      id: 'pending', type: 'user_message', pending: true, content, attachments,
      created_at: new Date().toISOString(), quoted_text: quotedText,
    };
    this.state.put(pending);
    const input = {
      content,
      attachments: attachments.map(({ id }) => id),
      inference_options: {},
      ...(quotedText ? { quoted_text: quotedText } : {}),
    };
    const isNew = !this.threadId;
    if (isNew) await this.#follow('threads.create', { input });
    else await this.#follow('threads.add_user_message', { thread_id: this.threadId, input });
    if (this.state.find('pending') === undefined) return true;
    this.state.remove('pending');
    // The server keeps nothing of a thread whose first message it refused.
    if (isNew) this.state.thread = null;
    this.#changed();
    return false;
  }

  /** Answers the question again that `itemId` (default: the last item) belongs to. */
  async retry(itemId) {
    const question = this.state.questionOf(itemId);
    if (!question || this.isAnswering) return;
    this.state.removeAfter(question.id);
    await this.#follow('threads.retry_after_item', { thread_id: this.threadId, item_id: question.id });
  }

  stop() {
    this.#abort?.abort();
  }

  async #follow(type, params) {
    this.#abort = new AbortController();
    this.isAnswering = true;
    this.state.error = null;
    this.#changed();
    try {
      for await (const event of this.api.stream(type, params, this.#abort.signal)) {
        this.state.apply(event);
        if (event.type.startsWith('thread.') && event.thread) this.#emit('thread', event.thread);
        this.#changed(event.item?.id ?? event.item_id);
      }
    } catch (error) {
      if (error.name === 'AbortError') this.#keepPartialAnswer();
      else this.state.error = { message: error.message, canRetry: Boolean(this.threadId) };
    } finally {
      this.isAnswering = false;
      this.state.progress = null;
      this.#changed();
      this.#emit('answered');
    }
  }

  #keepPartialAnswer() {
    if (this.state.find('pending')) {
      this.state.error = { message: 'Stopped before the message was taken. Send it again.', canRetry: false };
    }
    // What was written so far stays; an answer that had not begun goes.
    const last = this.state.items.at(-1);
    if (last?.type === 'assistant_message' && !last.content.some((part) => part?.text)) {
      this.state.remove(last.id);
    }
  }

  #changed(itemId = null) {
    this.#emit('change', itemId);
  }

  #emit(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
