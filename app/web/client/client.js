/** Our own ChatKit client: puts its parts together and answers what a person does. */

import { Composer } from './composer/composer.js';
import { Drafts } from './composer/drafts.js';
import { kindOf } from './composer/entity-kind.js';
import { acceptFiles } from './composer/incoming-files.js';
import { Sending } from './composer/sending.js';
import { FileOpener } from './files/file-opener.js';
import { createHandle } from './handle.js';
import { Sidebar } from './history/sidebar.js';
import { Tabs } from './history/tabs.js';
import { Host } from './host.js';
import { Navigation } from './navigation.js';
import { uploadStrategy } from './preferences.js';
import { Api } from './protocol/api.js';
import { Conversations } from './thread/conversations.js';
import { createEntityPopover } from './thread/entity-popover.js';
import { Feedback } from './thread/feedback.js';
import { asStrings } from './thread/sources.js';
import { ThreadPane } from './thread/thread-pane.js';
import { plainText } from './thread/thread-state.js';
import { UnfinishedAnswers } from './thread/unfinished.js';
import { renderWelcome } from './thread/welcome.js';
import { announce, mountAnnouncer } from './ui/announce.js';
import { copyText } from './ui/clipboard.js';
import { Frame } from './ui/frame.js';
import { listenForShortcuts } from './ui/shortcuts.js';
import { Toast } from './ui/toast.js';
import { UploadQueue } from './uploads/upload-queue.js';
import { t } from './words.js';

