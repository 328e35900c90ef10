/** One chat: its items, the answer being streamed, stop, retry, and older pages. */

import { ApiError } from '../protocol/api.js';
import { t } from '../words.js';
import { repeated } from './repeated.js';
import { fetchItems, fetchThread } from './thread-pages.js';
import { ThreadState } from './thread-state.js';

/**
 * @typedef {import('../protocol/chatkit').ThreadItem} ThreadItem
 *
 * @typedef {object} Message
 * @property {import('../protocol/chatkit').UserMessageContent[]} content
 * @property {import('../protocol/chatkit').Attachment[]} attachments
 * @property {string} [quotedText]
 * @property {import('../protocol/chatkit').InferenceOptions} [inferenceOptions]
 *
 * Runs a tool in the page, and returns what the model is to get of it (JSON).
 * @typedef {(call: {name: string, params: Record<string, unknown>}) => Promise<unknown>} RunTool
 *
 * @typedef {import('../protocol/operations').StreamRequest} StreamRequest
 */

/**
 * Events: `change` (detail: the item's id, or null for any), `thread` (detail: what is new of the
 * thread; also when something was said in it), `effect` (detail: the event), `answered`.
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
  /** @type {Promise<void>} */
  #following = Promise.resolve();
  /** @type {StreamRequest | null}  What "Try again" repeats; null: it answers the last question again. */
  #again = null;

  /**
   * @param {import('../protocol/api.js').Api} api
   * @param {string | null} threadId  Null: a thread that its first message will create.
   * @param {RunTool} runTool
   */
  constructor(api, threadId, runTool) {
    super();
    this.api = api;
    this.runTool = runTool;
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
    const { thread, items, after } = await fetchThread(this.api, this.#threadId, 1);
    this.state = new ThreadState(thread, items);
    this.earlierCursor = after;
    this.#changed();
  }

  /** Takes over what was said elsewhere: in another tab, on another device. */
  async refresh() {
    if (!this.threadId || this.isLoading || this.isAnswering) return;
    const { thread, items, after } = await fetchThread(this.api, this.threadId ?? '', this.state.items.length);
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
    const { items } = await fetchThread(this.api, this.threadId ?? '', this.state.items.length);
    this.state.refreshAttachments(items);
    return items;
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
    const { items, after } = await fetchItems(this.api, this.threadId, this.earlierCursor);
    this.earlierCursor = after;
    this.state.items = [...items, ...this.state.items];
    this.#changed();
  }

  /**
   * Loads earlier items until one is among them, or there are no more.
   * @param {string} itemId
   */
  async loadBackTo(itemId) {
    while (this.earlierCursor && !this.state.find(itemId)) await this.loadEarlier();
  }

  /**
   * Replaces the text of the person's last message. The answer to it stays until `retry`.
   * @param {string} itemId
   * @param {Message['content']} content
   * @throws {ApiError} when the server does not take it; nothing has changed then
   */
  async edit(itemId, content) {
    const { threadId } = this;
    if (!threadId) return;
    await this.api.editMessage(threadId, itemId, content);
    this.#again = null;
    const item = this.state.find(itemId);
    if (item?.type === 'user_message') this.state.put({ ...item, content });
    this.#changed(itemId);
  }

  /**
   * Sends a message and follows the answer to its end.
   * @param {Message} message
   * @returns {Promise<boolean>} false when the message was not taken: `state.error` says why.
   */
  async send({ content, attachments, quotedText, inferenceOptions = {} }) {
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
      created_at: new Date().toISOString(), inference_options: inferenceOptions, ...quoted,
    });
    const input = { content, attachments: attachments.map(({ id }) => id), inference_options: inferenceOptions, ...quoted };
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

  /**
   * Repeats the action that has failed, else answers the last question again. The old answer stays
   * until the server has taken the request.
   */
  async retry() {
    if (this.#again) return this.#follow(this.#again);
    const question = this.state.lastQuestion;
    if (!question || !this.threadId || this.isAnswering) return;
    await this.#follow(
      { type: 'threads.retry_after_item', params: { thread_id: this.threadId, item_id: question.id } },
      () => this.state.removeAfter(question.id),
    );
  }

  /**
   * Sends a person's action in a widget, or one of the page around.
   * @param {{type: string, payload?: unknown}} action
   * @param {object} [options]
   * @param {string} [options.itemId]  Of the widget.
   * @param {boolean} [options.isStreamed]  No: the answer is one changed item at most.
   */
  async act(action, { itemId, isStreamed = true } = {}) {
    const { threadId } = this;
    if (!threadId) return;
    const params = { thread_id: threadId, action, ...(itemId ? { item_id: itemId } : {}) };
    if (isStreamed) return this.#follow({ type: 'threads.custom_action', params });
    const { updated_item: item } = await this.api.call('threads.sync_custom_action', params);
    if (item) this.state.put(item);
    this.#changed(item?.id);
  }

  /**
   * Answers the questions of an item.
   * @param {string} itemId
   * @param {import('../protocol/chatkit').StructuredInputSubmission} input
   */
  async answerQuestions(itemId, input) {
    const { threadId } = this;
    if (threadId) await this.#follow({ type: 'threads.add_structured_input', params: { thread_id: threadId, item_id: itemId, input } });
  }

  /** Resolves when no answer is under way. */
  async idle() {
    while (this.isAnswering) await this.#following;
  }

  stop() {
    if (this.state.canCancel) this.#abort?.abort();
  }

  /**
   * @param {StreamRequest} request
   * @param {() => void} [onTaken]  Called when the server has begun what the request asks for.
   */
  #follow(request, onTaken) {
    this.#following = this.#followToEnd(request, onTaken);
    return this.#following;
  }

  /**
   * @param {StreamRequest} first
   * @param {() => void} [onTaken]
   */
  async #followToEnd(first, onTaken) {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.isAnswering = true;
    this.state.error = null;
    this.state.canCancel = true;
    this.#changed();
    try {
      for (let next = /** @type {StreamRequest | null} */ (first); next; next = await this.#afterTool(signal)) {
        await this.#read(next, signal, onTaken);
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
   * Applies the events that a request is answered with.
   * @param {StreamRequest} request
   * @param {AbortSignal} signal
   * @param {() => void} [onTaken]
   */
  async #read(request, signal, onTaken) {
    this.#again = repeated(request, false);
    let isTaken = false;
    for await (const event of this.api.stream(request, signal)) {
      if (!isTaken && event.type !== 'error') {
        isTaken = true;
        this.#again = repeated(request, true);
        onTaken?.();
      }
      this.state.apply(event);
      if ('thread' in event || isMessage(event)) this.#emit('thread', this.state.thread);
      if (event.type === 'client_effect') this.#emit('effect', event);
      this.#changed('item' in event ? event.item.id : 'item_id' in event ? event.item_id : null);
    }
  }

  /**
   * Runs the tool that the answer waits for, and returns the request that brings its output.
   * @param {AbortSignal} signal
   * @returns {Promise<StreamRequest | null>}  Null: no tool was called.
   */
  async #afterTool(signal) {
    const call = this.state.pendingToolCall;
    if (!call || !this.threadId || this.state.error) return null;
    const isStopped = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const result = await Promise.race([this.runTool({ name: call.name, params: call.arguments }), isStopped]);
    this.state.put({ ...call, status: 'completed', output: result });
    this.#changed(call.id);
    return { type: 'threads.add_client_tool_output', params: { thread_id: this.threadId, result } };
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
    this.state.dropEmptyAnswer();
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
