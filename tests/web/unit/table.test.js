import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseTable, separatorOf } from '../../../app/web/client/files/table.js';

test('quotes hold separators, line ends and quotes', () => {
  const { rows } = parseTable('a,"b, c","d ""e"""\r\n"f\ng",,h\n', 100);
  assert.deepEqual(rows, [['a', 'b, c', 'd "e"'], ['f\ng', '', 'h']]);
});

test('the separator is the one of the first line', () => {
  assert.equal(separatorOf('a;b;c\n1,5;2,5;3'), ';');
  assert.equal(separatorOf('a\tb\n'), '\t');
  assert.equal(separatorOf('"a;b;c",d\n'), ',');
});

test('rows beyond the limit are left out, and that is said', () => {
  assert.deepEqual(parseTable('a\nb\nc\n', 2), { rows: [['a'], ['b']], isCut: true });
  assert.deepEqual(parseTable('a\nb\n', 2), { rows: [['a'], ['b']], isCut: false });
});

test('a byte order mark is no part of the first cell', () => {
  assert.deepEqual(parseTable('\ufeffa,b', 9).rows, [['a', 'b']]);
});
