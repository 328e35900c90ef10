/** The files of the message being written: at most three travel at once, each can be cancelled. */

import { ApiError } from '../protocol/api.js';
import { t } from '../words.js';
import { mimeTypeOf, refusal } from './limits.js';
import { uploadDirect, uploadTo } from './upload-transport.js';

const MAX_PARALLEL_UPLOADS = 3;
/** Codes after which the same upload link can't work any more. */
const LINK_IS_SPENT = new Set([
  'link_expired', 'link_invalid', 'upload_mismatch', 'upload_refused', 'not_found', 'attachment_rejected',
]);
/** A retry of these would only be refused again. */
const FINAL = new Set(['attachment_too_large', 'mime_type_not_allowed', 'invalid_size', 'invalid_name']);

let lastId = 0;

/** @typedef {import('../protocol/chatkit').Attachment} Attachment */

export class Upload {
  /** @type {'queued' | 'preparing' | 'uploading' | 'done' | 'failed'} */
  state = 'queued';
  loaded = 0;
  bytesPerSecond = 0;
  message = '';
  canRetry = false;
  /** @type {number | null} */
  startedAt = null;
  /** @type {Attachment | null} */
  attachment = null;
  /** @type {import('../protocol/chatkit').AttachmentUploadDescriptor | null} */
  descriptor = null;

  /**
   * @param {File} file
   * @param {string} mimeType
   */
  constructor(file, mimeType) {
    this.id = `upload-${(lastId += 1)}`;
    this.file = file;
    this.mimeType = mimeType;
    this.abort = new AbortController();
    this.thumbnailUrl = /^image\/(png|jpeg|webp|gif|avif|bmp)$/.test(mimeType)
      ? URL.createObjectURL(file)
      : null;
  }

  get isSettled() {
    return this.state === 'done' || this.state === 'failed';
  }
}

export class UploadQueue extends EventTarget {
  /** @type {Upload[]} */
  uploads = [];

  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {Pick<import('../session.js').Session, 'getToken' | 'renew'>} options.session
   * @param {() => 'two_phase' | 'direct'} options.strategy  Asked for each upload as it starts.
   */
  constructor({ api, config, session, strategy }) {
    super();
    this.api = api;
    this.config = config;
    this.session = session;
    this.strategy = strategy;
  }

  get isBusy() {
    return this.uploads.some((upload) => !upload.isSettled);
  }

  get failed() {
    return this.uploads.filter((upload) => upload.state === 'failed');
  }

  /** What goes with the message; until the server repeats it, pictures show the local file. */
  get attachments() {
    return this.uploads.flatMap(({ state, attachment, thumbnailUrl }) => {
      if (state !== 'done' || !attachment) return [];
      if (!thumbnailUrl || attachment.type !== 'image') return [attachment];
      return [{ ...attachment, preview_url: thumbnailUrl }];
    });
  }

  /**
   * @param {Iterable<File>} files
   * @returns {number} how many were left out by the count limit
   */
  add(files) {
    const list = [...files];
    const room = Math.max(0, this.config.limits.maxCount - this.uploads.length);
    for (const file of list.slice(0, room)) {
      const upload = new Upload(file, mimeTypeOf(file, this.config.limits.fileTypes));
      const reason = refusal(file, this.config.limits);
      if (reason) Object.assign(upload, { state: 'failed', message: reason });
      this.uploads.push(upload);
    }
    this.#advance();
    return Math.max(0, list.length - room);
  }

  /**
   * Puts an attachment that is already uploaded beside the others.
   * @param {Attachment} attachment
   */
  adopt(attachment) {
    const upload = new Upload(new File([], attachment.name), attachment.mime_type);
    const thumbnailUrl = attachment.type === 'image' ? attachment.preview_url : null;
    Object.assign(upload, { state: 'done', attachment, thumbnailUrl });
    this.uploads.push(upload);
    this.#changed();
  }

  /** @param {Upload} upload */
  retry(upload) {
    Object.assign(upload, { state: 'queued', message: '', loaded: 0, abort: new AbortController() });
    this.#advance();
  }

  /**
   * Cancels a running upload, and takes a finished one off the message and out of the bucket.
   * @param {Upload} upload
   */
  remove(upload) {
    upload.abort.abort();
    this.uploads = this.uploads.filter((other) => other !== upload);
    if (upload.thumbnailUrl?.startsWith('blob:')) URL.revokeObjectURL(upload.thumbnailUrl);
    this.#discard(upload.attachment);
    this.#advance();
  }

  /** Empties the tray: its files go with a message. @returns {Upload[]} */
  take() {
    const taken = this.uploads;
    this.uploads = [];
    this.#changed();
    return taken;
  }

