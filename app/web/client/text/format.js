/** Sizes, speeds, kinds and days in words. */

const UNITS = ['KB', 'MB', 'GB'];

/** @param {number} bytes  1 KB is 1,024 bytes, as file managers show it. */
export function formatBytes(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 10 && !Number.isInteger(value) ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** @type {[RegExp, string][]} */
const KINDS = [
  [/^image\//, 'Image'],
  [/^application\/pdf$/, 'PDF'],
  [/wordprocessingml|msword|opendocument\.text|rtf/, 'Document'],
  [/spreadsheet|ms-excel|csv/, 'Spreadsheet'],
  [/presentation|powerpoint/, 'Presentation'],
  [/json|xml|yaml/, 'Data'],
  [/^text\/markdown$/, 'Markdown'],
  [/^text\//, 'Text'],
  [/zip|compressed/, 'Archive'],
  [/^message\//, 'E-mail'],
];

/**
 * A word for a MIME type, with the extension where the name has one: "Spreadsheet · CSV".
 * @param {string} mimeType
 */
export function describeKind(mimeType, name = '') {
  const kind = KINDS.find(([pattern]) => pattern.test(mimeType))?.[1] ?? 'File';
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
  if (!(time < midnight)) return 'Today';
  return time >= midnight - 24 * 3600 * 1000 ? 'Yesterday' : 'Earlier';
}