/**
 * @typedef {import('./thread/conversation.js').Conversation} Conversation
 *
 * @typedef {OwnOptions & import('./host.js').HostOptions} ClientOptions
 *
 * @typedef {object} OwnOptions
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
  return new Client(root, options).start(root);
}

class Client {
  /** @type {HTMLElement | null} */
  #welcome = null;

  /**
   * @param {HTMLElement} parent
   * @param {ClientOptions} options
   */
  constructor(parent, { config, session, onSettingChanged, ...hostOptions }) {
    this.host = new Host(parent, hostOptions);
    this.config = config;
    this.session = session;
    this.onSettingChanged = onSettingChanged;
    this.api = new Api(config, session.fetch);
    this.toast = new Toast();
    this.feedback = new Feedback(this.api, localStorage);
    this.conversations = new Conversations({
      api: this.api,
      unfinished: new UnfinishedAnswers(localStorage, navigator.locks),
      onThread: (conversation, thread) => this.navigation.threadChanged(conversation, thread),
      onEffect: ({ name, data }) => this.host.tell('chatkit.effect', { name, data }),
      runTool: (call) => this.host.runTool(call),
      onEnd: (threadId) => this.tabs.tell('changed', threadId),
    });
    this.tabs = new Tabs(({ kind, threadId }) => (kind === 'deleted' ? this.navigation.gone(threadId) : void this.navigation.refresh()));
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
      onSend: (message, draft, sent) => {
        this.pane.stickToEnd();
        void this.sending.sendDraft(message, draft, sent);
      },
      onStop: () => this.conversation.stop(),
      onEditLast: () => this.pane.editLast(),
      onError,
    });
    this.sending = new Sending({
      api: this.api, conversations: this.conversations, drafts: this.drafts,
      onRestore: (draft, sent, refusal) => this.composer.restore(draft, sent, refusal),
      onRefused: (conversation) => this.navigation.refused(conversation),
      onNamed: (title, thread) => {
        this.sidebar.put({ ...thread, title });
        this.navigation.renamed(thread.id, title);
      },
      onGone: (threadId) => this.navigation.gone(threadId),
      say: (text) => this.toast.say(text),
    });
    this.sidebar = new Sidebar({
      api: this.api, config, onError,
      onOpen: (id, itemId) => void this.navigation.goTo(id, itemId),
      onRenamed: (id, title) => this.navigation.renamed(id, title),
      onDeleted: (id) => this.navigation.deleted(id),
      onSettings: () => void this.#attempt(this.#openSettings()),
      onShortcuts: () => void this.#attempt(this.#openShortcuts()),
    });
    this.frame = new Frame({
      sidebar: this.sidebar.element,
      main: [this.pane.element, this.composer.element, this.toast.element],
      onNewChat: () => void this.navigation.goTo(null),
      onSave: () => void this.#attempt(this.#saveChat()),
      onSkip: () => this.composer.focus(),
    });
    const { composer, drafts, sending, frame, host, pane, sidebar, tabs, conversations, toast } = this;
    this.navigation = new Navigation({
      composer, drafts, sending, frame, host, pane, sidebar, tabs, conversations, toast, onError,
    });
    this.root = this.frame.element;
    this.root.append(this.popover.element);
  }

  /** The chat that is shown. @returns {Conversation} */
  get conversation() {
    return this.navigation.conversation;
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
    addEventListener('popstate', () => void this.navigation.openFromAddress());
    addEventListener('beforeunload', (event) => {
      if (this.drafts.isBusy) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.navigation.refresh();
    });
    this.root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (this.frame.isDrawerOpen) this.frame.closeDrawer();
      else this.conversation.stop();
    });
    listenForShortcuts(this.root, {
      search: () => {
        this.frame.openDrawer();
        this.sidebar.search.focus();
      },
      newChat: () => void this.navigation.goTo(null),
      list: () => void this.#attempt(this.#openShortcuts()),
    });
    void this.#attempt(this.sidebar.load());
    void this.navigation.openFromAddress();
    return createHandle({
      composer: this.composer,
      goTo: (id) => this.navigation.goTo(id),
      send: (message) => this.#send(message),
      act: (action, itemId) => this.#follow((conversation) => conversation.act(action, itemId ? { itemId } : {})),
      refresh: () => this.navigation.refresh(),
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
      retry: () => void this.#follow((conversation) => conversation.retry()),
      act: (item, action, config) => this.#attempt(this.#act(item, action, config)),
      answerQuestions: (item, submission) => this.#follow((conversation) => conversation.answerQuestions(item.id, submission)),
      feedbackOf: (itemId) => this.feedback.of(itemId),
      giveFeedback: (item, kind, button) => 
        void this.#attempt(this.feedback.give(this.conversation.threadId ?? '', item.id, kind, button)),
      edit: (item, row) => void this.#attempt(this.#edit(item, row)),
      copy: (item, button) => void this.#attempt(copyText(plainText(item), button)),
    };
  }

  /** @param {Conversation} conversation */
  #drawn({ state, isAnswering, isLoading, threadId }) {
    this.composer.setState({ isAnswering, canStop: state.canCancel, closed: state.closed });
    this.root.classList.toggle('is-loading', isLoading);
    const title = isLoading ? '' : (state.thread?.title ?? t(threadId ? 'chat.untitled' : 'chat.new'));
    this.frame.title.textContent = title;
    this.frame.save.hidden = !threadId;
    document.title = threadId && title ? `${title} · ${t('page')}` : t('page');
    const isEmpty = state.items.length === 0 && !state.error && !threadId;
    this.root.classList.toggle('is-empty', isEmpty);
    if (!isEmpty) this.#welcome?.remove();
    else if (!this.#welcome?.isConnected) {
      this.#welcome = renderWelcome(this.config, {
        attach: () => this.composer.bar.picker.click(),
        ask: (text) => void this.#send({ content: [{ type: 'input_text', text }], attachments: [] }),
      });
      this.pane.element.prepend(this.#welcome);
    }
  }

  // Messages

  /** @param {import('./thread/conversation.js').Message} message */
  #send(message) {
    this.pane.stickToEnd();
    return this.sending.send(this.conversation, message);
  }

  /**
   * @param {import('./protocol/chatkit').UserMessageItem} item
   * @param {HTMLElement} row
   */
  async #edit(item, row) {
    const { conversation } = this;
    const { editInPlace } = await import('./thread/message-editor.js');
    editInPlace(item, row, {
      api: this.api, currentThreadId: () => conversation.threadId,
      onSend: (content) => conversation.edit(item.id, content),
      onSent: () => {
        this.composer.focus();
        void this.conversations.follow(conversation, () => conversation.retry());
      },
    });
  }

  /** @param {(conversation: Conversation) => Promise<void>} answer */
  #follow(answer) {
    return this.conversations.follow(this.conversation, answer);
  }

  /** @type {import('./thread/item-view.js').ItemActions['act']} */
  async #act(item, action, { handler = 'server', streaming: isStreamed = true }) {
    if (handler === 'client') await this.host.act(action, item);
    else await this.#follow((conversation) => conversation.act(action, { itemId: item.id, isStreamed }));
  }

  // What a message names

  /** @param {import('@openai/chatkit').Entity} entity */
  #openEntity(entity) {
    const kind = kindOf(entity);
    if (kind === 'own') this.host.openEntity?.(entity);
    else if (kind === 'thread') void this.navigation.goTo(entity.id);
    else void this.#attempt(this.files.openEntity(entity));
  }

  /** @param {import('./thread/sources.js').OpenedSource} source */
  #openSource(source) {
    if (source.type === 'entity') this.#openEntity({ id: source.id, title: source.title, data: asStrings(source.data) });
    else void this.#attempt(this.files.openByName(source.filename, this.conversation.state.items));
  }

  // The page around

  async #saveChat() {
    const { saveChat } = await import('./thread/save-chat.js');
    await saveChat(this.api, this.conversation.threadId ?? '');
  }

  async #openShortcuts() {
    const { openShortcuts } = await import('./ui/shortcuts-dialog.js');
    openShortcuts();
  }

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
