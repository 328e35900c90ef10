/** What kind of file a MIME type stands for, in a word. */

import { t } from '../words.js';

/**
 * @typedef {'archive' | 'audio' | 'code' | 'data' | 'document' | 'email' | 'file' | 'image' | 'markdown' | 'pdf' |
 *   'presentation' | 'spreadsheet' | 'text' | 'video'} Kind
 */

/** @type {[RegExp, Kind][]} */
const KINDS = [
  [/^image\//, 'image'],
  [/^audio\//, 'audio'],
  [/^video\//, 'video'],
  [/^application\/pdf$/, 'pdf'],
  [/wordprocessingml|msword|opendocument\.text|rtf|apple\.pages/, 'document'],
  [/spreadsheet|ms-excel|csv|tab-separated|apple\.numbers/, 'spreadsheet'],
  [/presentation|powerpoint|apple\.keynote/, 'presentation'],
  [/json|xml|yaml/, 'data'],
  [/^text\/markdown$/, 'markdown'],
  [/^text\/(?!plain|html)/, 'code'],
  [/^text\//, 'text'],
  [/zip|compressed/, 'archive'],
  [/^message\//, 'email'],
];
/** Suffixes of source code that travels as text/plain. */
const CODE = /^\.(?:[ch]|cpp|cs|go|jsx?|kt|php|rb|rs|sh|sql|swift|tsx?)$/;

/**
 * @param {string} mimeType
 * @param {string} [suffix]  Lower case, with its dot.
 * @returns {Kind}
 */
export function kindOf(mimeType, suffix = '') {
  if (mimeType.startsWith('text/') && CODE.test(suffix)) return 'code';
  return KINDS.find(([pattern]) => pattern.test(mimeType))?.[1] ?? 'file';
}

/**
 * A word for a file's type, with the suffix where its name has one: "Spreadsheet · CSV".
 * @param {string} mimeType
 */
export function describeKind(mimeType, name = '') {
  const suffix = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1] ?? '';
  const kind = t(`kind.${kindOf(mimeType, `.${suffix.toLowerCase()}`)}`);
  return !suffix || suffix.toUpperCase() === kind.toUpperCase() ? kind : `${kind} · ${suffix.toUpperCase()}`;
}
