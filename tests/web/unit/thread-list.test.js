import assert from 'node:assert/strict';
import { test } from 'node:test';

import { byPeriod, ThreadList, timeOf } from '../../../app/web/client/history/thread-list.js';

const now = new Date(2026, 2, 20, 15, 0);
/** @param {string} id @param {Date} when */
const thread = (id, when) => ({ id, title: id, activeAt: when.getTime() });

test('the chat that something was said in last comes first', () => {
  const list = new ThreadList();
  list.add([thread('a', new Date(2026, 2, 1)), thread('b', new Date(2026, 2, 2))]);
  assert.deepEqual(list.threads.map(({ id }) => id), ['b', 'a']);
  list.add([thread('a', now)]);
  assert.deepEqual(list.threads.map(({ id }) => id), ['a', 'b']);
});

test('chats stand under the day, the week or the month of their last message', () => {
  const threads = [
    thread('today', new Date(2026, 2, 20, 0, 1)), thread('yesterday', new Date(2026, 2, 19, 23, 59)),
    thread('this week', new Date(2026, 2, 14)), thread('this month', new Date(2026, 2, 2)),
    thread('the month before', new Date(2026, 1, 2)), thread('the same', new Date(2026, 1, 1)),
  ];
  const groups = byPeriod(threads, now);
  assert.deepEqual(groups.map(({ period }) => period.kind), ['today', 'yesterday', 'week', 'month', 'month']);
  assert.deepEqual(groups.at(-1)?.threads.map(({ id }) => id), ['the month before', 'the same']);
});

test('a time without a zone is the server’s', () => {
  assert.equal(timeOf('2026-03-20T12:00:00', 120), Date.UTC(2026, 2, 20, 10));
  assert.equal(timeOf('2026-03-20T12:00:00Z', 120), Date.UTC(2026, 2, 20, 12));
});
