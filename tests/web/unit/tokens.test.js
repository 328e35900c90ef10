import assert from 'node:assert/strict';
import { test } from 'node:test';

import { color, edges, length, radius, space } from '../../../app/web/client/widgets/tokens.js';

test('numbers are pixels as lengths, and quarters of a rem as spaces', () => {
  assert.equal(length(120), '120px');
  assert.equal(length('50%'), '50%');
  assert.equal(space(4), '1rem');
  assert.equal(space('1.5'), '0.375rem');
  assert.equal(space('12px'), '12px');
});

test('what is no length or colour is left out, so that a widget can load nothing', () => {
  for (const value of ['url(https://x.example/)', '1px; color: red', 'var(--ink)', undefined]) {
    assert.equal(length(value), null);
    assert.equal(color(value), null);
  }
});

test('colours are tokens, names with a step, CSS, or a pair for the themes', () => {
  assert.equal(color('secondary'), 'var(--muted)');
  assert.equal(color('#ff0000'), '#ff0000');
  assert.match(color('red-100'), /^oklch\(0\.910 /);
  assert.equal(color({ light: '#fff', dark: '#000' }), 'light-dark(#fff, #000)');
  assert.equal(color('toString'), null);
});

test('a radius is a token', () => {
  assert.equal(radius('md'), '8px');
  assert.equal(radius('constructor'), null);
});

test('edges come from one value, from both axes, or each by its own', () => {
  const isSingle = (value) => typeof value !== 'object';
  assert.deepEqual(edges(2, isSingle), { top: 2, right: 2, bottom: 2, left: 2 });
  assert.deepEqual(edges({ x: 4, top: 1 }, isSingle), { top: 1, right: 4, left: 4 });
  assert.deepEqual(edges(undefined, isSingle), {});
});
