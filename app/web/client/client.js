/** Our own ChatKit client: puts its parts together and answers what a person does. */

import { addressOf, threadIdIn } from './address.js';
import { Composer } from './composer/composer.js';
import { Drafts } from './composer/drafts.js';
import { acceptFiles } from './composer/incoming-files.js';
import { FileOpener } from './files/file-opener.js';
import { createHandle } from './handle.js';
import { Sidebar } from './history/sidebar.js';
import { Tabs } from './history/tabs.js';
import { uploadStrategy } from './preferences.js';
import { Api, ApiError } from './protocol/api.js';
import { shortened } from './text/format.js';
import { Conversations } from './thread/conversations.js';
import { createEntityPopover } from './thread/entity-popover.js';
import { ThreadPane } from './thread/thread-pane.js';
import { plainText } from './thread/thread-state.js';
import { Ratings } from './thread/ratings.js';
import { UnfinishedAnswers } from './thread/unfinished.js';
import { asStrings } from './thread/sources.js';
import { renderWelcome } from './thread/welcome.js';
import { announce, mountAnnouncer } from './ui/announce.js';
import { copyText } from './ui/clipboard.js';
import { Frame } from './ui/frame.js';
import { Toast } from './ui/toast.js';
import { UploadQueue } from './uploads/upload-queue.js';
import { t } from './words.js';

/**
 * @typedef {import('./composer/composer.js').Sent} Sent
 * @typedef {import('./composer/drafts.js').Draft} Draft
 * @typedef {import('./thread/conversation.js').Conversation} Conversation
 * @typedef {import('./thread/conversation.js').Message} Message
 * @typedef {import('./thread/thread-state.js').ThreadInfo} ThreadInfo
 * @typedef {import('./thread/thread-state.js').Item} Item
 *
 * @typedef {object} ClientOptions
 * @property {import('../page-config.js').PageConfig} config
 * @property {import('./session.js').Session} session
 * @property {(name: import('./preferences.js').PreferenceName) => void} onSettingChanged
 */

/**
 * @param {HTMLElement} root
 * @param {ClientOptions} options
 * @returns {import('./handle.js').ClientHandle}
 */
export function mountClient(root, options) {
  return new Client(options).start(root);
}

class Client {
  #ratings = new Ratings(localStorage);
  /** @type {WeakMap<Draft, Conversation>}  Where each draft is sent to; another chat may be open by then. */
  #conversations = new WeakMap();
  /** @type {HTMLElement | null} */
  #welcome = null;

  /**
   * @param {ClientOptions} options
   */
  constructor({ config, session, onSettingChanged }) {
    this.config = config;
    this.session = session;
    this.onSettingChanged = onSettingChanged;
    this.api = new Api(config, session.fetch);
    this.toast = new Toast();
    this.conversations = new Conversations({
      api: this.api,
      unfinished: new UnfinishedAnswers(localStorage, navigator.locks),
      onThread: (conversation, thread) => this.#threadChanged(conversation, thread),
      onEnd: (threadId) => this.tabs.tell('changed', threadId),
    });
    this.conversation = this.conversations.of(null);
    this.tabs = new Tabs(({ kind, threadId }) => (kind === 'deleted' ? this.#gone(threadId) : void this.#refresh()));
    this.popover = createEntityPopover(this.api);
    this.drafts = new Drafts(
      () => new UploadQueue({ api: this.api, config, session, strategy: () => uploadStrategy(config) }),
      localStorage,
    );
    const onError = (/** @type {unknown} */ error) => this.#report(error);
    this.files = new FileOpener({
      api: this.api, config, session, onError, onViewer: (element) => this.frame.addViewer(element),
    });
    this.pane = new ThreadPane({
      actions: this.#itemActions(),
      onDrawn: (conversation) => this.#drawn(conversation),
      onAnswered: ({ state }) => {
        if (state.lastAnswer) announce(t('answer.said', { text: plainText(state.lastAnswer) }));
      },
      onError,
    });
    this.composer = new Composer({
      api: this.api, config, drafts: this.drafts,
      currentThreadId: () => this.conversation.threadId,
      onSend: (message, draft, sent) => void this.#sendDraft(message, draft, sent),
      onStop: () => this.conversation.stop(),
      onError,
    });
    this.sidebar = new Sidebar({
      api: this.api, config, onError,
      onOpen: (id) => void this.#goTo(id),
      onRenamed: (id, title) => this.#renamed(id, title),
      onDeleted: (id) => this.#deleted(id),
      onSettings: () => void this.#attempt(this.#openSettings()),
    });
    this.frame = new Frame({
      sidebar: this.sidebar.element,
      main: [this.pane.element, this.composer.element, this.toast.element],
      onNewChat: () => void this.#goTo(null),
      onSkip: () => this.composer.focus(),
    });
    this.root = this.frame.element;
    this.root.append(this.popover.element);
  }

  /**
   * @param {HTMLElement} parent
   * @returns {import('./handle.js').ClientHandle}
   */
  start(parent) {
    parent.classList.add('client-frame'); // its width, not the window's, decides the layout
    parent.replaceChildren(this.root);
    mountAnnouncer(this.root);
    acceptFiles(this.root, (files) => this.composer.addFiles(files));
    addEventListener('popstate', () => void this.#openFromAddress());
    addEventListener('beforeunload', (event) => {
      if (this.drafts.isBusy) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.#refresh();
    });
    this.root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (this.frame.isDrawerOpen) this.frame.closeDrawer();
      else this.conversation.stop();
    });
    void this.#attempt(this.sidebar.load());
    void this.#openFromAddress();
    return createHandle({
      composer: this.composer,
      goTo: (id) => this.#goTo(id),
      send: async (message) => {
        const refusal = await this.#send(this.conversation, message);
        if (refusal) this.toast.say(refusal.message);
      },
    });
  }

  /** @returns {ConstructorParameters<typeof ThreadPane>[0]['actions']} */
  #itemActions() {
    return {
      openAttachment: (attachment) =>
        void this.#attempt(this.files.openAttachment(attachment, this.conversation.state.items)),
      openEntity: (entity) => this.#openEntity(entity),
      openSource: (source) => this.#openSource(source),
      previewOnHover: (anchor, entity) => this.popover.attach(anchor, entity),
      loadEarlier: () => void this.#attempt(this.conversation.loadEarlier()),
      retry: () => void this.conversations.follow(this.conversation, (conversation) => conversation.retry()),
      feedbackOf: (itemId) => this.#ratings.of(itemId),
      giveFeedback: (item, kind, button) => void this.#attempt(this.#rate(item, kind, button)),
      copy: (item, button) => void this.#attempt(copyText(plainText(item), button)),
    };
  }

