import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Drafts } from '../../../app/web/client/composer/drafts.js';

class Queue extends EventTarget {
  uploads = [];
  isBusy = false;

  adopt(attachment) {
    this.uploads.push({ state: 'done', attachment });
  }
}

let stored = new Map();
const storage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};
const newDrafts = () => new Drafts(() => new Queue(), storage);

beforeEach(() => {
  stored = new Map();
});

test('each chat has a draft of its own', () => {
  const drafts = newDrafts();
  drafts.of('thr_1').text = 'For one';
  assert.equal(drafts.of('thr_2').text, '');
  assert.equal(drafts.of('thr_1').text, 'For one');
});

test('text and uploaded files survive a reload', () => {
  const before = newDrafts();
  const draft = before.of('thr_1');
  draft.text = 'See @plan';
  draft.entities = [{ id: 'atc_1', title: 'plan' }];
  draft.queue.adopt({ id: 'atc_2', name: 'a.txt' });
  before.save(draft);
  const after = newDrafts().of('thr_1');
  assert.equal(after.text, 'See @plan');
  assert.deepEqual(after.entities, [{ id: 'atc_1', title: 'plan' }]);
  assert.deepEqual(after.queue.uploads.map(({ attachment }) => attachment.id), ['atc_2']);
});

test('nothing is kept of a draft that was sent or is unreadable', () => {
  const drafts = newDrafts();
  const draft = drafts.of(null);
  draft.text = 'Hello';
  drafts.save(draft);
  draft.text = ' ';
  drafts.save(draft);
  assert.equal(stored.size, 0);
  stored.set('chat.draft.thr_1', '{');
  assert.equal(newDrafts().of('thr_1').text, '');
});

test('what is written while a new chat begins stays with that chat', () => {
  const drafts = newDrafts();
  const draft = drafts.of(null);
  draft.text = 'And another thing';
  drafts.begin('thr_1');
  assert.equal(drafts.of('thr_1'), draft);
  assert.equal(drafts.of(null).text, '');
});
