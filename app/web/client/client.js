/** Our own ChatKit client: puts its parts together and answers what a person does. */

import { addressOf, threadIdIn } from './address.js';
import { Composer } from './composer/composer.js';
import { Drafts } from './composer/drafts.js';
import { acceptFiles } from './composer/incoming-files.js';
import { openSketchBoard } from './composer/sketch-board.js';
import { FileContent } from './files/file-content.js';
import { FileViewer } from './files/viewer.js';
import { Sidebar } from './history/sidebar.js';
import { uploadStrategy } from './preferences.js';
import { Api, ApiError } from './protocol/api.js';
import { Conversation } from './thread/conversation.js';
import { createEntityPopover } from './thread/entity-popover.js';
import { detailOf, ThreadPane } from './thread/thread-pane.js';
import { attachmentsOf, plainText } from './thread/thread-state.js';
import { renderWelcome } from './thread/welcome.js';
import { announce, mountAnnouncer } from './ui/announce.js';
import { copyText } from './ui/clipboard.js';
import { Frame } from './ui/frame.js';
import { openSettings } from './ui/settings-dialog.js';
import { Toast } from './ui/toast.js';
import { UploadQueue } from './uploads/upload-queue.js';
import { t } from './words.js';

/**
 * @typedef {import('./composer/composer.js').Sent} Sent
 * @typedef {import('./composer/drafts.js').Draft} Draft
 * @typedef {import('./thread/conversation.js').Message} Message
 * @typedef {import('./thread/thread-state.js').ThreadInfo} ThreadInfo
 * @typedef {import('./thread/thread-state.js').Item} Item
 *
 * @typedef {object} ClientOptions
 * @property {import('../page-config.js').PageConfig} config
 * @property {import('./session.js').Session} session
 * @property {(name: import('./preferences.js').PreferenceName) => void} onSettingChanged
 *
 * The part of `<openai-chatkit>`'s methods that this client has.
 * @typedef {Pick<import('@openai/chatkit').OpenAIChatKit,
 *   'sendUserMessage' | 'setComposerValue' | 'setThreadId' | 'focusComposer'>} ClientHandle
 */

/**
 * @param {HTMLElement} root
 * @param {ClientOptions} options
 * @returns {ClientHandle}
 */
export function mountClient(root, options) {
  return new Client(options).start(root);
}

