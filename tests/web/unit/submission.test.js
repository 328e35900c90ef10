import assert from 'node:assert/strict';
import { test } from 'node:test';

import { submissionOf } from '../../../app/web/client/thread/submission.js';

test('questions without an answer are skipped', () => {
  assert.deepEqual(submissionOf({ size: ['Large', ' '], note: ['  '] }), {
    status: 'answered',
    answers: { size: { values: ['Large'], skipped: false }, note: { values: [], skipped: true } },
  });
});

test('a form without any answer is skipped', () => {
  assert.equal(submissionOf({ size: [], note: [''] }).status, 'skipped');
});
