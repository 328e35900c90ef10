/** The items of one thread, kept up to date by the stream's events. No DOM here. */

import { updated } from '../widgets/widget-tree.js';
import { errorInWords, t } from '../words.js';

/**
 * @typedef {import('../protocol/chatkit').ThreadItem} ThreadItem
 * @typedef {import('../protocol/chatkit').UserMessageItem} UserMessageItem
 * @typedef {import('../protocol/chatkit').NoticeEvent & {id: string}} Notice
 *
 * What a thread shows: what the server keeps, notices, and a message that the server has not yet
 * taken (`pending`).
 * `progress`: the share of an image that is drawn, from 0 to 1.
 * @typedef {(ThreadItem | Notice) & {pending?: boolean, progress?: number}} Item
 *
 * @typedef {Omit<import('../protocol/chatkit').Thread, 'items'>} ThreadInfo
 * @typedef {import('../protocol/chatkit').LockedStatus | import('../protocol/chatkit').ClosedStatus} Closed
 * @typedef {import('../protocol/api.js').Refusal & {canRetry: boolean}} ThreadError
 */

export class ThreadState {
  /**
   * @param {ThreadInfo | null} thread  Null for one not yet created.
   * @param {Item[]} items
   */
  constructor(thread = null, items = []) {
    this.thread = thread;
    this.items = items;
    /** @type {Set<string>}  Items that are still being written. */
    this.open = new Set();
    /** @type {{text: string, icon?: string} | null} */
    this.progress = null;
    /** @type {ThreadError | null} */
    this.error = null;
    this.canCancel = true;
  }

  /** @param {string} id */
  find(id) {
    return this.items.find((item) => item.id === id);
  }

  /** The last user message: what a retry starts from, since the server removes all that follows it. */
  get lastQuestion() {
    return this.items.findLast((item) => item.type === 'user_message');
  }

  /** The last message of the answer to the last question: the only one that can be asked for again. */
  get lastAnswer() {
    const last = this.items.findLast(({ type }) => type === 'user_message' || type === 'assistant_message');
    return last?.type === 'assistant_message' ? last : undefined;
  }

  /** The tool that the page has to run before the answer goes on. */
  get pendingToolCall() {
    const last = this.items.at(-1);
    return last?.type === 'client_tool_call' && last.status === 'pending' ? last : undefined;
  }

  /** Why nothing can be said in this thread; null: something can. @returns {Closed | null} */
  get closed() {
    const { status } = this.thread ?? {};
    return status && status.type !== 'active' ? status : null;
  }

  /** @param {string} itemId */
  removeAfter(itemId) {
    const index = this.items.findIndex((item) => item.id === itemId);
    if (index >= 0) this.items = this.items.slice(0, index + 1);
  }

  /** @param {string} itemId */
  remove(itemId) {
    this.items = this.items.filter((item) => item.id !== itemId);
  }

  /** What was written of a stopped answer stays; one that had not begun goes. */
  dropEmptyAnswer() {
    const last = this.items.at(-1);
    if (last?.type === 'assistant_message' && !last.content.some((part) => part?.text)) this.remove(last.id);
  }

  /** @param {Item} item */
  put(item) {
    const index = this.items.findIndex((other) => other.id === item.id);
    if (index < 0) this.items.push(item);
    else this.items[index] = item;
  }

  /**
   * Fresh preview URLs, without disturbing what is on the screen.
   * @param {ThreadItem[]} items
   */
  refreshAttachments(items) {
    const fresh = new Map(items.flatMap(attachmentsOf).map((attachment) => [attachment.id, attachment]));
    for (const item of this.items) {
      if (item.type !== 'user_message') continue;
      item.attachments = item.attachments.map((old) => fresh.get(old.id) ?? old);
    }
  }

  /** @param {import('../protocol/chatkit').ThreadStreamEvent} event */
  apply(event) {
    switch (event.type) {
      case 'thread.created':
      case 'thread.updated': {
        const { items, ...thread } = event.thread;
        this.thread = thread;
        break;
      }
      case 'thread.item.added':
      case 'thread.item.done':
      case 'thread.item.replaced':
        if (event.item.type === 'user_message') this.items = this.items.filter((item) => !item.pending);
        this.put(event.item);
        if (event.type === 'thread.item.added') this.open.add(event.item.id);
        else this.open.delete(event.item.id);
        this.progress = null;
        break;
      case 'thread.item.removed':
        this.open.delete(event.item_id);
        this.remove(event.item_id);
        break;
      case 'thread.item.updated':
        this.#update(event.item_id, event.update);
        break;
      case 'progress_update':
        this.progress = event;
        break;
      case 'stream_options':
        this.canCancel = event.stream_options.allow_cancel;
        break;
      case 'notice':
        this.put({ ...event, id: `notice-${this.items.length}` });
        break;
      case 'error':
        this.error = {
          message: errorInWords(event.code, event.message ?? t('answer.error')),
          code: event.code,
          param: null,
          canRetry: event.allow_retry,
        };
        break;
      case 'client_effect':
        break;
    }
  }

  /**
   * @param {string} itemId
   * @param {import('../protocol/chatkit').ThreadItemUpdate} update
   */
  #update(itemId, update) {
    const item = this.find(itemId);
    if (!item) return;
    this.progress = null;
    if (item.type === 'assistant_message') updateMessage(item, update);
    else if (item.type === 'widget') item.widget = updated(item.widget, update);
    else if (item.type === 'generated_image' && update.type === 'generated_image.updated') {
      item.image = update.image;
      if (update.progress !== undefined) item.progress = update.progress;
    }
    else if (item.type === 'workflow' && update.type.startsWith('workflow.task.') && 'task' in update) {
      item.workflow.tasks[update.task_index] = update.task;
    }
  }
}

/**
 * @param {import('../protocol/chatkit').AssistantMessageItem} item
 * @param {import('../protocol/chatkit').ThreadItemUpdate} update
 */
function updateMessage({ content }, update) {
  switch (update.type) {
    case 'assistant_message.content_part.added':
    case 'assistant_message.content_part.done':
      content[update.content_index] = update.content;
      break;
    case 'assistant_message.content_part.text_delta': {
      const part = (content[update.content_index] ??= emptyPart());
      part.text += update.delta;
      break;
    }
    case 'assistant_message.content_part.annotation_added':
      (content[update.content_index] ??= emptyPart()).annotations[update.annotation_index] = update.annotation;
      break;
    default:
  }
}

/** @returns {import('../protocol/chatkit').AssistantMessageContent} */
function emptyPart() {
  return { type: 'output_text', text: '', annotations: [] };
}

/** @param {Item} item */
export function attachmentsOf(item) {
  return item.type === 'user_message' ? item.attachments : [];
}

/**
 * The text of a message as a person would copy it; of anything else, nothing.
 * @param {Item} item
 */
export function plainText(item) {
  if (item.type === 'user_message') {
    return item.content.map((part) => (part.type === 'input_tag' ? `@${part.text}` : part.text)).join('');
  }
  if (item.type === 'widget') return item.copy_text ?? '';
  if (item.type !== 'assistant_message') return '';
  // A part that has not been announced yet leaves a hole.
  return item.content.filter(Boolean).map(({ text }) => text).join('\n\n');
}