  // Going from chat to chat

  /** @param {string | null} threadId */
  async #goTo(threadId) {
    const address = addressOf(threadId);
    if (location.hash !== address) history.pushState(null, '', address);
    this.frame.closeDrawer();
    await this.#openFromAddress();
  }

  async #openFromAddress() {
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
    if (error instanceof ApiError && error.code === 'not_found') this.#gone(threadId);
    else this.#report(error);
  }

  /** @param {string} threadId  Of a chat that was deleted elsewhere, or never was. */
  #gone(threadId) {
    this.#forget(threadId);
    if (threadId !== this.conversation.threadId) return;
    this.toast.say(t('chat.gone'));
    void this.#goTo(null);
  }

  /** Shows what was said elsewhere: in another tab, on another device. */
  async #refresh() {
    const { conversation } = this;
    try {
      await Promise.all([this.sidebar.load(), conversation.refresh()]);
    } catch (error) {
      // Nobody has asked for it: without connection, what is shown stays.
      if (conversation.threadId && error instanceof ApiError && error.code === 'not_found') {
        this.#gone(conversation.threadId);
      }
    }
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    this.conversation = conversation;
    this.sidebar.select(conversation.threadId);
    const draft = this.drafts.of(conversation.threadId);
    this.#conversations.set(draft, conversation);
    this.composer.use(draft);
    this.pane.show(conversation);
  }

  /** @param {Conversation} conversation */
  #drawn({ state, isAnswering, isLoading, threadId }) {
    this.composer.setAnswering(isAnswering);
    this.root.classList.toggle('is-loading', isLoading);
    const title = isLoading ? '' : (state.thread?.title ?? t(threadId ? 'chat.untitled' : 'chat.new'));
    this.frame.title.textContent = title;
    document.title = threadId && title ? `${title} · ${t('page')}` : t('page');
    const isEmpty = state.items.length === 0 && !state.error && !threadId;
    this.root.classList.toggle('is-empty', isEmpty);
    if (!isEmpty) this.#welcome?.remove();
    else if (!this.#welcome?.isConnected) {
      this.#welcome = renderWelcome(this.config, {
        attach: () => this.composer.picker.click(),
        ask: (question) => void this.#attempt(this.#ask(question)),
      });
      this.pane.element.prepend(this.#welcome);
    }
  }

  /**
   * @param {string} threadId
   * @param {string} title
   */
  #renamed(threadId, title) {
    if (this.conversation.threadId === threadId) this.conversation.rename(title);
    else this.conversations.rename(threadId, title);
    this.tabs.tell('changed', threadId);
  }

  /** @param {string} threadId  Of a chat that the person has deleted. */
  #deleted(threadId) {
    this.tabs.tell('deleted', threadId);
    this.#forget(threadId);
    if (threadId === threadIdIn(location.hash)) void this.#goTo(null);
  }

  /** @param {string} threadId */
  #forget(threadId) {
    this.sidebar.remove(threadId);
    this.drafts.remove(threadId);
  }

  // Messages

  /**
   * @param {Message} message
   * @param {Draft} draft
   * @param {Sent} sent
   */
  async #sendDraft(message, draft, sent) {
    const conversation = this.#conversations.get(draft) ?? this.conversation;
    const refusal = await this.#send(conversation, message);
    if (!refusal) return draft.queue.release(sent.uploads);
    const { threadId } = conversation;
    if (threadId && refusal.code === 'not_found' && !refusal.param?.startsWith('attachments')) {
      this.#gone(threadId); // what was written goes into a new chat
      return this.composer.restore(this.drafts.of(null), sent, refusal);
    }
    this.composer.restore(draft, sent, refusal);
    this.toast.say(refusal.message);
  }

  /** @param {string} question */
  async #ask(question) {
    const refusal = await this.#send(this.conversation, {
      content: [{ type: 'input_text', text: question }], attachments: [],
    });
    if (refusal) this.toast.say(refusal.message);
  }

  /**
   * @param {Conversation} conversation
   * @param {Message} message
   * @returns {Promise<import('./protocol/api.js').Refusal | null>} null: it was taken
   */
  async #send(conversation, message) {
    this.pane.stickToEnd();
    if (await this.conversations.follow(conversation, () => conversation.send(message))) {
      void this.#nameAfter(conversation);
      return null;
    }
    const refusal = conversation.state.error ?? { message: t('error.not_sent'), code: 'not_sent', param: null };
    conversation.state.error = null;
    if (conversation === this.conversation) {
      if (!conversation.threadId) history.replaceState(null, '', addressOf(null));
      this.sidebar.select(conversation.threadId);
      this.pane.draw();
    }
    return refusal;
  }

  /**
   * Names a chat by its first message where its answer, which brings a title, has failed.
   * @param {Conversation} conversation
   */
  async #nameAfter({ state: { thread, items, error } }) {
    const title = items[0] ? shortened(plainText(items[0])) : '';
    if (!thread || thread.title || !error || !title) return;
    await this.#attempt(this.api.call('threads.update', { thread_id: thread.id, title }));
    this.sidebar.put({ ...thread, title });
    this.#renamed(thread.id, title);
  }

  /**
   * @param {Conversation} conversation
   * @param {ThreadInfo} thread
   */
  #threadChanged(conversation, thread) {
    this.tabs.tell('changed', thread.id);
    this.sidebar.put(thread, { isActive: true });
    if (conversation !== this.conversation || threadIdIn(location.hash) === thread.id) return;
    history.replaceState(null, '', addressOf(thread.id));
    this.drafts.begin(thread.id);
    this.sidebar.select(thread.id);
  }

  /**
   * @param {Item} item
   * @param {'positive' | 'negative'} kind
   * @param {HTMLElement} button
   */
  async #rate(item, kind, button) {
    await this.api.call('items.feedback', {
      thread_id: this.conversation.threadId ?? '', item_ids: [item.id], kind,
    });
    this.#ratings.set(item.id, kind);
    for (const other of button.parentElement?.querySelectorAll('[aria-pressed]') ?? []) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    announce(t('answer.rated'));
  }

  // What a message names

  /** @param {import('@openai/chatkit').Entity} entity */
  #openEntity(entity) {
    if (entity.id.startsWith('thr_')) void this.#goTo(entity.id);
    else void this.#attempt(this.files.openEntity(entity));
  }

  /** @param {import('./thread/sources.js').OpenedSource} source */
  #openSource(source) {
    if (source.type === 'entity') this.#openEntity({ id: source.id, title: source.title, data: asStrings(source.data) });
    else void this.#attempt(this.files.openByName(source.filename, this.conversation.state.items));
  }

  // The page around

  async #openSettings() {
    const { openSettings } = await import('./ui/settings-dialog.js');
    openSettings(this.config, this.session, (name) => this.#settingChanged(name));
  }

  /** @param {import('./preferences.js').PreferenceName} name */
  #settingChanged(name) {
    if (name === 'interface') this.onSettingChanged(name);
  }

  /** @param {Promise<unknown>} promise */
  async #attempt(promise) {
    try {
      await promise;
    } catch (error) {
      this.#report(error);
    }
  }

  /** @param {unknown} error */
  #report(error) {
    this.toast.say(error instanceof Error ? error.message : String(error));
  }
}
