/** Sizes, speeds and file names as people read them. */

import { language } from '../words.js';

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

/**
 * The stem and the suffix of a file's name: where there is little room, the stem is cut and the
 * suffix stays. Between the two no letters join and no characters belong together.
 * @param {string} name
 * @returns {[string, string]}
 */
export function splitName(name) {
  const suffix = /[^.]\.([a-z0-9]{1,8})$/i.exec(name)?.[1];
  return suffix ? [name.slice(0, -suffix.length - 1), `.${suffix}`] : [name, ''];
}

const MAX_TITLE_CHARACTERS = 60;

/**
 * The beginning of a text, on one line, as a title.
 * @param {string} text
 */
export function shortened(text) {
  const line = text.trim().replace(/\s+/g, ' ');
  if (line.length <= MAX_TITLE_CHARACTERS) return line;
  return `${line.slice(0, MAX_TITLE_CHARACTERS).replace(/\s+\S*$/, '')}…`;
}
