import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openMention, splitMentions, toContent } from '../../../app/web/client/composer/mention-text.js';

const plan = { id: 'atc_1', title: 'plan.pdf' };
const planB = { id: 'atc_2', title: 'plan.pdf' };

test('a mention is open from its @ to the caret', () => {
  assert.deepEqual(openMention('See @pl', 7), { query: 'pl', start: 4 });
  assert.equal(openMention('mail@example', 12), null);
});

test('two mentions of the same name stand for the entities in the order of their choosing', () => {
  const parts = splitMentions('@plan.pdf or @plan.pdf?', [plan, planB]);
  assert.deepEqual(parts.map(({ entity }) => entity?.id), ['atc_1', undefined, 'atc_2', undefined]);
});

test('what is left of a mention that was edited is text', () => {
  assert.deepEqual(toContent('See @plan', [plan]), [{ type: 'input_text', text: 'See @plan' }]);
});
