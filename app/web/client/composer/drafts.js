/** What is being written in each chat: text, mentions and files. It survives a reload of the page. */

const PREFIX = 'chat.draft.';
const NEW_CHAT = 'new';

/**
 * @typedef {import('@openai/chatkit').Entity} Entity
 * @typedef {import('../uploads/upload-queue.js').UploadQueue} UploadQueue
 * @typedef {import('../protocol/chatkit').Attachment} Attachment
 *
 * @typedef {object} Draft
 * @property {string} text
 * @property {Entity[]} entities  What its mentions stand for.
 * @property {UploadQueue} queue  Its files.
 * @property {boolean} isWaiting  It is sent as soon as its files are uploaded.
 *
 * What is stored of a draft.
 * @typedef {{text: string, entities: Entity[], attachments: Attachment[]}} StoredDraft
 */

export class Drafts {
  /** @type {Map<string, Draft>} */
  #drafts = new Map();

  /**
   * @param {() => UploadQueue} createQueue
   * @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} storage
   */
  constructor(createQueue, storage) {
    this.createQueue = createQueue;
    this.storage = storage;
  }

  /** @param {string | null} threadId  Null: the chat that is not yet begun. */
  of(threadId) {
    const key = threadId ?? NEW_CHAT;
    const known = this.#drafts.get(key);
    if (known) return known;
    const draft = this.#restored(key);
    this.#drafts.set(key, draft);
    draft.queue.addEventListener('change', () => this.save(draft));
    return draft;
  }

  /** @param {Draft} draft */
  save(draft) {
    const key = [...this.#drafts].find(([, other]) => other === draft)?.[0];
    if (key === undefined) return;
    const { text, entities, queue } = draft;
    const attachments = queue.uploads.flatMap(({ state, attachment }) => (state === 'done' && attachment) || []);
    if (text.trim() === '' && attachments.length === 0) this.storage.removeItem(PREFIX + key);
    else this.storage.setItem(PREFIX + key, JSON.stringify({ text, entities, attachments }));
  }

  /**
   * Makes the draft of the chat that was not yet begun the draft of the thread that it has become.
   * @param {string} threadId
   */
  begin(threadId) {
    const draft = this.of(null);
    this.#drafts.delete(NEW_CHAT);
    this.storage.removeItem(PREFIX + NEW_CHAT);
    this.#drafts.set(threadId, draft);
    this.save(draft);
  }

  /**
   * Forgets the draft of a chat that is gone.
   * @param {string} threadId
   */
  remove(threadId) {
    this.#drafts.delete(threadId);
    this.storage.removeItem(PREFIX + threadId);
  }

  /** Whether files of any chat are still on their way. */
  get isBusy() {
    return [...this.#drafts.values()].some(({ queue }) => queue.isBusy);
  }

  /**
   * @param {string} key
   * @returns {Draft}
   */
  #restored(key) {
    const { text, entities, attachments } = readDraft(this.storage.getItem(PREFIX + key));
    const queue = this.createQueue();
    for (const attachment of attachments) queue.adopt(attachment);
    return { text, entities, queue, isWaiting: false };
  }
}

/**
 * @param {string | null} stored
 * @returns {StoredDraft}
 */
export function readDraft(stored) {
  const empty = { text: '', entities: [], attachments: [] };
  if (!stored) return empty;
  try {
    return { ...empty, ...JSON.parse(stored) };
  } catch {
    return empty; // by an older version, or by hand
  }
}
