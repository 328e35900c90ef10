/** Which day a chat belongs to. */

import { t } from '../words.js';

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
