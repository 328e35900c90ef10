import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ratings } from '../../../app/web/client/thread/ratings.js';

/** @returns {Pick<Storage, 'getItem' | 'setItem'>} */
function storage() {
  /** @type {Map<string, string>} */
  const values = new Map();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => void values.set(key, value) };
}

test('a rating survives a reload and can be changed', () => {
  const kept = storage();
  new Ratings(kept).set('msg_1', 'positive');
  assert.equal(new Ratings(kept).of('msg_1'), 'positive');
  new Ratings(kept).set('msg_1', 'negative');
  assert.equal(new Ratings(kept).of('msg_1'), 'negative');
  assert.equal(new Ratings(kept).of('msg_2'), undefined);
});

test('the oldest rating is forgotten', () => {
  const ratings = new Ratings(storage());
  for (let number = 0; number <= 500; number += 1) ratings.set(`msg_${number}`, 'positive');
  assert.equal(ratings.of('msg_0'), undefined);
  assert.equal(ratings.of('msg_1'), 'positive');
  assert.equal(ratings.of('msg_500'), 'positive');
});

test('what is not readable is no rating', () => {
  const kept = storage();
  kept.setItem('chat.ratings', '{');
  assert.equal(new Ratings(kept).of('msg_1'), undefined);
});
