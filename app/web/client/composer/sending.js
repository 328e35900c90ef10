/** Sends messages, and gives back what the server does not take. */

import { shortened } from '../text/format.js';
import { plainText } from '../thread/thread-state.js';
import { t } from '../words.js';

/**
 * @typedef {import('./composer.js').Sent} Sent
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('../thread/conversation.js').Conversation} Conversation
 * @typedef {import('../thread/conversation.js').Message} Message
 * @typedef {import('../protocol/api.js').Refusal} Refusal
 */

export class Sending {
  /** @type {WeakMap<Draft, Conversation>}  Where each draft is sent to; another chat may be open by then. */
  #conversations = new WeakMap();

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../thread/conversations.js').Conversations} options.conversations
   * @param {import('./drafts.js').Drafts} options.drafts
   * @param {(draft: Draft, sent: Sent, refusal: Refusal) => void} options.onRestore  Puts a refused message back.
   * @param {(conversation: Conversation) => void} options.onRefused
   * @param {(title: string, thread: import('../thread/thread-state.js').ThreadInfo) => void} options.onNamed
   * @param {(threadId: string) => void} options.onGone  Called when the thread does not exist any more.
   * @param {(text: string) => void} options.say
   */
  constructor({ api, conversations, drafts, onRestore, onRefused, onNamed, onGone, say }) {
    this.api = api;
    this.conversations = conversations;
    this.drafts = drafts;
    this.onRestore = onRestore;
    this.onRefused = onRefused;
    this.onNamed = onNamed;
    this.onGone = onGone;
    this.say = say;
  }

  /**
   * @param {Draft} draft
   * @param {Conversation} conversation
   */
  bind(draft, conversation) {
    this.#conversations.set(draft, conversation);
  }

  /**
   * @param {Message} message
   * @param {Draft} draft
   * @param {Sent} sent
   */
  async sendDraft(message, draft, sent) {
    const conversation = this.#conversations.get(draft) ?? this.conversations.of(null);
    const refusal = await this.#send(conversation, message);
    if (!refusal) return draft.queue.release(sent.uploads);
    const { threadId } = conversation;
    if (threadId && refusal.code === 'not_found' && !refusal.param?.startsWith('attachments')) {
      this.onGone(threadId); // what was written goes into a new chat
      return this.onRestore(this.drafts.of(null), sent, refusal);
    }
    this.onRestore(draft, sent, refusal);
    this.say(refusal.message);
  }

  /**
   * @param {Conversation} conversation
   * @param {Message} message
   */
  async send(conversation, message) {
    const refusal = await this.#send(conversation, message);
    if (refusal) this.say(refusal.message);
  }

  /**
   * @param {Conversation} conversation
   * @param {Message} message
   * @returns {Promise<Refusal | null>} null: it was taken
   */
  async #send(conversation, message) {
    if (await this.conversations.follow(conversation, () => conversation.send(message))) {
      void this.#nameAfter(conversation);
      return null;
    }
    const refusal = conversation.state.error ?? { message: t('error.not_sent'), code: 'not_sent', param: null };
    conversation.state.error = null;
    this.onRefused(conversation);
    return refusal;
  }

  /**
   * Names a chat by its first message where its answer, which brings a title, has failed.
   * @param {Conversation} conversation
   */
  async #nameAfter({ state: { thread, items, error } }) {
    const title = items[0] ? shortened(plainText(items[0])) : '';
    if (!thread || thread.title || !error || !title) return;
    try {
      await this.api.call('threads.update', { thread_id: thread.id, title });
      this.onNamed(title, thread);
    } catch (problem) {
      this.say(problem instanceof Error ? problem.message : String(problem));
    }
  }
}
