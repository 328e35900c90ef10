import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { describeKind } from '../../../app/web/client/files/kinds.js';
import { dayGroup } from '../../../app/web/client/history/days.js';
import { formatBytes } from '../../../app/web/client/text/format.js';

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

test('a day without a zone is the server’s', () => {
  const now = new Date('2026-03-02T01:00:00Z');
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const lastMinute = new Date(midnight - 60_000).toISOString().replace('Z', '');
  assert.equal(dayGroup(lastMinute, 0, now), 'Yesterday');
  assert.equal(dayGroup(lastMinute, -60, now), 'Today');
});
