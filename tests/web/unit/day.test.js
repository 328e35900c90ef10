import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { dayInWords } from '../../../app/web/client/history/day.js';

test('a day is said with its year only if that is another one', () => {
  const now = new Date(2026, 2, 20, 15);
  assert.equal(dayInWords(new Date(2026, 2, 20, 0, 1).getTime(), now), 'Today');
  assert.equal(dayInWords(new Date(2026, 2, 19, 23).getTime(), now), 'Mar 19');
  assert.equal(dayInWords(new Date(2025, 2, 20).getTime(), now), 'Mar 20, 2025');
});
