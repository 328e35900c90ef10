/** Shows a message's attachments, and keeps their previews alive after the links expire. */

import { fileName } from '../files/file-name.js';
import { describeKind } from '../files/kinds.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { attachmentsOf } from './thread-state.js';

/**
 * @typedef {import('../protocol/chatkit').Attachment} Attachment
 * @typedef {import('../protocol/chatkit').ImageAttachment} ImageAttachment
 * @typedef {Pick<import('./item-view.js').ItemActions, 'openAttachment' | 'previewExpired'>} Actions
 */

/**
 * @param {Attachment[]} attachments
 * @param {Actions} actions
 */
export function renderAttachments(attachments, actions) {
  const images = attachments.filter((attachment) => attachment.type === 'image');
  const files = attachments.filter(({ type }) => type !== 'image');
  return h(
    'div',
    { class: 'attachments' },
    images.length > 0 &&
      h('div', { class: 'attachment-images', dataset: { count: String(images.length) } },
        ...images.map((attachment) => imageTile(attachment, actions))),
    ...files.map((attachment) => fileCard(attachment, actions)),
  );
}

/**
 * @param {ImageAttachment} attachment
 * @param {Actions} actions
 */
function imageTile(attachment, actions) {
  const picture = h('img', {
    src: attachment.preview_url,
    alt: attachment.name,
    loading: 'lazy',
    dataset: { attachmentId: attachment.id },
  });
  picture.addEventListener('load', () => delete picture.dataset.renewed);
  picture.addEventListener('error', () => {
    if (picture.dataset.renewed) {
      picture.replaceWith(missingPicture(attachment)); // a fresh link did not help either
      return;
    }
    picture.dataset.renewed = 'true';
    actions.previewExpired();
  });
  return h(
    'button',
    {
      type: 'button',
      class: 'attachment-image',
      title: attachment.name,
      'aria-label': t('file.open.image', { name: attachment.name }),
      on: { click: () => actions.openAttachment(attachment) },
    },
    picture,
  );
}

/** @param {ImageAttachment} attachment */
function missingPicture(attachment) {
  return h('span', { class: 'attachment-missing' }, icon('image'), h('span', { text: attachment.name }));
}

/**
 * @param {Attachment} attachment
 * @param {Actions} actions
 */
function fileCard(attachment, actions) {
  return h(
    'button',
    {
      type: 'button',
      class: 'attachment-file',
      title: attachment.name,
      'aria-label': t('file.open', { name: attachment.name }),
      on: { click: () => actions.openAttachment(attachment) },
    },
    h('span', { class: 'file-icon' }, icon('file')),
    h('span', { class: 'file-text' },
      fileName(attachment.name),
      h('span', { class: 'file-kind', text: describeKind(attachment.mime_type, attachment.name) })),
  );
}

/**
 * Gives pictures on the screen the links that the thread has just been loaded with.
 * @param {ParentNode} root
 * @param {import('../protocol/chatkit').ThreadItem[]} items
 */
export function renewPreviews(root, items) {
  const fresh = new Map(
    items
      .flatMap(attachmentsOf)
      .filter((attachment) => attachment.type === 'image')
      .map(({ id, preview_url: url }) => [id, url]),
  );
  /** @type {NodeListOf<HTMLImageElement>} */
  const pictures = root.querySelectorAll('img[data-attachment-id]');
  for (const picture of pictures) {
    const url = fresh.get(picture.dataset.attachmentId ?? '');
    const isBroken = picture.dataset.renewed || (picture.complete && picture.naturalWidth === 0);
    // Assigning the same address again makes the browser ask again.
    if (url && isBroken) picture.src = url;
  }
}
