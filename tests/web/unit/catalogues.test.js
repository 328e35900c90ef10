import assert from 'node:assert/strict';
import { test } from 'node:test';

import { direction, errorInWords, t, useCatalogue } from '../../../app/web/client/words.js';
import * as ar from '../../../app/web/words/ar.js';
import * as de from '../../../app/web/words/de.js';
import { words as english } from '../../../app/web/words/en.js';
import * as es from '../../../app/web/words/es.js';

const TRANSLATIONS = Object.entries({ ar, de, es });

/** @param {string | import('../../../app/web/client/words.js').Plural} words */
const placeholders = (words) =>
  [...(typeof words === 'string' ? words : words.other).matchAll(/\{\w+\}/g)].map(String).sort();

for (const [language, { words, errors }] of TRANSLATIONS) {
  test(`${language} has all words, with the same placeholders`, () => {
    assert.deepEqual(Object.keys(words), Object.keys(english));
    for (const key of /** @type {import('../../../app/web/client/words.js').Key[]} */ (Object.keys(english))) {
      assert.deepEqual(placeholders(words[key]), placeholders(english[key]), key);
    }
  });

  test(`${language} has words for each plural of the language`, () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, value] of Object.entries(words)) {
      if (typeof value !== 'string') assert.deepEqual(Object.keys(value).sort(), categories, key);
    }
  });

  test(`${language} says the errors that the other translations say`, () => {
    assert.deepEqual(Object.keys(errors), Object.keys(de.errors));
  });
}

test('an error is said in the language in use, and one without words there as the server says it', () => {
  useCatalogue('de', de.words, de.errors);
  assert.equal(errorInWords('quota_exceeded', 'Your storage is full.'), de.errors['quota_exceeded']);
  assert.equal(errorInWords('toString', 'Something new.'), 'Something new.');
});

test('numbers choose among six forms in Arabic, which runs from right to left', () => {
  useCatalogue('ar', ar.words, ar.errors);
  assert.equal(direction(), 'rtl');
  const said = [1, 2, 3, 11, 100].map((count) => t('mention.found', { count }));
  assert.equal(new Set(said).size, 5);
});
