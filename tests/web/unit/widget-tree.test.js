import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadingOf, updated, withValues } from '../../../app/web/client/widgets/widget-tree.js';

const title = { type: 'Title', value: 'Draft' };
const text = { type: 'Text', id: 'body', value: 'Once', streaming: true };
const card = { type: 'Card', children: [title, { type: 'Transition', children: text }] };

test('streamed text grows in the component of its id, and the rest stays the same object', () => {
  const grown = updated(card, {
    type: 'widget.streaming_text.value_delta', component_id: 'body', delta: ' upon', done: true,
  });
  assert.deepEqual(grown.children[1].children, { ...text, value: 'Once upon', streaming: false });
  assert.equal(grown.children[0], title);
  assert.equal(card.children[1].children.value, 'Once');
});

test('a component or the whole widget is replaced', () => {
  const badge = { type: 'Badge', label: 'Sent' };
  const changed = updated(card, { type: 'widget.component.updated', component_id: 'body', component: badge });
  assert.equal(changed.children[1].children, badge);
  assert.equal(updated(card, { type: 'widget.root.updated', widget: badge }), badge);
  assert.equal(updated(card, { type: 'widget.component.updated', component_id: 'none', component: badge }), card);
});

test('the values of a form go into the payload by their names', () => {
  const payload = { id: 7, todo: { due: 'today' } };
  assert.deepEqual(withValues(payload, { title: 'Tea', 'todo.title': 'Buy tea', 'todo.due': 'later' }), {
    id: 7, title: 'Tea', todo: { due: 'today', title: 'Buy tea' },
  });
  assert.deepEqual(payload, { id: 7, todo: { due: 'today' } });
  assert.deepEqual(withValues(undefined, { title: 'Tea' }), { title: 'Tea' });
  assert.equal(withValues('plain', { title: 'Tea' }), 'plain');
  assert.equal(withValues(undefined, {}), undefined);
});

test('a name can not reach the prototype of all objects', () => {
  withValues({}, { '__proto__.polluted': 'yes', 'constructor.prototype.polluted': 'yes' });
  assert.equal({}.polluted, undefined);
});

test('what is busy follows from the cause, unless the action says it', () => {
  assert.equal(loadingOf({ loadingBehavior: 'auto' }, 'click'), 'self');
  assert.equal(loadingOf({ loadingBehavior: 'auto' }, 'change'), 'none');
  assert.equal(loadingOf({ loadingBehavior: 'auto' }, 'confirm'), 'container');
  assert.equal(loadingOf({ loadingBehavior: 'none' }, 'confirm'), 'none');
  assert.equal(loadingOf({}, 'submit'), 'container');
});
