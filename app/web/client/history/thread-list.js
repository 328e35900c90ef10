/** The chats of a person, the latest first, without DOM. */

/**
 * `activeAt`: milliseconds since 1970, of the last message.
 * @typedef {{id: string, title: string | null, activeAt: number}} ListedThread
 */

const DAY_MS = 24 * 3600 * 1000;

export class ThreadList {
  /** @type {ListedThread[]} */
  threads = [];

  /**
   * Takes over the newest threads: what is not among them, though it would be as new, is gone.
   * @param {ListedThread[]} newest
   * @param {boolean} areAll  There are no others.
   */
  refresh(newest, areAll) {
    const oldest = areAll ? -Infinity : Math.min(...newest.map(({ activeAt }) => activeAt));
    this.threads = this.threads.filter(({ activeAt }) => activeAt < oldest);
    this.add(newest);
  }

  /**
   * Adds threads, or takes over what is new of them.
   * @param {ListedThread[]} threads
   */
  add(threads) {
    const byId = new Map([...this.threads, ...threads].map((thread) => [thread.id, thread]));
    this.threads = [...byId.values()].sort((a, b) => b.activeAt - a.activeAt);
  }

  /** @param {string} threadId */
  remove(threadId) {
    this.threads = this.threads.filter(({ id }) => id !== threadId);
  }

  /** @param {string} threadId */
  find(threadId) {
    return this.threads.find(({ id }) => id === threadId);
  }
}

/**
 * When something was, by the calendar of the reader.
 * @typedef {{kind: 'today' | 'yesterday' | 'week'} | {kind: 'month', month: Date}} Period
 */

/**
 * @param {number} time  Milliseconds since 1970.
 * @param {Date} now
 * @returns {Period}
 */
export function periodOf(time, now) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (time >= midnight) return { kind: 'today' };
  if (time >= midnight - DAY_MS) return { kind: 'yesterday' };
  if (time >= midnight - 7 * DAY_MS) return { kind: 'week' };
  const day = new Date(time);
  return { kind: 'month', month: new Date(day.getFullYear(), day.getMonth()) };
}

/**
 * The threads in groups of one period each; both stay in their order.
 * @param {ListedThread[]} threads
 * @param {Date} now
 */
export function byPeriod(threads, now) {
  /** @type {{period: Period, threads: ListedThread[]}[]} */
  const groups = [];
  for (const thread of threads) {
    const period = periodOf(thread.activeAt, now);
    const last = groups.at(-1);
    if (last && isSame(last.period, period)) last.threads.push(thread);
    else groups.push({ period, threads: [thread] });
  }
  return groups;
}

/**
 * @param {Period} one
 * @param {Period} other
 */
function isSame(one, other) {
  if (one.kind === 'month' && other.kind === 'month') return one.month.getTime() === other.month.getTime();
  return one.kind === other.kind;
}

/**
 * Milliseconds since 1970 of one of the SDK's timestamps, which are the server's local time without
 * a zone.
 * @param {string} timestamp
 * @param {number} utcOffsetMinutes  The server's offset from UTC.
 */
export function timeOf(timestamp, utcOffsetMinutes) {
  const isZoned = /Z$|[+-]\d\d:\d\d$/.test(timestamp);
  return isZoned ? Date.parse(timestamp) : Date.parse(`${timestamp}Z`) - utcOffsetMinutes * 60_000;
}
