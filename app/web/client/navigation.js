/** Goes from chat to chat: the address, the list, the draft and what is shown stay in step. */

import { addressOf, threadIdIn } from './address.js';
import { ApiError } from './protocol/api.js';
import { t } from './words.js';

/**
 * @typedef {import('./thread/conversation.js').Conversation} Conversation
 * @typedef {import('./thread/thread-state.js').ThreadInfo} ThreadInfo
 *
 * @typedef {object} Parts
 * @property {import('./composer/composer.js').Composer} composer
 * @property {import('./composer/drafts.js').Drafts} drafts
 * @property {import('./composer/sending.js').Sending} sending
 * @property {import('./ui/frame.js').Frame} frame
 * @property {import('./host.js').Host} host
 * @property {import('./thread/thread-pane.js').ThreadPane} pane
 * @property {import('./history/sidebar.js').Sidebar} sidebar
 * @property {import('./history/tabs.js').Tabs} tabs
 * @property {import('./thread/conversations.js').Conversations} conversations
 * @property {import('./ui/toast.js').Toast} toast
 * @property {(error: unknown) => void} onError
 */

export class Navigation {
  /** @param {Parts} parts */
  constructor({ composer, drafts, sending, frame, host, pane, sidebar, tabs, conversations, toast, onError }) {
    this.composer = composer;
    this.drafts = drafts;
    this.sending = sending;
    this.frame = frame;
    this.host = host;
    this.pane = pane;
    this.sidebar = sidebar;
    this.tabs = tabs;
    this.conversations = conversations;
    this.toast = toast;
    this.onError = onError;
    this.conversation = conversations.of(null);
  }

  /**
   * @param {string | null} threadId
   * @param {string | null} [itemId]  A message to show.
   */
  async goTo(threadId, itemId) {
    const address = addressOf(threadId);
    if (location.hash !== address) history.pushState(null, '', address);
    this.frame.closeDrawer();
    await this.openFromAddress();
    if (itemId) await this.#reveal(itemId);
  }

  /** @param {string} itemId */
  async #reveal(itemId) {
    const { conversation } = this;
    try {
      await conversation.loadBackTo(itemId);
      if (conversation === this.conversation) this.pane.reveal(itemId);
    } catch (error) {
      this.onError(error);
    }
  }

  async openFromAddress() {
    const id = threadIdIn(location.hash);
    if (id && id === this.conversation.threadId && !this.conversation.isLoading) return;
    const conversation = this.conversations.of(id);
    this.#show(conversation);
    this.composer.focus();
    if (!id) return;
    try {
      await this.conversations.load(conversation);
      if (conversation.state.thread) this.sidebar.put(conversation.state.thread);
    } catch (error) {
      this.#loadingFailed(id, error);
    }
  }

  /**
   * @param {string} threadId
   * @param {unknown} error
   */
  #loadingFailed(threadId, error) {
    if (error instanceof ApiError && error.code === 'not_found') this.gone(threadId);
    else this.onError(error);
  }

  /** @param {string} threadId  Of a chat that was deleted elsewhere, or never was. */
  gone(threadId) {
    this.#forget(threadId);
    if (threadId !== this.conversation.threadId) return;
    this.toast.say(t('chat.gone'));
    void this.goTo(null);
  }

  /** Shows what was said elsewhere: in another tab, on another device. */
  async refresh() {
    const { conversation } = this;
    try {
      await Promise.all([this.sidebar.load(), conversation.refresh()]);
    } catch (error) {
      // Nobody has asked for it: without connection, what is shown stays.
      if (conversation.threadId && error instanceof ApiError && error.code === 'not_found') {
        this.gone(conversation.threadId);
      }
    }
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    this.conversation = conversation;
    this.sidebar.select(conversation.threadId);
    const draft = this.drafts.of(conversation.threadId);
    this.sending.bind(draft, conversation);
    this.composer.use(draft);
    this.pane.show(conversation);
    this.host.tell('chatkit.thread.change', { threadId: conversation.threadId });
  }

  /**
   * @param {string} threadId
   * @param {string} title
   */
  renamed(threadId, title) {
    if (this.conversation.threadId === threadId) this.conversation.rename(title);
    else this.conversations.rename(threadId, title);
    this.tabs.tell('changed', threadId);
  }

  /** @param {string} threadId  Of a chat that the person has deleted. */
  deleted(threadId) {
    this.tabs.tell('deleted', threadId);
    this.#forget(threadId);
    if (threadId === threadIdIn(location.hash)) void this.goTo(null);
  }

  /** @param {string} threadId */
  #forget(threadId) {
    this.sidebar.remove(threadId);
    this.drafts.remove(threadId);
  }

  /** @param {Conversation} conversation  It has not taken a message. */
  refused(conversation) {
    if (conversation !== this.conversation) return;
    if (!conversation.threadId) history.replaceState(null, '', addressOf(null));
    this.sidebar.select(conversation.threadId);
    this.pane.draw();
  }

  /**
   * @param {Conversation} conversation
   * @param {ThreadInfo} thread
   */
  threadChanged(conversation, thread) {
    this.tabs.tell('changed', thread.id);
    this.sidebar.put(thread, { isActive: true });
    if (conversation !== this.conversation || threadIdIn(location.hash) === thread.id) return;
    history.replaceState(null, '', addressOf(thread.id));
    this.drafts.begin(thread.id);
    this.host.tell('chatkit.thread.change', { threadId: thread.id });
    this.sidebar.select(thread.id);
  }
}
