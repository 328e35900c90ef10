import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withMarks } from '../../../app/web/client/text/citations.js';

/** @param {string} url @param {number} [index] */
const cites = (url, index) => ({ type: 'annotation', source: { type: 'url', title: url, url }, index });
/** @param {string} text @param {...object} annotations */
const marked = (text, ...annotations) => withMarks(text, annotations).text.replace(/\ufffc(\d+)\ufffc/g, '[$1]');

test('a citation stands where its index says, in characters', () => {
  assert.equal(marked('Water 💧 boils. Ice melts.', cites('https://a', 13), cites('https://b', 24)),
    'Water 💧 boils[1]. Ice melts[2].');
});

test('sources are listed once, in the order of the text', () => {
  const { text, sources } = withMarks('One. Two. Three.', [
    cites('https://b', 9), cites('https://last'), cites('https://a', 4), cites('https://b', 16), undefined,
  ]);
  assert.deepEqual(sources.map(({ url }) => url), ['https://a', 'https://b', 'https://last']);
  assert.equal(text.replace(/\ufffc/g, '|'), 'One.|1| Two.|2| Three.|2|');
});

test('an index beyond the text is its end, and one at the start of a line is the end of the line before', () => {
  assert.equal(marked('Short.', cites('https://a', 99)), 'Short.[1]');
  assert.equal(marked('One.\n\n- two', cites('https://a', 6)), 'One.[1]\n\n- two');
  assert.equal(marked('# Title', cites('https://a', 0)), '# Title');
});

test('code, formulas, links and addresses stay whole', () => {
  assert.equal(marked('Call `f(x)` now', cites('https://a', 8)), 'Call `f(x)`[1] now');
  assert.equal(marked('So $a^2$ is', cites('https://a', 5)), 'So $a^2$[1] is');
  assert.equal(marked('See [this](https://x.org/a) here', cites('https://a', 15)), 'See [this](https://x.org/a)[1] here');
  assert.equal(marked('See https://x.org', cites('https://a', 17)), 'See https://x.org [1]');
  assert.equal(marked('```js\nlet a;\n```\nDone', cites('https://a', 9)), '```js\nlet a;\n```\n\n[1]\nDone');
});

test('the rows of a table keep their cells', () => {
  const table = '| a | b |\n|---|---|\n| 1 | 2 |';
  assert.equal(marked(table, cites('https://a', 29)), '| a | b |\n|---|---|\n| 1 | 2 [1]|');
  assert.equal(marked(table, cites('https://a', 15)), '| a | b [1]|\n|---|---|\n| 1 | 2 |');
});
