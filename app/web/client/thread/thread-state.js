/** The items of one thread, kept up to date by the stream's events. No DOM here. */

export class ThreadState {
  /** @param {object | null} thread  A ChatKit `Thread`, or null for one not yet created. */
  constructor(thread = null) {
    this.thread = thread;
    this.items = thread?.items?.data ? [...thread.items.data] : [];
    this.progress = null;
    this.error = null;
    this.canCancel = true;
  }

  find(id) {
    return this.items.find((item) => item.id === id);
  }

  /** The user message an answer belongs to: what a retry starts from. */
  questionOf(itemId) {
    const end = itemId ? this.items.findIndex((item) => item.id === itemId) : this.items.length;
    return this.items.slice(0, end < 0 ? this.items.length : end).findLast(
      (item) => item.type === 'user_message',
    );
  }

  removeAfter(itemId) {
    const index = this.items.findIndex((item) => item.id === itemId);
    if (index >= 0) this.items = this.items.slice(0, index + 1);
  }

  remove(itemId) {
    this.items = this.items.filter((item) => item.id !== itemId);
  }

  put(item) {
    const index = this.items.findIndex((other) => other.id === item.id);
    if (index < 0) this.items.push(item);
    else this.items[index] = item;
  }

  /** Fresh preview URLs, without disturbing what is on the screen. */
  refreshAttachments(items) {
    const fresh = new Map(
      items.flatMap((item) => item.attachments ?? []).map((attachment) => [attachment.id, attachment]),
    );
    for (const item of this.items) {
      if (!item.attachments) continue;
      item.attachments = item.attachments.map((old) => fresh.get(old.id) ?? old);
    }
  }

  /** @param {object} event  A `ThreadStreamEvent`. */
  apply(event) {
    switch (event.type) {
      case 'thread.created':
      case 'thread.updated':
        this.thread = { ...event.thread, items: undefined };
        break;
      case 'thread.item.added':
      case 'thread.item.done':
      case 'thread.item.replaced':
        if (event.item.type === 'user_message') this.items = this.items.filter((item) => !item.pending);
        this.put(event.item);
        this.progress = null;
        break;
      case 'thread.item.removed':
        this.remove(event.item_id);
        break;
      case 'thread.item.updated':
        this.#update(event.item_id, event.update);
        break;
      case 'progress_update':
        this.progress = event.text;
        break;
      case 'stream_options':
        this.canCancel = event.stream_options.allow_cancel;
        break;
      case 'notice':
        this.put({ ...event, id: `notice-${this.items.length}` });
        break;
      case 'error':
        this.error = {
          message: event.message ?? 'Something went wrong while answering. Try again.',
          canRetry: event.allow_retry,
        };
        break;
    }
  }

  #update(itemId, update) {
    const item = this.find(itemId);
    if (!item) return;
    this.progress = null;
    switch (update.type) {
      case 'assistant_message.content_part.added':
      case 'assistant_message.content_part.done':
        item.content[update.content_index] = update.content;
        break;
      case 'assistant_message.content_part.text_delta': {
        const part = (item.content[update.content_index] ??= { type: 'output_text', text: '', annotations: [] });
        part.text += update.delta;
        break;
      }
      case 'assistant_message.content_part.annotation_added':
        item.content[update.content_index]?.annotations.push(update.annotation);
        break;
      case 'widget.root.updated':
        item.widget = update.widget;
        break;
      case 'workflow.task.added':
      case 'workflow.task.updated':
        item.workflow.tasks[update.task_index] = update.task;
        break;
      case 'generated_image.updated':
        item.image = update.image;
        break;
    }
  }
}

/** The text of a message as a person would copy it. */
export function plainText(item) {
  return (item.content ?? [])
    .map((part) => (part.type === 'input_tag' ? `@${part.text}` : part.text))
    .join(item.type === 'user_message' ? '' : '\n\n');
}
