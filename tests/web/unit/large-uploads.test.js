import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { partsUrlOf, uploadInParts } from '../../../app/web/fetch.js';

const LINK = 'https://api.example/base/uploads/atc_1/parts?key=k';
const GATEWAY = 'https://api.example/base/uploads/atc_1?put=';
const FILE = new Blob(['aaaabbbbccccdd']);
const PLAN = {
  parts: [4, 4, 4, 2].map((size, index) => ({
    size, url: `https://bucket.example/k?part=${index + 1}`,
    gateway: `../../uploads/atc_1?put=${index + 1}`, is_uploaded: false,
  })),
  complete: '../../uploads/atc_1/complete?key=k',
};
const OK = { status: 200, text: '{}', retryAfter: null };
const LOST = new TypeError('Failed to fetch');

/** @type {{method: string, url: string, body: string}[]} */
let requests = [];
let mostAtOnce = 0;

// Pauses end at once; whoever waits for them goes on in the next turns of the event loop.
mock.timers.enable({ apis: ['setTimeout'] });
const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  requests = [];
  mostAtOnce = 0;
});

/**
 * Uploads FILE; `answer` gets the URL and how often that was asked before, and returns or throws.
 * @param {(url: string, times: number) => unknown} answer
 */
async function upload(answer, { plan = PLAN, toBucket = true, ...options } = {}) {
  let underWay = 0;
  const send = async ({ method, url, body }) => {
    const asked = String(url);
    const times = requests.filter((each) => each.url === asked).length;
    requests.push({ method, url: asked, body: body ? await body.text() : '' });
    underWay += 1;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    await turn();
    underWay -= 1;
    const given = answer(asked, times);
    if (given instanceof Error) throw given;
    return given ?? (asked === LINK ? { ...OK, text: JSON.stringify(plan) } : OK);
  };
  let ended = false;
  const result = uploadInParts(LINK, FILE, { send, toBucket, ...options }).finally(() => (ended = true));
  result.catch(() => undefined);
  while (!ended) {
    await turn();
    mock.timers.runAll();
  }
  return result;
}

const sent = () => requests.filter(({ method }) => method === 'PUT');

test('the link for the parts is in the fragment of an upload link', () => {
  const url = new URL(`https://api.example/uploads/atc_1?policy=p#parts=${encodeURIComponent(LINK)}`);
  assert.equal(partsUrlOf(url), LINK);
  assert.equal(partsUrlOf(new URL('https://api.example/uploads/atc_1?policy=p')), null);
});

test('each part goes to the bucket once, three at a time, and then they become the file', async () => {
  assert.equal((await upload(() => null)).status, 200);
  assert.deepEqual(sent().map(({ body }) => body), ['aaaa', 'bbbb', 'cccc', 'dd']);
  assert.deepEqual(sent().map(({ url }) => url), PLAN.parts.map(({ url }) => url));
  assert.equal(mostAtOnce, 3);
  assert.equal(requests.at(-1).url, 'https://api.example/base/uploads/atc_1/complete?key=k');
});

test('without a way to the bucket, the parts go through the gateway', async () => {
  await upload(() => null, { toBucket: false });
  assert.deepEqual(sent().map(({ url }) => url), [1, 2, 3, 4].map((number) => GATEWAY + number));
});

test('a part that is lost is sent again, alone, and the other way', async () => {
  await upload((url, times) => (url === PLAN.parts[1].url && !times ? LOST : null));
  assert.equal(sent().length, 5);
  const again = sent().filter(({ body }) => body === 'bbbb').map(({ url }) => url);
  assert.deepEqual(again, [PLAN.parts[1].url, `${GATEWAY}2`]);
});

test('while the line keeps breaking, the parts travel one by one', async () => {
  await upload((url, times) => (url.includes('bucket') && !times ? LOST : null));
  mostAtOnce = 0;
  await upload(() => null);
  assert.equal(mostAtOnce, 1);
});

test('parts that have arrived before are not sent again', async () => {
  const parts = PLAN.parts.map((part, index) => ({ ...part, is_uploaded: index !== 2 }));
  await upload(() => null, { plan: { ...PLAN, parts } });
  assert.deepEqual(sent().map(({ body }) => body), ['cccc']);
});

test('a busy store is asked again, and a refusal ends the upload', async () => {
  const busy = { status: 503, text: '', retryAfter: null };
  assert.equal((await upload((url, times) => (url.includes('part=3') && times < 2 ? busy : null))).status, 200);
  requests = [];
  const refusal = { status: 403, text: '<Code>AccessDenied</Code>', retryAfter: null };
  assert.deepEqual(await upload((url) => (url.includes('part=3') ? refusal : null)), refusal);
  assert.ok(!requests.some(({ url }) => url.includes('complete')));
});

test('a line that never comes back is an error after a number of tries', async () => {
  await assert.rejects(upload((url) => (url === LINK ? null : LOST)), LOST);
  assert.ok(sent().length < 60);
});

test('a service without uploads in parts gets the file in one piece', async () => {
  assert.equal(await upload(() => ({ status: 404, text: '', retryAfter: null })), null);
});

test('a file that an earlier attempt has uploaded is there', async () => {
  const already = { status: 409, text: '{"error": {"code": "uploaded_already"}}', retryAfter: null };
  assert.equal((await upload((url) => (url === LINK ? already : null))).status, 200);
  assert.equal(requests.length, 1);
});

test('what a person cancels ends, and is not sent again', async () => {
  const cancel = new AbortController();
  const answer = (url) => (url.includes('part=2') ? (cancel.abort(), LOST) : null);
  await assert.rejects(upload(answer, { signal: cancel.signal }));
  const { length } = requests;
  await turn();
  assert.equal(requests.length, length);
});

test('without a network, nothing is sent until it is back', async () => {
  const navigator = { onLine: false };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const listeners = [];
  globalThis.addEventListener = (name, listener) => listeners.push([name, listener]);
  const result = upload((url, times) => (url.includes('part=1') && !times ? LOST : null));
  for (let turns = 0; turns < 50; turns += 1) await turn();
  assert.deepEqual(listeners.map(([name]) => name), ['online']);
  assert.equal(sent().filter(({ body }) => body === 'aaaa').length, 1);
  navigator.onLine = true;
  listeners[0][1]();
  assert.equal((await result).status, 200);
  delete globalThis.navigator;
});
