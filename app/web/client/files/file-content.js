/** Fetches what is in a file, or saves it on the person's device. */

import { ApiError, errorFrom } from '../protocol/api.js';
import { t } from '../words.js';

/** More of a text than this nobody reads in a preview. */
export const MAX_TEXT_BYTES = 512 * 1024;

export class FileContent {
  /**
   * @param {{api: {attachmentsUrl: string}}} config
   * @param {typeof globalThis.fetch} fetch  Of the session.
   */
  constructor({ api }, fetch) {
    this.attachmentsUrl = api.attachmentsUrl;
    this.fetch = fetch;
  }

  /**
   * A short-lived link to the bytes, in the bucket.
   * @param {string} attachmentId
   * @returns {Promise<string>}
   */
  async url(attachmentId) {
    const answer = await this.fetch(`${this.attachmentsUrl}/${encodeURIComponent(attachmentId)}/content`, {
      headers: { Accept: 'application/json' },
    });
    if (!answer.ok) throw await errorFrom(answer);
    const { url } = await answer.json();
    return url;
  }

  /**
   * @param {string} attachmentId
   * @param {string} mimeType
   */
  async blob(attachmentId, mimeType) {
    const answer = await this.#load(attachmentId);
    return new Blob([await answer.arrayBuffer()], { type: mimeType });
  }

  /**
   * The beginning of a text.
   * @param {string} attachmentId
   * @returns {Promise<{text: string, isCut: boolean}>}
   */
  async text(attachmentId) {
    const reader = (await this.#load(attachmentId)).body?.getReader();
    const decoder = new TextDecoder();
    let text = '';
    let size = 0;
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done || !value) return { text: text + decoder.decode(), isCut: false };
      size += value.length;
      text += decoder.decode(value, { stream: true });
      if (size < MAX_TEXT_BYTES) continue;
      await reader?.cancel();
      return { text, isCut: true };
    }
  }

  /** @param {{id: string, name: string}} file */
  async download({ id, name }) {
    const link = document.createElement('a');
    link.href = await this.url(id);
    link.download = name;
    link.rel = 'noopener';
    link.target = '_blank';
    link.click();
  }

  /** @param {string} attachmentId */
  async #load(attachmentId) {
    // Not the session's fetch: the link carries its own signature.
    const answer = await globalThis.fetch(await this.url(attachmentId)).catch(() => null);
    if (!answer?.ok) throw new ApiError(t('error.file_lost'), answer?.status ?? 0, 'file_lost');
    return answer;
  }
}
