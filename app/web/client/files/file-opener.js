/** Opens files in the viewer: attachments, mentioned files, files that an answer cites. */

import { attachmentsOf } from '../thread/thread-state.js';
import { t } from '../words.js';

/**
 * @typedef {import('./preview.js').ViewedFile} ViewedFile
 * @typedef {import('../thread/thread-state.js').Item} Item
 * @typedef {import('../protocol/chatkit').Attachment} Attachment
 */

export class FileOpener {
  /** @type {import('./viewer.js').FileViewer | null}  Loaded when a file is opened. */
  #viewer = null;

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {import('../session.js').Session} options.session
   * @param {(element: HTMLElement) => void} options.onViewer  Called with the viewer once it is there.
   * @param {(error: unknown) => void} options.onError
   */
  constructor({ api, config, session, onViewer, onError }) {
    this.api = api;
    this.config = config;
    this.session = session;
    this.onViewer = onViewer;
    this.onError = onError;
  }

  /**
   * @param {Attachment} attachment
   * @param {Item[]} items  Their images are what "next" leads to.
   */
  async openAttachment(attachment, items) {
    const images = items.flatMap(attachmentsOf).filter(({ type }) => type === 'image');
    await this.open(asFile(attachment), images.map(asFile));
  }

  /**
   * Opens the file that an answer cites: one of the thread, else another of the person's files.
   * @param {string} filename
   * @param {Item[]} items  Of the thread.
   */
  async openByName(filename, items) {
    const attachment = items.flatMap(attachmentsOf).findLast(({ name }) => name === filename);
    if (attachment) return this.openAttachment(attachment, items);
    const entities = await this.api.searchEntities(filename, new AbortController().signal);
    const entity = entities.find(({ title, data }) => title === filename && data?.kind !== 'thread');
    if (!entity) throw new Error(t('answer.source.unknown', { name: filename }));
    await this.openEntity(entity);
  }

  /** @param {import('@openai/chatkit').Entity} entity  One that stands for a file. */
  async openEntity({ id, title, data }) {
    await this.open({ id, name: title, mimeType: data?.mime_type ?? '' });
  }

  /**
   * @param {ViewedFile} file
   * @param {ViewedFile[]} [siblings]
   */
  async open(file, siblings) {
    this.#viewer ??= await this.#load();
    await this.#viewer.open(file, siblings);
  }

  async #load() {
    const { createViewer } = await import('./viewer.js');
    const viewer = createViewer(this.config, this.session.fetch, this.onError);
    this.onViewer(viewer.element);
    return viewer;
  }
}

/**
 * @param {Attachment} attachment
 * @returns {ViewedFile}
 */
function asFile(attachment) {
  const { id, name, mime_type: mimeType } = attachment;
  return { id, name, mimeType, previewUrl: attachment.type === 'image' ? attachment.preview_url : undefined };
}
