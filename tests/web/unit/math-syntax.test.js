import assert from 'node:assert/strict';
import { test } from 'node:test';

import { blockMath, inlineMath } from '../../../app/web/client/text/math-syntax.js';

test('a formula stands between dollars that touch it', () => {
  assert.equal(inlineMath('$a^2 + b$ is')?.tex, 'a^2 + b');
  assert.equal(inlineMath('$x$, so')?.tex, 'x');
  assert.equal(inlineMath('\\(a^2\\) is')?.tex, 'a^2');
});

test('amounts of money are no formula', () => {
  assert.equal(inlineMath('$5 and $10'), undefined);
  assert.equal(inlineMath('$ 5$'), undefined);
  assert.equal(inlineMath('$$'), undefined);
});

test('a dollar in a formula is escaped', () => {
  assert.equal(inlineMath('$\\$5 + x$')?.tex, '\\$5 + x');
});

test('a displayed formula has its own lines', () => {
  assert.deepEqual(blockMath('$$\nx\n$$\nand'), { type: 'math', raw: '$$\nx\n$$\n', tex: 'x', isBlock: true });
  assert.equal(blockMath('\\[\nx\n\\]')?.tex, 'x');
  assert.equal(blockMath('$$ $$'), undefined);
});
