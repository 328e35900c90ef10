import assert from 'node:assert/strict';
import { test } from 'node:test';

import { doingOf } from '../../../app/web/client/ui/shortcuts.js';

const key = (name, held = {}) => ({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });

test('keys do something with the control key or the command key alike', () => {
  for (const held of [{ ctrlKey: true }, { metaKey: true }]) {
    assert.equal(doingOf(key('k', held), true), 'search');
    assert.equal(doingOf(key('O', { ...held, shiftKey: true }), true), 'newChat');
    assert.equal(doingOf(key('/', { ...held, shiftKey: true }), true), 'list');
    assert.equal(doingOf(key('o', held), true), null);
    assert.equal(doingOf(key('k', { ...held, altKey: true }), true), null);
  }
});

test('a question mark is text where text is typed', () => {
  assert.equal(doingOf(key('?', { shiftKey: true }), false), 'list');
  assert.equal(doingOf(key('?', { shiftKey: true }), true), null);
});