  /**
   * The message was accepted: nobody needs the local copies of its files any more.
   * @param {Upload[]} uploads
   */
  release(uploads) {
    for (const { thumbnailUrl } of uploads) {
      if (thumbnailUrl?.startsWith('blob:')) URL.revokeObjectURL(thumbnailUrl);
    }
  }

  /**
   * The message was refused: its files come back. The server keeps nothing of a file that it
   * refused, and would refuse the same bytes again.
   * @param {Upload[]} uploads
   * @param {import('../protocol/api.js').Refusal} refusal
   */
  giveBack(uploads, { message, code, param }) {
    const refused = uploads.find(({ attachment }) => attachment && param === `attachments.${attachment.id}`);
    if (refused) {
      const canRetry = code !== 'attachment_rejected' && refused.file.size > 0;
      Object.assign(refused, { state: 'failed', message, canRetry, attachment: null });
    }
    this.uploads = [...uploads, ...this.uploads];
    this.#changed();
  }

  /** Resolves when nothing is on its way any more. */
  async settled() {
    while (this.isBusy) {
      await new Promise((resolve) => this.addEventListener('change', resolve, { once: true }));
    }
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  #advance() {
    const running = this.uploads.filter(({ state }) => state === 'preparing' || state === 'uploading');
    const waiting = this.uploads.filter(({ state }) => state === 'queued');
    for (const upload of waiting.slice(0, Math.max(0, MAX_PARALLEL_UPLOADS - running.length))) {
      void this.#run(upload);
    }
    this.#changed();
  }

  /** @param {Upload} upload */
  async #run(upload) {
    const { signal } = upload.abort;
    try {
      upload.state = 'preparing';
      upload.startedAt = null;
      if (this.strategy() === 'direct') await this.#runDirect(upload);
      else await this.#runTwoPhase(upload);
      upload.state = 'done';
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError)) return;
      upload.state = 'failed';
      upload.message = error.message;
      upload.canRetry = !FINAL.has(error.code);
      if (LINK_IS_SPENT.has(error.code)) {
        this.#discard(upload.attachment);
        upload.attachment = null;
      }
    } finally {
      this.#advance();
    }
  }

  /** @param {Upload} upload */
  async #runTwoPhase(upload) {
    const { file, mimeType } = upload;
    if (!upload.attachment) {
      const { upload_descriptor: descriptor, ...attachment } = await this.api.call(
        'attachments.create',
        { name: file.name, size: file.size, mime_type: mimeType },
      );
      Object.assign(upload, { attachment, descriptor });
      if (upload.abort.signal.aborted) return this.#discard(attachment);
    }
    upload.state = 'uploading';
    if (!upload.descriptor) throw new ApiError(t('error.no_upload_link'), 0, 'no_upload_link');
    await uploadTo(upload.descriptor, named(file, mimeType), this.config.api.bucketPostUrl, this.#progress(upload));
  }

  /** @param {Upload} upload */
  async #runDirect(upload) {
    upload.state = 'uploading';
    const file = named(upload.file, upload.mimeType);
    const url = this.config.api.attachmentsUrl;
    const send = async (/** @type {string | null} */ token) => uploadDirect(url, token, file, this.#progress(upload));
    const token = await this.session.getToken();
    try {
      upload.attachment = await send(token);
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status === 401;
      if (!isRefused || !(await this.session.renew(token))) throw error;
      upload.attachment = await send(await this.session.getToken());
    }
  }

  /**
   * @param {Upload} upload
   * @returns {import('./upload-transport.js').Progress}
   */
  #progress(upload) {
    return {
      signal: upload.abort.signal,
      onProgress: (loaded) => {
        const now = performance.now();
        upload.startedAt ??= now;
        const seconds = (now - upload.startedAt) / 1000;
        // Multipart adds a few hundred bytes around the file.
        upload.loaded = Math.min(loaded, upload.file.size);
        if (seconds > 0.2) upload.bytesPerSecond = upload.loaded / seconds;
        this.#changed();
      },
    };
  }

  /**
   * What the message won't use must not wait for the sweeper, but a failure here harms nobody.
   * @param {Attachment | null} attachment
   */
  #discard(attachment) {
    if (!attachment) return;
    this.api.call('attachments.delete', { attachment_id: attachment.id }).catch(() => undefined);
  }
}

/**
 * The declared type and the bytes' Content-Type must be the same one.
 * @param {File} file
 * @param {string} mimeType
 */
function named(file, mimeType) {
  return file.type === mimeType ? file : new File([file], file.name, { type: mimeType });
}
