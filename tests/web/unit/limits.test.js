import assert from 'node:assert/strict';
import { test } from 'node:test';

import './english.js';
import { mimeTypeOf, pickerAccept, refusal } from '../../../app/web/client/uploads/limits.js';

const limits = {
  maxAttachmentBytes: 10_000,
  maxCount: 10,
  allowedMimeTypes: ['image/*', 'text/*', 'application/yaml', 'application/zip', 'application/vnd.apple.*'],
  fileTypes: {
    suffixes: { '.png': 'image/png', '.yml': 'application/yaml', '.ts': 'text/plain', '.zip': 'application/zip' },
    names: { dockerfile: 'text/plain' },
    aliases: { 'application/x-zip-compressed': 'application/zip', 'application/x-yaml': 'application/yaml' },
  },
};

/** @param {string} name @param {string} type */
const file = (name, type, size = 100) => ({ name, type, size });

test('a suffix of the table decides, whatever the browser calls the file', () => {
  assert.equal(mimeTypeOf(file('a.YML', 'application/x-yaml'), limits.fileTypes), 'application/yaml');
  assert.equal(mimeTypeOf(file('main.ts', 'video/mp2t'), limits.fileTypes), 'text/plain');
  assert.equal(mimeTypeOf(file('Dockerfile', ''), limits.fileTypes), 'text/plain');
});

test('without one, the browser’s name is read as the registered one', () => {
  assert.equal(mimeTypeOf(file('archive', 'application/x-zip-compressed'), limits.fileTypes), 'application/zip');
  assert.equal(mimeTypeOf(file('notes', 'Text/Plain; charset=utf-8'), limits.fileTypes), 'text/plain');
  assert.equal(mimeTypeOf(file('notes', ''), limits.fileTypes), 'application/octet-stream');
});

test('what the server takes under another name is not refused', () => {
  assert.equal(refusal(file('deploy.yml', 'application/x-yaml'), limits), null);
  assert.equal(refusal(file('a.zip', 'application/x-zip-compressed'), limits), null);
});

test('a refusal says what can be attached', () => {
  assert.equal(
    refusal(file('song.mp3', 'audio/mpeg'), limits),
    '.mp3 files can’t be attached here. You can attach images, data, source code, and archives.',
  );
  assert.equal(refusal(file('long.txt', 'text/plain', 20_000), limits), 'Too large: 20 kB. The limit is 9.8 kB.');
  assert.equal(refusal(file('empty.txt', 'text/plain', 0), limits), 'This file is empty.');
});

test('the picker offers whole types and suffixes', () => {
  assert.equal(pickerAccept(limits), 'image/*,text/*,application/yaml,application/zip,.png,.yml,.ts,.zip');
});
