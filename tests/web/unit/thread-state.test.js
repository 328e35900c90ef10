import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plainText, ThreadState } from '../../../app/web/client/thread/thread-state.js';

const question = {
  id: 'u1', thread_id: 't', created_at: '2026-01-01T00:00:00', type: 'user_message',
  content: [{ type: 'input_text', text: 'Hello' }], attachments: [], inference_options: {},
};
const answer = { id: 'a1', thread_id: 't', created_at: '2026-01-01T00:00:00', type: 'assistant_message', content: [] };

/** @param {object} update */
const updated = (update) => ({ type: 'thread.item.updated', item_id: 'a1', update });

test('a streamed answer grows from its deltas', () => {
  const state = new ThreadState();
  state.apply({ type: 'thread.item.added', item: structuredClone(answer) });
  state.apply(updated({ type: 'assistant_message.content_part.text_delta', content_index: 0, delta: 'Good ' }));
  state.apply(updated({ type: 'assistant_message.content_part.text_delta', content_index: 0, delta: 'day' }));
  assert.equal(plainText(state.items[0]), 'Good day');
});

test('the message that the server has taken replaces the pending one', () => {
  const state = new ThreadState(null, [{ ...question, id: 'pending', pending: true }]);
  state.apply({ type: 'thread.item.done', item: question });
  assert.deepEqual(state.items, [question]);
});

test('only the answer to the last question can be asked for again', () => {
  const second = { ...question, id: 'u2' };
  const state = new ThreadState(null, [question, answer, second]);
  assert.equal(state.lastQuestion?.id, 'u2');
  assert.equal(state.lastAnswer, undefined);
  state.put({ ...answer, id: 'a2' });
  assert.equal(state.lastAnswer?.id, 'a2');
});

test('a mention is copied with its @', () => {
  const tag = { type: 'input_tag', id: 'atc_1', text: 'plan.pdf', data: {}, interactive: true };
  assert.equal(plainText({ ...question, content: [{ type: 'input_text', text: 'See ' }, tag] }), 'See @plan.pdf');
});
