/** The conversations of this page. One with an answer under way can be left and found again. */

import { Conversation } from './conversation.js';
import { detailOf } from './thread-pane.js';

/** @typedef {import('./thread-state.js').ThreadInfo} ThreadInfo */

export class Conversations {
  /** @type {Map<string, Conversation>}  With an answer under way, by thread id. */
  #live = new Map();

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('./unfinished.js').UnfinishedAnswers} options.unfinished
   * @param {(conversation: Conversation, thread: ThreadInfo) => void} options.onThread
   *   Called when a thread was created, has changed, or something was said in it.
   * @param {(effect: import('../protocol/chatkit').ClientEffectEvent) => void} options.onEffect
   * @param {import('./conversation.js').RunTool} options.runTool
   * @param {(threadId: string) => void} options.onEnd  Called when an answer has ended.
   */
  constructor({ api, unfinished, onThread, onEffect, runTool, onEnd }) {
    this.api = api;
    this.unfinished = unfinished;
    this.onThread = onThread;
    this.onEffect = onEffect;
    this.runTool = runTool;
    this.onEnd = onEnd;
  }

  /** @param {string | null} threadId  Null: a thread that its first message will create. */
  of(threadId) {
    return (threadId && this.#live.get(threadId)) || new Conversation(this.api, threadId, this.runTool);
  }

  /**
   * Loads what is not loaded yet, and says so if the last answer in it was cut off.
   * @param {Conversation} conversation
   */
  async load(conversation) {
    await conversation.load();
    const { threadId } = conversation;
    if (threadId && (await this.unfinished.isCutOff(threadId))) conversation.interrupt();
  }

  /**
   * Follows an answer to its end, once the one before it has ended.
   * @template T
   * @param {Conversation} conversation
   * @param {(conversation: Conversation) => Promise<T>} answer
   */
  async follow(conversation, answer) {
    /** @param {Event} event */
    const onThread = (event) => {
      this.#begin(conversation);
      this.onThread(conversation, detailOf(event));
    };
    const onEffect = (/** @type {Event} */ event) => this.onEffect(detailOf(event));
    await conversation.idle();
    conversation.addEventListener('thread', onThread);
    conversation.addEventListener('effect', onEffect);
    this.#begin(conversation);
    try {
      return await answer(conversation);
    } finally {
      conversation.removeEventListener('thread', onThread);
      conversation.removeEventListener('effect', onEffect);
      this.#end(conversation);
    }
  }

  /**
   * @param {string} threadId
   * @param {string} title
   */
  rename(threadId, title) {
    this.#live.get(threadId)?.rename(title);
  }

  /** @param {Conversation} conversation */
  #begin(conversation) {
    if (!conversation.threadId) return; // until its thread is created
    this.#live.set(conversation.threadId, conversation);
    this.unfinished.begin(conversation.threadId);
  }

  /** @param {Conversation} conversation */
  #end(conversation) {
    for (const [threadId, other] of this.#live) {
      if (other !== conversation) continue;
      this.#live.delete(threadId);
      this.unfinished.end(threadId, { isCutOff: conversation.state.error?.code === 'connection_lost' });
      this.onEnd(threadId);
    }
  }
}
