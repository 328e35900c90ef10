/** Shows what is in a file: a picture, a page, a table, a text or a recording. */

import { codeElement } from '../text/code-block.js';
import { enrich } from '../text/enrich.js';
import { MarkdownBody } from '../text/markdown-body.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { suffixOf } from '../uploads/limits.js';
import { t } from '../words.js';
import { kindOf } from './kinds.js';
import { picture } from './picture.js';
import { parseTable } from './table.js';

/** What every browser shows. Of other pictures there is a preview that the server has made. */
const BROWSER_IMAGES = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif', 'image/bmp']);
const MAX_ROWS = 1000;

/**
 * @typedef {{id: string, name: string, mimeType: string, previewUrl?: string | undefined}} ViewedFile
 * @typedef {{element: HTMLElement, tools?: HTMLElement[], release?: () => void}} Preview
 */

/**
 * @param {ViewedFile} file
 * @param {import('./file-content.js').FileContent} content
 * @returns {Promise<Preview>}
 */
export async function previewOf(file, content) {
  const kind = kindOf(file.mimeType, suffixOf(file.name));
  if (kind === 'image') return previewPicture(file, content);
  if (kind === 'audio' || kind === 'video') return previewRecording(kind, file, content);
  if (kind === 'pdf' && navigator.pdfViewerEnabled) return previewPdf(await content.blob(file.id, 'application/pdf'), file.name);
  const isTable = kind === 'spreadsheet' && /^text\//.test(file.mimeType);
  const isText = isTable || kind === 'code' || kind === 'data' || kind === 'email' || kind === 'markdown' || kind === 'text';
  if (!isText) return { element: nothing(t('viewer.none')) };
  const { text, isCut } = await content.text(file.id);
  const body = isTable ? tableOf(text) : kind === 'markdown' ? new MarkdownBody({ text }).element : textOf(text, file.name);
  return { element: h('div', { class: 'preview-text' }, body, isCut && note(t('viewer.cut'))) };
}

/**
 * @param {ViewedFile} file
 * @param {import('./file-content.js').FileContent} content
 * @returns {Promise<Preview>}
 */
async function previewPicture(file, content) {
  const url = BROWSER_IMAGES.has(file.mimeType) ? await content.url(file.id) : file.previewUrl;
  if (!url) return { element: nothing(t('viewer.none')) };
  const { element, tools } = picture({
    url, name: file.name, onError: () => element.replaceWith(nothing(t('error.file_lost'))),
  });
  return { element, tools };
}

/**
 * The browser's own player. It asks the bucket for the parts that it plays.
 * @param {'audio' | 'video'} kind
 * @param {ViewedFile} file
 * @param {import('./file-content.js').FileContent} content
 * @returns {Promise<Preview>}
 */
async function previewRecording(kind, file, content) {
  const player = h(kind, { class: `preview-${kind}`, controls: true, preload: 'metadata', 'aria-label': file.name });
  player.addEventListener('error', () => player.replaceWith(nothing(t('viewer.none'))));
  player.src = await content.url(file.id);
  return { element: player, release: () => player.removeAttribute('src') };
}

/**
 * The browser's own viewer, which runs apart from the page.
 * @param {Blob} blob
 * @param {string} name
 * @returns {Preview}
 */
function previewPdf(blob, name) {
  const url = URL.createObjectURL(blob);
  return {
    element: h('iframe', { class: 'preview-pdf', src: `${url}#navpanes=0&view=FitH`, title: name }),
    release: () => URL.revokeObjectURL(url),
  };
}

/** @param {string} text */
function tableOf(text) {
  const { rows: [head = [], ...rows], isCut } = parseTable(text, MAX_ROWS);
  return h('div', { class: 'preview-table', tabindex: '0', role: 'region', 'aria-label': t('viewer.table') },
    h('table', {},
      h('thead', {}, h('tr', {}, ...head.map((cell) => h('th', { scope: 'col', dir: 'auto', text: cell })))),
      h('tbody', {}, ...rows.map((row) =>
        h('tr', {}, ...row.map((cell) => h('td', { dir: 'auto', text: cell, class: isNumber(cell) ? 'is-number' : '' })))))),
    isCut && note(t('viewer.rows', { count: MAX_ROWS })));
}

/** @param {string} cell */
function isNumber(cell) {
  return /^[-+]?[\d.,\s]+%?$/.test(cell) && /\d/.test(cell);
}

/**
 * @param {string} text
 * @param {string} name
 */
function textOf(text, name) {
  const element = h('div', { class: 'markdown' }, codeElement(text, suffixOf(name).slice(1)));
  enrich(element);
  return element;
}

/** @param {string} text */
function note(text) {
  return h('p', { class: 'preview-note', text });
}

/** @param {string} text */
function nothing(text) {
  return h('div', { class: 'preview-none' }, icon('file'), h('p', { text }));
}
