/** The cards of the files being attached: progress, speed, what went wrong, cancel, retry. */

import { fileName } from '../files/file-name.js';
import { formatBytes } from '../text/format.js';
import { announce } from '../ui/announce.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

export class UploadTray {
  /**
   * @param {import('./upload-queue.js').UploadQueue} queue
   * @param {() => void} onEmptied  Called when the last card was removed: the focus has to go somewhere.
   */
  constructor(queue, onEmptied) {
    this.queue = queue;
    this.onEmptied = onEmptied;
    /** @type {Map<import('./upload-queue.js').Upload, UploadCard>} */
    this.cards = new Map();
    this.element = h('ul', { class: 'tray', 'aria-label': t('upload.files'), hidden: true });
    queue.addEventListener('change', () => this.#sync());
    this.#sync();
  }

  #sync() {
    const { uploads } = this.queue;
    for (const [upload, card] of this.cards) {
      if (uploads.includes(upload)) continue;
      card.element.remove();
      this.cards.delete(upload);
    }
    for (const upload of uploads) {
      if (!this.cards.has(upload)) {
        const card = new UploadCard(upload, this.queue, this.onEmptied);
        this.cards.set(upload, card);
        this.element.append(card.element);
        card.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      }
      this.cards.get(upload)?.update();
    }
    this.element.hidden = uploads.length === 0;
  }
}

class UploadCard {
  /**
   * @param {import('./upload-queue.js').Upload} upload
   * @param {import('./upload-queue.js').UploadQueue} queue
   * @param {() => void} onEmptied
   */
  constructor(upload, queue, onEmptied) {
    this.upload = upload;
    this.onEmptied = onEmptied;
    const { file } = upload;
    this.status = h('span', { class: 'upload-status' });
    this.bar = h('progress', { class: 'upload-bar', max: String(file.size || 1), value: '0', 'aria-label': t('upload.progress.of', { name: file.name }) });
    this.retry = iconButton(icon('retry'), t('upload.retry', { name: file.name }), () => queue.retry(upload), { class: 'upload-retry' });
    this.remove = iconButton(icon('close'), t('upload.remove', { name: file.name }), () => this.#removeAndMoveFocus(queue), { class: 'upload-remove' });
    this.element = h('li', { class: 'upload' },
      upload.thumbnailUrl ? thumbnail(upload.thumbnailUrl) : fileIcon(),
      h('span', { class: 'file-text' },
        fileName(file.name),
        this.status),
      h('span', { class: 'upload-actions' }, this.retry, this.remove),
      this.bar);
  }

  update() {
    const { state, message, canRetry, file, loaded } = this.upload;
    const before = this.element.dataset.state;
    this.element.dataset.state = state;
    this.status.textContent = this.#words();
    this.bar.value = loaded;
    this.bar.hidden = state === 'done' || state === 'failed';
    if (state === 'preparing') this.bar.removeAttribute('value');
    this.retry.hidden = !(state === 'failed' && canRetry);
    const label = t(this.upload.isSettled ? 'upload.remove' : 'upload.cancel', { name: file.name });
    this.remove.setAttribute('aria-label', label);
    this.remove.title = label;
    if (before === state) return;
    if (state === 'done') announce(t('upload.done', { name: file.name }));
    if (state === 'failed') announce(t('upload.failed', { name: file.name, reason: message }));
  }

  #words() {
    const { state, message, file, loaded, bytesPerSecond, attachment } = this.upload;
    switch (state) {
      case 'queued':
        return t('upload.waiting');
      case 'preparing':
        return t('upload.preparing');
      case 'uploading': {
        if (loaded >= file.size) return t('upload.finishing');
        const amount = { loaded: formatBytes(loaded), size: formatBytes(file.size) };
        if (bytesPerSecond === 0) return t('upload.progress', amount);
        return t('upload.progress.speed', { ...amount, speed: formatBytes(bytesPerSecond, { perSecond: true }) });
      }
      case 'done':
        return file.size > 0 ? formatBytes(file.size) : (attachment?.mime_type ?? '');
      default:
        return message;
    }
  }

  /** @param {import('./upload-queue.js').UploadQueue} queue */
  #removeAndMoveFocus(queue) {
    const next = this.element.nextElementSibling ?? this.element.previousElementSibling;
    queue.remove(this.upload);
    const target = next?.querySelector('.upload-remove');
    if (target instanceof HTMLElement) target.focus();
    else this.onEmptied();
  }
}

/**
 * A small picture of the file; an icon where the browser can't show it.
 * @param {string} url
 */
function thumbnail(url) {
  const picture = h('img', { class: 'upload-thumbnail', src: url, alt: '' });
  picture.addEventListener('error', () => picture.replaceWith(fileIcon()));
  return picture;
}

function fileIcon() {
  return h('span', { class: 'file-icon' }, icon('file'));
}
