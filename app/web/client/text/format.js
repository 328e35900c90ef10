/** Sizes, speeds, kinds and days in words. */

import { language, t } from '../words.js';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

/**
 * @param {number} bytes  1 kB is 1,024 bytes, as file managers show it.
 * @param {{perSecond?: boolean}} [options]
 */
export function formatBytes(bytes, { perSecond = false } = {}) {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < UNITS.length - 1) {
    value /= 1024;
    step += 1;
  }
  return new Intl.NumberFormat(language(), {
    style: 'unit',
    unit: `${UNITS[step]}${perSecond ? '-per-second' : ''}`,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

/** @type {[RegExp, import('../words.js').Key][]} */
const KINDS = [
  [/^image\//, 'kind.image'],
  [/^application\/pdf$/, 'kind.pdf'],
  [/wordprocessingml|msword|opendocument\.text|rtf/, 'kind.document'],
  [/spreadsheet|ms-excel|csv/, 'kind.spreadsheet'],
  [/presentation|powerpoint/, 'kind.presentation'],
  [/json|xml|yaml/, 'kind.data'],
  [/^text\/markdown$/, 'kind.markdown'],
  [/^text\//, 'kind.text'],
  [/zip|compressed/, 'kind.archive'],
  [/^message\//, 'kind.email'],
];

/**
 * A word for a MIME type, with the extension where the name has one: "Spreadsheet · CSV".
 * @param {string} mimeType
 */
export function describeKind(mimeType, name = '') {
  const kind = t(KINDS.find(([pattern]) => pattern.test(mimeType))?.[1] ?? 'kind.file');
  const extension = /\.([a-z0-9]{1,5})$/i.exec(name)?.[1]?.toUpperCase();
  return !extension || extension === kind.toUpperCase() ? kind : `${kind} · ${extension}`;
}

/**
 * Keeps the end of a long name visible, where its extension is.
 * @param {string} name
 * @returns {[string, string]}
 */
export function splitName(name) {
  const characters = [...name];
  if (characters.length <= 14) return [name, ''];
  return [characters.slice(0, -8).join(''), characters.slice(-8).join('')];
}

/**
 * "Today", "Yesterday", "Earlier". The SDK's timestamps are the server's local time without a zone.
 * @param {string} timestamp
 * @param {number} utcOffsetMinutes  The server's offset from UTC.
 */
export function dayGroup(timestamp, utcOffsetMinutes, now = new Date()) {
  const zoned = /Z$|[+-]\d\d:\d\d$/.test(timestamp);
  const time = zoned
    ? Date.parse(timestamp)
    : Date.parse(`${timestamp}Z`) - utcOffsetMinutes * 60_000;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (!(time < midnight)) return t('day.today');
  return time >= midnight - 24 * 3600 * 1000 ? t('day.yesterday') : t('day.earlier');
}
