/** A day in few words. No DOM here. */

import { language, t } from '../words.js';

/**
 * @param {number} time  Milliseconds since 1970.
 * @param {Date} now
 */
export function dayInWords(time, now) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (time >= midnight) return t('day.today');
  const day = new Date(time);
  const isThisYear = day.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(language(), {
    day: 'numeric', month: 'short', ...(isThisYear ? {} : { year: 'numeric' }),
  }).format(day);
}
