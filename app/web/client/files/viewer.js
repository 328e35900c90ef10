/** The pane that shows what is in a file, beside the chat; where it is narrow, over it. */

import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { FileContent } from './file-content.js';
import { fileName } from './file-name.js';
import { describeKind } from './kinds.js';
import { previewOf } from './preview.js';

/** @typedef {import('./preview.js').ViewedFile} ViewedFile */

/**
 * @param {{api: {attachmentsUrl: string}}} config
 * @param {typeof globalThis.fetch} fetch  Of the session.
 * @param {(error: unknown) => void} onError
 */
export function createViewer(config, fetch, onError) {
  return new FileViewer(new FileContent(config, fetch), onError);
}

export class FileViewer {
  /** @type {ViewedFile[]}  What "next" and "previous" go through. */
  #files = [];
  #index = 0;
  /** @type {import('./preview.js').Preview | null} */
  #preview = null;
  /** @type {Element | null} */
  #openedFrom = null;

  /**
   * @param {FileContent} content
   * @param {(error: unknown) => void} onError
   */
  constructor(content, onError) {
    this.content = content;
    this.name = h('h2', { class: 'viewer-name' });
    this.kind = h('p', { class: 'viewer-kind' });
    this.tools = h('span', { class: 'viewer-tools' });
    this.previous = iconButton(icon('before'), t('viewer.previous'), () => this.#go(-1), { class: 'mirrored' });
    this.next = iconButton(icon('after'), t('viewer.next'), () => this.#go(1), { class: 'mirrored' });
    this.closer = iconButton(icon('close'), t('dialog.close'), () => this.close());
    this.body = h('div', { class: 'viewer-body' });
    this.element = h('aside', { class: 'viewer', 'aria-label': t('viewer'), hidden: true },
      h('header', { class: 'viewer-bar' },
        h('div', { class: 'viewer-title' }, this.name, this.kind),
        this.tools, this.previous, this.next,
        iconButton(icon('download'), t('viewer.download'), () => this.content.download(this.file).catch(onError)),
        this.closer),
      this.body);
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  get file() {
    return /** @type {ViewedFile} */ (this.#files[this.#index]);
  }

  /**
   * @param {ViewedFile} file
   * @param {ViewedFile[]} [siblings]  Files that can be gone through from this one.
   */
  async open(file, siblings = [file]) {
    if (!this.element.contains(document.activeElement)) this.#openedFrom = document.activeElement;
    this.#files = siblings.some(({ id }) => id === file.id) ? siblings : [file];
    this.#index = this.#files.findIndex(({ id }) => id === file.id);
    this.element.hidden = false;
    this.element.dispatchEvent(new Event('toggle', { bubbles: true }));
    this.closer.focus();
    await this.#show();
  }

  close() {
    if (!this.isOpen) return;
    this.#clear();
    this.element.hidden = true;
    this.element.dispatchEvent(new Event('toggle', { bubbles: true }));
    if (this.#openedFrom instanceof HTMLElement) this.#openedFrom.focus();
  }

  async #show() {
    const { file } = this;
    this.#clear();
    this.name.replaceChildren(fileName(file.name));
    this.kind.textContent = describeKind(file.mimeType, file.name);
    this.previous.hidden = this.next.hidden = this.#files.length < 2;
    this.previous.disabled = this.#index === 0;
    this.next.disabled = this.#index === this.#files.length - 1;
    this.body.replaceChildren(h('p', { class: 'preview-note', role: 'status', text: t('viewer.loading') }));
    const preview = await previewOf(file, this.content).catch((error) => ({
      element: h('p', { class: 'preview-note', role: 'alert', text: error.message }),
    }));
    if (this.file !== file || !this.isOpen) return;
    this.#preview = preview;
    this.tools.replaceChildren(...(this.#preview.tools ?? []));
    this.body.replaceChildren(preview.element);
  }

  #clear() {
    this.#preview?.release?.();
    this.#preview = null;
    this.tools.replaceChildren();
    this.body.replaceChildren();
  }

  /** @param {number} step */
  #go(step) {
    if (!this.#files[this.#index + step]) return;
    this.#index += step;
    void this.#show();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const forward = getComputedStyle(this.element).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const isZoomed = this.body.querySelector('.is-zoomed');
    if (event.key === 'Escape') this.close();
    else if ((event.key === 'ArrowRight' || event.key === 'ArrowLeft') && !isZoomed && this.#files.length > 1) {
      this.#go(event.key === forward ? 1 : -1);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
