import assert from 'node:assert/strict';
import { test } from 'node:test';

import { initialModel } from '../../../app/web/client/composer/choices.js';

const models = [{ id: 'small', label: 'S' }, { id: 'large', label: 'L', default: true }, { id: 'old', label: 'O', disabled: true }];

test('the model that was chosen last is chosen again, while it is offered', () => {
  assert.equal(initialModel(models, 'small'), 'small');
  assert.equal(initialModel(models, 'old'), 'large');
  assert.equal(initialModel(models, null), 'large');
  assert.equal(initialModel([models[0]], 'gone'), 'small');
  assert.equal(initialModel([], 'gone'), undefined);
});
