import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UnfinishedAnswers } from '../../../app/web/client/thread/unfinished.js';

/** What all tabs of a browser share. */
function browser() {
  const stored = new Map();
  const held = new Map();
  return {
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
    locks: {
      request(name, work) {
        held.set(name, true);
        return Promise.resolve(work()).then(() => held.delete(name));
      },
      query: async () => ({ held: [...held.keys()].map((name) => ({ name })) }),
    },
    closeTabs: () => held.clear(),
  };
}

test('an answer whose page was closed was cut off', async () => {
  const { storage, locks, closeTabs } = browser();
  new UnfinishedAnswers(storage, locks).begin('thr_1');
  closeTabs();
  assert.equal(await new UnfinishedAnswers(storage, locks).isCutOff('thr_1'), true);
});

test('an answer that another tab is receiving was not', async () => {
  const { storage, locks } = browser();
  new UnfinishedAnswers(storage, locks).begin('thr_1');
  assert.equal(await new UnfinishedAnswers(storage, locks).isCutOff('thr_1'), false);
});

test('an answer that came to its end was not', async () => {
  const { storage, locks } = browser();
  const answers = new UnfinishedAnswers(storage, locks);
  answers.begin('thr_1');
  answers.end('thr_1', { isCutOff: false });
  assert.equal(await answers.isCutOff('thr_1'), false);
});

test('an answer whose connection was lost was', async () => {
  const { storage, locks } = browser();
  const answers = new UnfinishedAnswers(storage, locks);
  answers.begin('thr_1');
  answers.end('thr_1', { isCutOff: true });
  await new Promise(setImmediate);
  assert.equal(await answers.isCutOff('thr_1'), true);
});
