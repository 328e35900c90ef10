/** Our own ChatKit client: puts its parts together and answers what a person does. */

import { announce, mountAnnouncer } from './ui/announce.js';
import { Api } from './protocol/api.js';
import { openContent } from './files/attachment-content.js';
import { renewPreviews } from './thread/attachment-view.js';
import { copyText } from './ui/clipboard.js';
import { Composer } from './composer/composer.js';
import { Conversation } from './thread/conversation.js';
import { h, iconButton } from './ui/dom.js';
import { createEntityPopover } from './thread/entity-popover.js';
import { acceptDrops } from './composer/file-drop.js';
import { icon } from './ui/icons.js';
import { preference } from './preferences.js';
import { openSettings } from './ui/settings-dialog.js';
import { Sidebar } from './history/sidebar.js';
import { openSketchBoard } from './composer/sketch-board.js';
import { plainText } from './thread/thread-state.js';
import { ThreadView } from './thread/thread-view.js';
import { Toast } from './ui/toast.js';
import { UploadQueue } from './uploads/upload-queue.js';
import { renderWelcome } from './thread/welcome.js';

const PREVIEW_REFRESH_PAUSE_MS = 2000;

/**
 * @param {HTMLElement} root
 * @param {object} options
 * @param {object} options.config  From `config.json`.
 * @param {typeof fetch} options.fetch  From `fetch.js`.
 * @param {() => Promise<string | null>} options.getToken
 * @param {(name: string) => void} options.onSettingChanged
 */
export function mountClient(root, options) {
  return new Client(root, options).start();
}

