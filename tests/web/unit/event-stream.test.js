import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dataOf, readEvents } from '../../../app/web/client/protocol/event-stream.js';

/** @param {string[]} pieces */
async function eventsOf(pieces) {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

test('events arrive whole, however the network cuts them', async () => {
  const stream = 'data: {"type":"a"}\n\ndata: {"type":"b"}\r\n\r\n: a comment\n\n';
  assert.deepEqual(await eventsOf([...stream]), [{ type: 'a' }, { type: 'b' }]);
});

test('an event that the stream cuts off is left out', async () => {
  assert.deepEqual(await eventsOf(['data: {"type":"a"}\n\ndata: {"ty']), [{ type: 'a' }]);
});

test('data of several lines is one document', () => {
  assert.equal(dataOf('event: x\ndata: {"a":\ndata:1}'), '{"a":\n1}');
});
