import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { directionOf, t } from '../../../app/web/client/words.js';

test('a sentence takes its values', () => {
  assert.equal(t('file.open', { name: 'plan.pdf' }), 'Open plan.pdf');
});

test('a number chooses the words that go with it', () => {
  assert.equal(t('composer.not_uploaded', { count: 1 }), 'One file didn’t upload: retry or remove.');
  assert.equal(t('composer.not_uploaded', { count: 1200 }), '1,200 files didn’t upload: retry or remove.');
});

test('a value of another direction is isolated from the words around it', () => {
  assert.equal(t('file.open', { name: 'ملف.txt' }), 'Open \u2068ملف.txt\u2069');
});

test('a text runs in the direction of its first letter', () => {
  assert.equal(directionOf('1. one ملف'), 'ltr');
  assert.equal(directionOf('– «ملف» one'), 'rtl');
  assert.equal(directionOf('1 – 2'), null);
});
