import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { Conversation } from '../../../app/web/client/thread/conversation.js';

const AT = '2026-01-01T00:00:00';
const thread = { id: 't1', created_at: AT, status: { type: 'active' }, metadata: {} };
const question = {
  id: 'u1', thread_id: 't1', created_at: AT, type: 'user_message',
  content: [{ type: 'input_text', text: 'Hello' }], attachments: [], inference_options: {},
};
const call = {
  id: 'c1', thread_id: 't1', created_at: AT, type: 'client_tool_call', status: 'pending', call_id: 'call_1',
  name: 'place', arguments: { x: 1 },
};
const answer = { id: 'a1', thread_id: 't1', created_at: AT, type: 'assistant_message', content: [] };
const options = (allowCancel) => ({ type: 'stream_options', stream_options: { allow_cancel: allowCancel } });
const done = (item) => ({ type: 'thread.item.done', item });

/**
 * A conversation with a thread; each stream is answered with the next list of events. An Error among
 * them is thrown.
 */
function conversation(streams, runTool = async () => ({})) {
  const requests = [];
  const api = {
    requests,
    async *stream(request, signal) {
      requests.push(request);
      for (const event of streams.shift() ?? []) {
        signal.throwIfAborted();
        if (event instanceof Error) throw event;
        yield event;
      }
    },
    async call(type, params) {
      requests.push({ type, params });
      return streams.shift();
    },
  };
  const made = new Conversation(api, null, runTool);
  made.state.thread = thread;
  made.state.items = [question];
  return { made, requests };
}

test('an action of a widget is streamed, with the widget it comes from', async () => {
  const { made, requests } = conversation([[options(true), done(answer)]]);
  await made.act({ type: 'buy', payload: { id: 7 } }, { itemId: 'w1' });
  assert.deepEqual(requests, [{
    type: 'threads.custom_action', params: { thread_id: 't1', item_id: 'w1', action: { type: 'buy', payload: { id: 7 } } },
  }]);
  assert.equal(made.state.items.at(-1).id, 'a1');
});

test('an action that is not streamed changes one item', async () => {
  const { made, requests } = conversation([{ updated_item: { ...answer, id: 'w1' } }]);
  await made.act({ type: 'like' }, { itemId: 'w1', isStreamed: false });
  assert.equal(requests[0].type, 'threads.sync_custom_action');
  assert.equal(made.state.items.at(-1).id, 'w1');
});

test('a tool of the page is run, and the answer goes on with its output', async () => {
  const calls = [];
  const { made, requests } = conversation(
    [[options(true), done(call)], [options(true), done(answer)]],
    async (each) => (calls.push(each), { placed: true }),
  );
  await made.act({ type: 'start' });
  assert.deepEqual(calls, [{ name: 'place', params: { x: 1 } }]);
  assert.deepEqual(requests[1], { type: 'threads.add_client_tool_output', params: { thread_id: 't1', result: { placed: true } } });
  assert.deepEqual(made.state.items.map(({ id }) => id), ['u1', 'c1', 'a1']);
  assert.equal(made.state.find('c1').status, 'completed');
});

test('a tool that is under way can be stopped', async () => {
  const { made, requests } = conversation([[options(true), done(call)]], () => new Promise(() => undefined));
  const acting = made.act({ type: 'start' });
  while (!made.state.pendingToolCall) await new Promise(setImmediate);
  await new Promise(setImmediate);
  made.stop();
  await acting;
  assert.equal(made.isAnswering, false);
  assert.equal(requests.length, 1);
});

test('what the server has not taken is sent again, and an action always', async () => {
  const lost = Object.assign(new Error('lost'), { name: 'ApiError' });
  const { made, requests } = conversation([[lost], [options(true), lost], [options(true), done(answer)], [lost], []]);
  await made.act({ type: 'buy' });
  await made.retry();
  await made.retry();
  assert.deepEqual(requests.map(({ type }) => type), Array(3).fill('threads.custom_action'));
  await made.answerQuestions('q1', { status: 'skipped', answers: {} });
  await made.retry();
  assert.deepEqual(requests.slice(3).map(({ type }) => type), Array(2).fill('threads.add_structured_input'));
});

test('once the answers to questions are taken, "Try again" answers the last question', async () => {
  const lost = Object.assign(new Error('lost'), { name: 'ApiError' });
  const { made, requests } = conversation([[options(true), lost], []]);
  await made.answerQuestions('q1', { status: 'skipped', answers: {} });
  await made.retry();
  assert.deepEqual(requests[1], { type: 'threads.retry_after_item', params: { thread_id: 't1', item_id: 'u1' } });
});

test('an answer that must not be stopped goes on', async () => {
  const { made } = conversation([[options(false), done(answer)]]);
  made.addEventListener('change', () => {
    if (!made.state.canCancel) made.stop();
  });
  await made.act({ type: 'pay' });
  assert.equal(made.state.canCancel, false);
  assert.equal(made.state.items.at(-1).id, 'a1');
});

test('effects are passed on', async () => {
  const effect = { type: 'client_effect', name: 'highlight', data: { id: 3 } };
  const { made } = conversation([[effect]]);
  const seen = [];
  made.addEventListener('effect', (event) => seen.push(event.detail));
  await made.act({ type: 'show' });
  assert.deepEqual(seen, [effect]);
});

test('a closed thread says why', () => {
  const { made } = conversation([]);
  assert.equal(made.state.closed, null);
  made.state.apply({ type: 'thread.updated', thread: { ...thread, status: { type: 'closed', reason: 'Solved.' }, items: {} } });
  assert.deepEqual(made.state.closed, { type: 'closed', reason: 'Solved.' });
});

test('a message that was waited for and then refused is not taken, and can not be answered again', async () => {
  const progress = { type: 'progress_update', icon: 'clock', text: 'Waiting' };
  const { made } = conversation([[progress, { type: 'error', message: 'The file storage failed.', allow_retry: false }]]);
  const isTaken = await made.send({ content: question.content, attachments: [] });
  assert.equal(isTaken, false);
  assert.deepEqual(made.state.items.map(({ id }) => id), ['u1']);
  assert.deepEqual([made.state.error.message, made.state.error.canRetry], ['The file storage failed.', false]);
});
