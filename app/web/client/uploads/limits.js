/** What may be attached, by the limits in `config.json`: stated once, on the server. */

import { formatBytes } from '../text/format.js';
import { t } from '../words.js';

/** @typedef {import('../../page-config.js').PageConfig['limits']} Limits */

/**
 * Browsers leave `type` empty for names they don't know: fall back on the server's table.
 * @param {File} file
 * @param {Limits} limits
 */
export function mimeTypeOf(file, limits) {
  if (file.type) return file.type.replace(/;.*/, '').trim().toLowerCase();
  const extension = /\.[^.]+$/.exec(file.name)?.[0]?.toLowerCase() ?? '';
  return limits.extensions[extension] ?? 'application/octet-stream';
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
 * @param {File} file
 * @param {Limits} limits
 */
export function refusal(file, limits) {
  if (file.size === 0) return t('file.empty');
  if (file.size > limits.maxAttachmentBytes) {
    return t('file.large', { size: formatBytes(file.size), limit: formatBytes(limits.maxAttachmentBytes) });
  }
  const mimeType = mimeTypeOf(file, limits);
  if (!isAllowedType(mimeType, limits)) return t('file.type', { type: mimeType });
  return null;
}

/**
 * The `accept` attribute of the file picker.
 * @param {Limits} limits
 */
export function pickerAccept(limits) {
  const wholeTypes = limits.allowedMimeTypes.filter((pattern) => /^[\w-]+\/(\*|[^*]+)$/.test(pattern));
  return [...wholeTypes, ...Object.keys(limits.extensions)].join(',');
}
