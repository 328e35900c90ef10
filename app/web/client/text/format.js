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
 * Keeps the end of a long name visible, where its extension is.
 * @param {string} name
 * @returns {[string, string]}
 */
export function splitName(name) {
  const characters = [...name];
  if (characters.length <= 14) return [name, ''];
  return [characters.slice(0, -8).join(''), characters.slice(-8).join('')];
}