class Client {
  /** @type {Map<string, Conversation>}  With an answer under way, by thread id. */
  #live = new Map();
  /** @type {Map<string, 'positive' | 'negative'>}  By item id. */
  #ratings = new Map();
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
    this.conversation = new Conversation(this.api, null);
    this.toast = new Toast();
    this.popover = createEntityPopover(this.api);
    this.drafts = new Drafts(
      () => new UploadQueue({ api: this.api, config, session, strategy: () => uploadStrategy(config) }),
      localStorage,
    );
    const onError = (/** @type {unknown} */ error) => this.#report(error);
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
      onSnapshot: () => this.#snapshot(),
    });
    this.sidebar = new Sidebar({
      api: this.api, config, onError,
      onOpen: (id) => void this.#goTo(id),
      onRenamed: (id, title) => this.#renamed(id, title),
      onDeleted: (id) => this.#deleted(id),
      onSettings: () => openSettings(config, session, (name) => this.#settingChanged(name)),
    });
    this.viewer = new FileViewer(new FileContent(config, session.fetch), onError);
    this.frame = new Frame({
      sidebar: this.sidebar.element,
      viewer: this.viewer.element,
      main: [this.pane.element, this.composer.element, this.toast.element],
      onNewChat: () => void this.#goTo(null),
      onSkip: () => this.composer.focus(),
    });
    this.root = this.frame.element;
    this.root.append(this.popover.element);
  }

  /**
   * @param {HTMLElement} parent
   * @returns {ClientHandle}
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
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.frame.closeDrawer();
    });
    void this.#attempt(this.sidebar.load());
    void this.#openFromAddress();
    return {
      sendUserMessage: (message) => this.#sendUserMessage(message),
      setComposerValue: async (value) => this.#setComposerValue(value),
      setThreadId: (id) => this.#goTo(id),
      focusComposer: async () => this.composer.focus(),
    };
  }

  /** @type {ClientHandle['sendUserMessage']} */
  async #sendUserMessage({ text, content, attachments = [], reply, newThread = false }) {
    if (newThread) await this.#goTo(null);
    /** @type {Message['content']} */
    const parts = content?.map(asContent) ?? [{ type: 'input_text', text: text ?? '' }];
    const { conversation } = this;
    const refusal = await this.#send(conversation, {
      content: parts, attachments, ...(reply ? { quotedText: reply } : {}),
    });
    if (refusal) this.toast.say(refusal.message);
  }

  /** @param {Parameters<ClientHandle['setComposerValue']>[0]} value */
  #setComposerValue({ text, attachments = [], files = [] }) {
    if (text !== undefined) this.composer.set(text, []);
    for (const attachment of attachments) this.composer.draft.queue.adopt(attachment);
    if (files.length > 0) this.composer.addFiles(files);
  }

  /** @returns {ConstructorParameters<typeof ThreadPane>[0]['actions']} */
  #itemActions() {
    return {
      openAttachment: (attachment) => this.#openAttachment(attachment),
      openEntity: (entity) => this.#openEntity(entity),
      previewOnHover: (anchor, entity) => this.popover.attach(anchor, entity),
      loadEarlier: () => void this.#attempt(this.conversation.loadEarlier()),
      retry: () => void this.#follow(this.conversation, (conversation) => conversation.retry()),
      feedbackOf: (itemId) => this.#ratings.get(itemId),
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
    const conversation = (id && this.#live.get(id)) || new Conversation(this.api, id);
    this.#show(conversation);
    this.composer.focus();
    if (!id) return;
    try {
      await conversation.load();
      if (conversation.state.thread) this.sidebar.put(conversation.state.thread);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'not_found') return this.#report(error);
      this.toast.say(t('chat.gone'));
      this.#forget(id);
      if (conversation === this.conversation) void this.#goTo(null);
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
        attach: () => this.composer.picker.click(), snapshot: () => this.#snapshot(),
      });
      this.pane.view.list.before(this.#welcome);
    }
  }

  /**
   * @param {string} threadId
   * @param {string} title
   */
  #renamed(threadId, title) {
    for (const conversation of new Set([this.conversation, ...this.#live.values()])) {
      if (conversation.threadId === threadId) conversation.rename(title);
    }
  }

  /** @param {string} threadId  Of a chat that the person has deleted. */
  #deleted(threadId) {
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
    this.composer.restore(draft, sent, refusal);
    this.toast.say(refusal.message);
  }

  /**
   * @param {Conversation} conversation
   * @param {Message} message
   * @returns {Promise<import('./protocol/api.js').Refusal | null>} null: it was taken
   */
  async #send(conversation, message) {
    this.pane.stickToEnd();
    if (await this.#follow(conversation, () => conversation.send(message))) return null;
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
   * While an answer is under way, its chat can be left and found again.
   * @template T
   * @param {Conversation} conversation
   * @param {(conversation: Conversation) => Promise<T>} answer
   */
  async #follow(conversation, answer) {
    /** @param {Event} event */
    const onThread = (event) => this.#threadChanged(conversation, detailOf(event));
    conversation.addEventListener('thread', onThread);
    if (conversation.threadId) this.#live.set(conversation.threadId, conversation);
    try {
      return await answer(conversation);
    } finally {
      conversation.removeEventListener('thread', onThread);
      for (const [id, other] of this.#live) if (other === conversation) this.#live.delete(id);
    }
  }

  /**
   * @param {Conversation} conversation
   * @param {ThreadInfo} thread
   */
  #threadChanged(conversation, thread) {
    this.#live.set(thread.id, conversation);
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

  // Attachments

  #snapshot() {
    openSketchBoard((file) => this.composer.addFiles([file]));
  }

  /** @param {import('./protocol/chatkit').Attachment} attachment */
  #openAttachment(attachment) {
    const pictures = this.conversation.state.items.flatMap(attachmentsOf).filter(({ type }) => type === 'image');
    void this.viewer.open(asFile(attachment), pictures.map(asFile));
  }

  /** @param {import('@openai/chatkit').Entity} entity */
  #openEntity({ id, title, data }) {
    if (id.startsWith('thr_')) void this.#goTo(id);
    else void this.viewer.open({ id, name: title, mimeType: data?.mime_type ?? '' });
  }

  // The page around

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

/**
 * @param {import('./protocol/chatkit').Attachment} attachment
 * @returns {import('./files/preview.js').ViewedFile}
 */
function asFile(attachment) {
  const { id, name, mime_type: mimeType } = attachment;
  return { id, name, mimeType, previewUrl: attachment.type === 'image' ? attachment.preview_url : undefined };
}

/**
 * A part of a message as the protocol takes it: what a page may leave out is there.
 * @param {import('@openai/chatkit').UserMessageContent} part
 * @returns {Message['content'][number]}
 */
function asContent(part) {
  return part.type === 'input_tag' ? { data: {}, interactive: false, ...part } : part;
}
