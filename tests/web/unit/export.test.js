import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { fileNameOf, toMarkdown } from '../../../app/web/client/thread/export.js';

const base = { thread_id: 't1', created_at: '2026-01-01T00:00:00' };
const asked = {
  ...base, id: 'u1', type: 'user_message', quoted_text: 'one\ntwo', inference_options: {},
  content: [{ type: 'input_text', text: 'What about ' }, { type: 'input_tag', id: 'e', text: 'notes.txt', data: {} }],
  attachments: [{ type: 'file', id: 'a', name: 'a\nb.txt', mime_type: 'text/plain' }],
};
const answered = {
  ...base, id: 'a1', type: 'assistant_message', content: [{
    type: 'output_text', text: '**Nothing.**', annotations: [
      { type: 'annotation', source: { type: 'url', title: 'A page', url: 'https://example.org/a b' }, index: 12 },
      { type: 'annotation', source: { type: 'file', title: 'x', filename: 'notes.txt' }, index: 12 },
    ],
  }],
};

test('a chat is written with who said what, its files and its sources', () => {
  const now = new Date(2026, 0, 2, 15);
  const savedOn = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' }).format(now);
  const written = toMarkdown('A\ntitle', [asked, answered, { ...base, id: 'h', type: 'end_of_turn' }], now);
  assert.equal(written, [
    '# A title', `*Saved on ${savedOn}*`,
    '## You', '> one\n> two', 'What about @notes.txt', '- 📎 a b.txt',
    '## Assistant', '**Nothing.**', 'Sources:', '1. [A page](<https://example.org/a b>)\n2. notes.txt',
  ].join('\n\n') + '\n');
});

test('a file name has nothing that a file system refuses', () => {
  assert.equal(fileNameOf('a/b: "c" <d>?'), 'a b c d.md');
  assert.equal(fileNameOf('...'), 'Chat.md');
  assert.equal(fileNameOf('x'.repeat(200)).length, 83);
});
