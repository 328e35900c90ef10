import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { describeKind } from '../../../app/web/client/files/kinds.js';
import { formatBytes, splitName } from '../../../app/web/client/text/format.js';

test('sizes are short', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 26214400].map((bytes) => formatBytes(bytes)), [
    '0 bytes', '1,023 bytes', '1 kB', '1.5 kB', '25 MB',
  ]);
  assert.equal(formatBytes(1536, { perSecond: true }), '1.5 kB/s');
});

test('a kind has the extension where that says more', () => {
  assert.equal(describeKind('text/csv', 'a.csv'), 'Spreadsheet · CSV');
  assert.equal(describeKind('application/pdf', 'a.pdf'), 'PDF');
  assert.equal(describeKind('text/plain', 'deploy.sh'), 'Code · SH');
});

test('a name is cut before its suffix alone', () => {
  assert.deepEqual(splitName('a very long name.tar.gz'), ['a very long name.tar', '.gz']);
  assert.deepEqual(splitName('ملف عربي مهم.txt'), ['ملف عربي مهم', '.txt']);
  assert.deepEqual(splitName('.env'), ['.env', '']);
  assert.deepEqual(splitName('no suffix'), ['no suffix', '']);
});
