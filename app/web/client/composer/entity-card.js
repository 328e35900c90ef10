/** What a mention stands for, in a few lines: its name, what it is, and a small picture of it. */

import { describeKind } from '../files/kinds.js';
import { formatBytes } from '../text/format.js';
import { h } from '../ui/dom.js';
import { language, t } from '../words.js';
import { kindOf } from './entity-kind.js';

/** @typedef {import('@openai/chatkit').Entity} Entity */

/**
 * What tells two of the same name apart: "Spreadsheet · CSV · 12 kB · 3 March 2026".
 * @param {Entity} entity  Its `data` as `/entities` gives it.
 */
export function factsOf({ id, title, data = {} }) {
  if (kindOf({ id }) === 'own') return '';
  const { kind, mime_type: mimeType, size, created_at: createdAt } = data;
  return [
    kind === 'thread' ? t('kind.chat') : mimeType && describeKind(mimeType, title),
    Number(size) > 0 && formatBytes(Number(size)),
    createdAt && new Intl.DateTimeFormat(language(), { dateStyle: 'long' }).format(new Date(createdAt)),
  ].filter(Boolean).join(' · ');
}

/**
 * @param {Entity} entity
 * @param {import('../protocol/api.js').Api} api
 * @param {AbortSignal} [signal]
 */
export function entityCard(entity, api, signal) {
  return kindOf(entity) === 'own' ? ownCard(entity, api, signal) : fileCard(entity, api, signal);
}

/**
 * The preview that the assistant gives, or the title where it gives none.
 * @param {Entity} entity
 * @param {import('../protocol/api.js').Api} api
 * @param {AbortSignal} [signal]
 */
function ownCard({ id, title, interactive }, api, signal) {
  const element = h('div', { class: 'entity-card' }, h('strong', { class: 'entity-title', dir: 'auto', text: title }));
  const show = async () => {
    const { preview } = await api.entityPreview(id, signal);
    if (!preview) return;
    const { WidgetView } = await import('../widgets/widget-view.js');
    const view = new WidgetView(async () => undefined); // ChatKit's previews have no actions
    view.update(preview);
    element.replaceChildren(view.element);
  };
  if (interactive) show().catch(() => undefined); // the title alone must do
  return element;
}

/**
 * @param {Entity} entity
 * @param {import('../protocol/api.js').Api} api
 * @param {AbortSignal} [signal]
 */
function fileCard(entity, api, signal) {
  const { title, data = {} } = entity;
  const picture = h('img', { class: 'entity-picture', alt: '', hidden: true });
  if (data.mime_type?.startsWith('image/')) {
    void showPicture(picture, entity.id, api, signal);
  }
  return h('div', { class: 'entity-card' },
    picture,
    h('div', { class: 'entity-lines' },
      h('strong', { class: 'entity-title', dir: 'auto', text: title }),
      h('span', { class: 'entity-facts', text: factsOf(entity) }),
      data.kind === 'attachment' && data.thread_title &&
        h('span', { class: 'entity-facts', dir: 'auto', text: t('mention.in', { title: data.thread_title }) })));
}

/**
 * @param {HTMLImageElement} picture
 * @param {string} id
 * @param {import('../protocol/api.js').Api} api
 * @param {AbortSignal} [signal]
 */
async function showPicture(picture, id, api, signal) {
  // The lines alone must do where there is no picture: it is a courtesy.
  const { preview } = await api.entityPreview(id, signal).catch(() => ({ preview: null }));
  const url = preview && pictureIn(preview);
  if (!url) return;
  picture.src = url;
  picture.hidden = false;
  picture.addEventListener('error', () => picture.remove());
}

/**
 * The address of the first image in a widget.
 * @param {import('../protocol/chatkit').WidgetRoot | import('../protocol/chatkit').WidgetComponent} widget
 * @returns {string | undefined}
 */
function pictureIn(widget) {
  if (widget.type === 'Image') return widget.src;
  const children = 'children' in widget ? [widget.children ?? []].flat() : [];
  return children.map(pictureIn).find(Boolean);
}
