/** What may be attached, by the limits that the server states. */

import { kindOf } from '../files/kinds.js';
import { formatBytes } from '../text/format.js';
import { language, t } from '../words.js';

/** @typedef {import('../../page-config.js').PageConfig['limits']} Limits */

/**
 * The MIME type of a file: by its suffix or its name first, since systems disagree about the types
 * of one suffix (`.yaml`, `.ts`), then by what the browser says.
 * @param {{name: string, type: string}} file
 * @param {import('../../page-config.js').FileTypes} fileTypes
 */
export function mimeTypeOf({ name, type }, { suffixes, names, aliases }) {
  const known = suffixes[suffixOf(name)] ?? names[name.toLowerCase()];
  if (known) return known;
  const said = type.replace(/;.*/, '').trim().toLowerCase();
  return aliases[said] ?? (said || 'application/octet-stream');
}

/**
 * ".csv" of "a.CSV"; "" where there is none.
 * @param {string} name
 */
export function suffixOf(name) {
  return /\.[^.\s]+$/.exec(name)?.[0].toLowerCase() ?? '';
}

/**
 * @param {string} mimeType
 * @param {Limits} limits
 */
export function isAllowedType(mimeType, limits) {
  return limits.allowedMimeTypes.some((pattern) => {
    const [start = '', ...rest] = pattern.toLowerCase().split('*');
    return rest.length === 0
      ? mimeType === start
      : mimeType.startsWith(start) && mimeType.endsWith(rest.join('*'));
  });
}

/**
 * Why a file can't be attached, in words; null when it can.
 * @param {{name: string, type: string, size: number}} file
 * @param {Limits} limits
 */
export function refusal(file, limits) {
  if (file.size === 0) return t('file.empty');
  if (file.size > limits.maxAttachmentBytes) {
    return t('file.large', { size: formatBytes(file.size), limit: formatBytes(limits.maxAttachmentBytes) });
  }
  if (isAllowedType(mimeTypeOf(file, limits.fileTypes), limits)) return null;
  const suffix = suffixOf(file.name);
  const kinds = allowedKinds(limits);
  return suffix ? t('file.suffix', { suffix, kinds }) : t('file.unknown', { kinds });
}

/**
 * What can be attached: "images, PDF and text".
 * @param {Limits} limits
 */
export function allowedKinds({ fileTypes }) {
  const kinds = new Set(Object.entries(fileTypes.suffixes).map(([suffix, type]) => kindOf(type, suffix)));
  if (kinds.size > 1) kinds.delete('file'); // "other files" says nothing to those whose file is refused
  const names = [...kinds].map((kind) => t(`kinds.${kind}`));
  return new Intl.ListFormat(language(), { type: 'conjunction' }).format(names);
}

/**
 * The `accept` attribute of the file picker.
 * @param {Limits} limits
 */
export function pickerAccept({ allowedMimeTypes, fileTypes }) {
  const wholeTypes = allowedMimeTypes.filter((pattern) => /^[\w-]+\/(\*|[^*]+)$/.test(pattern));
  return [...wholeTypes, ...Object.keys(fileTypes.suffixes)].join(',');
}