class Client {
  constructor(root, { config, fetch, getToken, onSettingChanged }) {
    Object.assign(this, { root, config, fetch, onSettingChanged });
    this.api = new Api(config, fetch);
    this.live = new Map(); // conversations with an answer under way, by thread id
    this.ratings = new Map();
    this.toast = new Toast();
    this.changed = new Set();
    this.popover = createEntityPopover(this.api);
    this.queue = new UploadQueue({
      api: this.api, config, getToken, strategy: () => preference('strategy', config.uploads.strategy),
    });
    this.view = new ThreadView(this.#itemActions());
    this.composer = new Composer({
      queue: this.queue, api: this.api, config,
      onSend: (message, draft) => this.#send(message, draft),
      onStop: () => this.conversation.stop(),
      onSnapshot: () => this.#snapshot(),
    });
    this.sidebar = new Sidebar({
      api: this.api, config,
      onOpen: (id) => this.#goTo(id),
      onDeleted: (id) => id === this.conversation.threadId && this.#goTo(null),
      onSettings: () => openSettings(config, (name) => this.#settingChanged(name)),
    });
  }

  start() {
    this.title = h('h1', { class: 'thread-title' });
    this.main = h('main', { class: 'main' },
      h('header', { class: 'topbar' },
        iconButton(icon('menu'), 'Chats', () => this.#toggleSidebar(), { class: 'menu-button', 'aria-expanded': 'false' }),
        this.title,
        iconButton(icon('plus'), 'New chat', () => this.#goTo(null), { class: 'topbar-new' })),
      this.view.element, this.composer.element);
    this.scrim = h('div', { class: 'scrim', on: { click: () => this.#toggleSidebar(false) } });
    const frame = this.root;
    this.root = h('div', { class: 'client' },
      h('a', { class: 'skip-link', href: '#composer-input', text: 'Skip to the message field', on: {
        click: (event) => { event.preventDefault(); this.composer.focus(); } } }),
      this.sidebar.element, this.scrim, this.main, this.toast.element, this.popover.element);
    frame.classList.add('client-frame'); // its width, not the window's, decides the layout
    frame.replaceChildren(this.root);
    mountAnnouncer(this.root);
    acceptDrops(this.root, (files) => this.composer.addFiles(files));
    addEventListener('popstate', () => this.#openFromAddress());
    addEventListener('unhandledrejection', (event) => this.#report(event));
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#toggleSidebar(false);
    });
    this.sidebar.load().catch((error) => this.toast.say(error.message));
    this.#openFromAddress();
    return {
      sendUserMessage: (message) => this.sendUserMessage(message),
      setComposerValue: (value) => this.setComposerValue(value),
      setThreadId: (id) => this.#goTo(id),
      focusComposer: () => this.composer.focus(),
    };
  }

  /** Like `sendUserMessage` of `<openai-chatkit>`. */
  async sendUserMessage({ text, content, attachments = [], reply, newThread = false }) {
    if (newThread) await this.#goTo(null);
    const parts = content ?? [{ type: 'input_text', text: text ?? '' }];
    await this.#send({ content: parts, attachments, quotedText: reply });
  }

  /** Like `setComposerValue` of `<openai-chatkit>`. */
  setComposerValue({ text, attachments = [], files = [] }) {
    if (text !== undefined) this.composer.set({ text, entities: [] });
    for (const attachment of attachments) this.queue.adopt(attachment);
    if (files.length > 0) this.composer.addFiles(files);
  }

  #itemActions() {
    return {
      openAttachment: (attachment) => this.#attempt(openContent(this.config, this.fetch, attachment)),
      openEntity: (entity) => this.#openEntity(entity),
      previewOnHover: (anchor, entity) => this.popover.attach(anchor, entity),
      previewExpired: () => this.#renewPreviews(),
      loadEarlier: () => this.#attempt(this.conversation.loadEarlier()),
      retry: (itemId) => this.#follow(this.conversation, (conversation) => conversation.retry(itemId)),
      feedbackOf: (itemId) => this.ratings.get(itemId),
      giveFeedback: (item, kind, button) => this.#attempt(this.#rate(item, kind, button)),
      copy: (item, button) => this.#attempt(copyText(plainText(item), button)),
    };
  }

  // Going from chat to chat

  async #goTo(threadId) {
    const address = threadId ? `#/chat/${threadId}` : '#/';
    if (location.hash !== address) history.pushState(null, '', address);
    this.#toggleSidebar(false);
    await this.#openFromAddress();
  }

  async #openFromAddress() {
    const id = /^#\/chat\/(.+)$/.exec(location.hash)?.[1] ?? null;
    if (id && id === this.conversation?.threadId) return;
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
      this.toast.say(error.code === 'not_found' ? 'This chat does not exist any more.' : error.message);
    } finally {
      this.root.classList.remove('is-loading');
    }
  }

  #show(conversation) {
    this.shown?.abort();
    this.shown = new AbortController();
    const { signal } = this.shown;
    this.conversation = conversation;
    this.view.reset();
    conversation.addEventListener('change', ({ detail }) => this.#redrawSoon(detail), { signal });
    conversation.addEventListener('answered', () => this.#announceAnswer(), { signal });
    this.#redraw();
  }

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
    const title = state.thread?.title ?? (conversation.threadId ? 'Untitled chat' : 'New chat');
    this.title.textContent = title;
    document.title = conversation.threadId ? `${title} · Chat` : 'Chat';
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

  async #send(message, draft = null) {
    const { conversation } = this;
    this.view.sticksToEnd = true;
    const isTaken = await this.#follow(conversation, () => conversation.send(message));
    if (isTaken) return this.queue.release(draft?.uploads ?? []);
    const { message: reason } = conversation.state.error ?? { message: 'The message was not sent.' };
    conversation.state.error = null;
    this.#redraw();
    if (!conversation.threadId && conversation === this.conversation) {
      history.replaceState(null, '', '#/');
      this.sidebar.select(null);
      this.sidebar.load().catch(() => undefined);
    }
    if (draft) this.composer.restore(draft, reason);
    this.toast.say(reason);
  }

  /** While an answer is under way, its chat can be left and found again. */
  async #follow(conversation, answer) {
    const onThread = ({ detail: thread }) => this.#threadChanged(conversation, thread);
    conversation.addEventListener('thread', onThread);
    if (conversation.threadId) this.live.set(conversation.threadId, conversation);
    try {
      return await answer(conversation);
    } finally {
      conversation.removeEventListener('thread', onThread);
      for (const [id, other] of this.live) if (other === conversation) this.live.delete(id);
    }
  }

  #threadChanged(conversation, thread) {
    this.live.set(thread.id, conversation);
    this.sidebar.put({ ...thread, items: undefined });
    if (conversation !== this.conversation || location.hash.endsWith(thread.id)) return;
    history.replaceState(null, '', `#/chat/${thread.id}`);
    this.sidebar.select(thread.id);
  }

  #announceAnswer() {
    const { state } = this.conversation;
    const last = state.items.at(-1);
    if (last?.type === 'assistant_message') announce(`Assistant: ${plainText(last)}`);
  }

  async #rate(item, kind, button) {
    await this.api.call('items.feedback', {
      thread_id: this.conversation.threadId, item_ids: [item.id], kind,
    });
    this.ratings.set(item.id, kind);
    for (const other of button.parentElement.querySelectorAll('[aria-pressed]')) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    announce('Thanks for the feedback.');
  }

  // Attachments

  #snapshot() {
    openSketchBoard((file) => this.composer.addFiles([file]));
  }

  #openEntity(entity) {
    if (entity.id.startsWith('thr_')) this.#goTo(entity.id);
    else this.#attempt(openContent(this.config, this.fetch, { id: entity.id, name: entity.title }));
  }

  /** One request renews every picture, however many of them fail at once. */
  #renewPreviews() {
    if (!this.conversation.threadId) return;
    this.renewal ??= setTimeout(async () => {
      try {
        renewPreviews(this.view.list, await this.conversation.reloadItems());
      } catch (error) {
        this.toast.say(error.message);
      } finally {
        setTimeout(() => (this.renewal = null), PREVIEW_REFRESH_PAUSE_MS);
      }
    }, 50);
  }

  // The page around

  #settingChanged(name) {
    if (name === 'interface') this.onSettingChanged(name);
  }

  #toggleSidebar(isOpen = !this.root.classList.contains('has-sidebar')) {
    this.root.classList.toggle('has-sidebar', isOpen);
    this.root.querySelector('.menu-button')?.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) this.sidebar.element.querySelector('button')?.focus();
  }

  async #attempt(promise) {
    try {
      await promise;
    } catch (error) {
      this.toast.say(error.message);
    }
  }

  #report(event) {
    if (!event.reason?.status && event.reason?.code !== 'connection_lost') return;
    event.preventDefault();
    this.toast.say(event.reason.message);
  }
}
