/** Our own ChatKit client: puts its parts together and answers what a person does. */

import { Composer } from './composer/composer.js';
import { acceptDrops } from './composer/file-drop.js';
import { openSketchBoard } from './composer/sketch-board.js';
import { openContent } from './files/attachment-content.js';
import { Sidebar } from './history/sidebar.js';
import { uploadStrategy } from './preferences.js';
import { Api, ApiError } from './protocol/api.js';
import { renewPreviews } from './thread/attachment-view.js';
import { Conversation } from './thread/conversation.js';
import { createEntityPopover } from './thread/entity-popover.js';
import { plainText } from './thread/thread-state.js';
import { ThreadView } from './thread/thread-view.js';
import { renderWelcome } from './thread/welcome.js';
import { announce, mountAnnouncer } from './ui/announce.js';
import { copyText } from './ui/clipboard.js';
import { h, iconButton } from './ui/dom.js';
import { icon } from './ui/icons.js';
import { openSettings } from './ui/settings-dialog.js';
import { Toast } from './ui/toast.js';
import { UploadQueue } from './uploads/upload-queue.js';
import { t } from './words.js';

const PREVIEW_REFRESH_PAUSE_MS = 2000;

/**
 * @typedef {import('./composer/composer.js').Draft} Draft
 * @typedef {import('./thread/conversation.js').Message} Message
 * @typedef {import('./thread/thread-state.js').ThreadInfo} ThreadInfo
 * @typedef {import('./thread/thread-state.js').Item} Item
 *
 * @typedef {object} ClientOptions
 * @property {import('../page-config.js').PageConfig} config
 * @property {typeof globalThis.fetch} fetch  From `fetch.js`.
 * @property {() => Promise<string | null>} getToken
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
  return new Client(root, options).start();
}

class Client {
  /**
   * @param {HTMLElement} frame
   * @param {ClientOptions} options
   */
  constructor(frame, { config, fetch, getToken, onSettingChanged }) {
    this.frame = frame;
    this.config = config;
    this.fetch = fetch;
    this.onSettingChanged = onSettingChanged;
    this.api = new Api(config, fetch);
    this.conversation = new Conversation(this.api);
    this.shown = new AbortController();
    /** @type {Map<string, Conversation>}  With an answer under way, by thread id. */
    this.live = new Map();
    /** @type {Map<string, 'positive' | 'negative'>}  By item id. */
    this.ratings = new Map();
    this.toast = new Toast();
    /** @type {Set<string>} */
    this.changed = new Set();
    /** @type {number | null} */
    this.redrawing = null;
    /** @type {number | null} */
    this.renewal = null;
    /** @type {HTMLElement | null} */
    this.welcome = null;
    this.popover = createEntityPopover(this.api);
    this.queue = new UploadQueue({
      api: this.api, config, getToken, strategy: () => uploadStrategy(config),
    });
    this.view = new ThreadView(this.#itemActions());
    this.composer = new Composer({
      queue: this.queue, api: this.api, config,
      onSend: (message, draft) => void this.#send(message, draft),
      onStop: () => this.conversation.stop(),
      onSnapshot: () => this.#snapshot(),
    });
    this.sidebar = new Sidebar({
      api: this.api, config,
      onOpen: (id) => void this.#goTo(id),
      onDeleted: (id) => {
        if (id === this.conversation.threadId) void this.#goTo(null);
      },
      onSettings: () => openSettings(config, (name) => this.#settingChanged(name)),
    });
    this.title = h('h1', { class: 'thread-title' });
    this.root = this.#frame();
  }

  /** @returns {HTMLElement} */
  #frame() {
    const main = h('main', { class: 'main' },
      h('header', { class: 'topbar' },
        iconButton(icon('menu'), t('chats'), () => this.#toggleSidebar(), { class: 'menu-button', 'aria-expanded': 'false' }),
        this.title,
        iconButton(icon('plus'), t('chat.new'), () => void this.#goTo(null), { class: 'topbar-new' })),
      this.view.element, this.composer.element);
    /** @type {HTMLElement} */
    const scrim = h('div', { class: 'scrim', on: { click: () => this.#toggleSidebar(false) } });
    return h('div', { class: 'client' },
      h('a', { class: 'skip-link', href: '#composer-input', text: t('page.skip'), on: {
        click: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.composer.focus();
        } } }),
      this.sidebar.element, scrim, main, this.toast.element, this.popover.element);
  }

  /** @returns {ClientHandle} */
  start() {
    this.frame.classList.add('client-frame'); // its width, not the window's, decides the layout
    this.frame.replaceChildren(this.root);
    mountAnnouncer(this.root);
    acceptDrops(this.root, (files) => this.composer.addFiles(files));
    addEventListener('popstate', () => void this.#openFromAddress());
    addEventListener('unhandledrejection', (event) => this.#report(event));
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#toggleSidebar(false);
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
    await this.#send({ content: parts, attachments, ...(reply ? { quotedText: reply } : {}) });
  }

  /** @param {Parameters<ClientHandle['setComposerValue']>[0]} value */
  #setComposerValue({ text, attachments = [], files = [] }) {
    if (text !== undefined) this.composer.set({ text, entities: [] });
    for (const attachment of attachments) this.queue.adopt(attachment);
    if (files.length > 0) this.composer.addFiles(files);
  }

  /** @returns {import('./thread/item-view.js').ItemActions} */
  #itemActions() {
    return {
      openAttachment: (attachment) => void this.#attempt(openContent(this.config, this.fetch, attachment)),
      openEntity: (entity) => this.#openEntity(entity),
      previewOnHover: (anchor, entity) => this.popover.attach(anchor, entity),
      previewExpired: () => this.#renewPreviews(),
      loadEarlier: () => void this.#attempt(this.conversation.loadEarlier()),
      retry: () => void this.#follow(this.conversation, (conversation) => conversation.retry()),
      feedbackOf: (itemId) => this.ratings.get(itemId),
      giveFeedback: (item, kind, button) => void this.#attempt(this.#rate(item, kind, button)),
      copy: (item, button) => void this.#attempt(copyText(plainText(item), button)),
    };
  }

  // Going from chat to chat

  /** @param {string | null} threadId */
  async #goTo(threadId) {
    const address = threadId ? `#/chat/${threadId}` : '#/';
    if (location.hash !== address) history.pushState(null, '', address);
    this.#toggleSidebar(false);
    await this.#openFromAddress();
  }

  async #openFromAddress() {
    const id = /^#\/chat\/(.+)$/.exec(location.hash)?.[1] ?? null;
    if (id && id === this.conversation.threadId) return;
    this.view.reset();
    this.#show(new Conversation(this.api));
    this.sidebar.select(id);
    this.composer.focus();
    if (!id) return;
    this.root.classList.add('is-loading');
    try {
      const conversation = this.live.get(id) ?? (await Conversation.open(this.api, id));
      if (location.hash === `#/chat/${id}`) this.#show(conversation);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.toast.say(error.code === 'not_found' ? t('chat.gone') : error.message);
    } finally {
      this.root.classList.remove('is-loading');
    }
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    this.shown.abort();
    this.shown = new AbortController();
    const { signal } = this.shown;
    this.conversation = conversation;
    this.view.reset();
    conversation.addEventListener('change', (event) => this.#redrawSoon(detailOf(event)), { signal });
    conversation.addEventListener('answered', () => this.#announceAnswer(), { signal });
    this.#redraw();
  }

  /** @param {string | null} itemId */
  #redrawSoon(itemId) {
    if (itemId) this.changed.add(itemId);
    this.redrawing ??= requestAnimationFrame(() => {
      this.redrawing = null;
      this.#redraw();
    });
  }

  #redraw() {
    const { conversation } = this;
    const { state, isAnswering } = conversation;
    this.view.show(state, { isAnswering, changed: this.changed, hasEarlier: Boolean(conversation.earlierCursor) });
    this.changed.clear();
    this.composer.setAnswering(isAnswering);
    const title = state.thread?.title ?? (conversation.threadId ? t('chat.untitled') : t('chat.new'));
    this.title.textContent = title;
    document.title = conversation.threadId ? `${title} · ${t('page')}` : t('page');
    const isEmpty = state.items.length === 0 && !state.error && !this.root.classList.contains('is-loading');
    this.root.classList.toggle('is-empty', isEmpty);
    if (!isEmpty) this.welcome?.remove();
    else if (!this.welcome?.isConnected) {
      this.welcome = renderWelcome(this.config, {
        attach: () => this.composer.picker.click(), snapshot: () => this.#snapshot(),
      });
      this.view.list.before(this.welcome);
    }
  }

  // Messages

  /**
   * @param {Message} message
   * @param {Draft | null} draft  What goes back into the composer when the message is refused.
   */
  async #send(message, draft = null) {
    const { conversation } = this;
    this.view.sticksToEnd = true;
    const isTaken = await this.#follow(conversation, () => conversation.send(message));
    if (isTaken) return this.queue.release(draft?.uploads ?? []);
    const { message: reason } = conversation.state.error ?? { message: t('error.not_sent') };
    conversation.state.error = null;
    this.#redraw();
    if (!conversation.threadId && conversation === this.conversation) {
      history.replaceState(null, '', '#/');
      this.sidebar.select(null);
      void this.#attempt(this.sidebar.load());
    }
    if (draft) this.composer.restore(draft, reason);
    this.toast.say(reason);
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
    if (conversation.threadId) this.live.set(conversation.threadId, conversation);
    try {
      return await answer(conversation);
    } finally {
      conversation.removeEventListener('thread', onThread);
      for (const [id, other] of this.live) if (other === conversation) this.live.delete(id);
    }
  }

  /**
   * @param {Conversation} conversation
   * @param {ThreadInfo} thread
   */
  #threadChanged(conversation, thread) {
    this.live.set(thread.id, conversation);
    this.sidebar.put(thread);
    if (conversation !== this.conversation || location.hash.endsWith(thread.id)) return;
    history.replaceState(null, '', `#/chat/${thread.id}`);
    this.sidebar.select(thread.id);
  }

  #announceAnswer() {
    const { state } = this.conversation;
    const last = state.items.at(-1);
    if (last?.type === 'assistant_message') announce(t('answer.said', { text: plainText(last) }));
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
    this.ratings.set(item.id, kind);
    for (const other of button.parentElement?.querySelectorAll('[aria-pressed]') ?? []) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    announce(t('answer.rated'));
  }

  // Attachments

  #snapshot() {
    openSketchBoard((file) => this.composer.addFiles([file]));
  }

  /** @param {import('@openai/chatkit').Entity} entity */
  #openEntity(entity) {
    if (entity.id.startsWith('thr_')) void this.#goTo(entity.id);
    else void this.#attempt(openContent(this.config, this.fetch, { id: entity.id, name: entity.title }));
  }

  /** One request renews every picture, however many of them fail at once. */
  #renewPreviews() {
    if (!this.conversation.threadId) return;
    this.renewal ??= window.setTimeout(() => void this.#attempt(this.#reloadPreviews()), 50);
  }

  async #reloadPreviews() {
    try {
      renewPreviews(this.view.list, await this.conversation.reloadItems());
    } finally {
      setTimeout(() => (this.renewal = null), PREVIEW_REFRESH_PAUSE_MS);
    }
  }

  // The page around

  /** @param {import('./preferences.js').PreferenceName} name */
  #settingChanged(name) {
    if (name === 'interface') this.onSettingChanged(name);
  }

  /** @param {boolean} isOpen */
  #toggleSidebar(isOpen = !this.root.classList.contains('has-sidebar')) {
    this.root.classList.toggle('has-sidebar', isOpen);
    this.root.querySelector('.menu-button')?.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) this.sidebar.element.querySelector('button')?.focus();
  }

  /** @param {Promise<unknown>} promise */
  async #attempt(promise) {
    try {
      await promise;
    } catch (error) {
      this.toast.say(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {PromiseRejectionEvent} event */
  #report(event) {
    if (!event.reason?.status && event.reason?.code !== 'connection_lost') return;
    event.preventDefault();
    this.toast.say(event.reason.message);
  }
}

/**
 * @param {Event} event  A CustomEvent of a conversation.
 * @returns {any}
 */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/**
 * A part of a message as the protocol takes it: what a page may leave out is there.
 * @param {import('@openai/chatkit').UserMessageContent} part
 * @returns {Message['content'][number]}
 */
function asContent(part) {
  return part.type === 'input_tag' ? { data: {}, interactive: false, ...part } : part;
}
