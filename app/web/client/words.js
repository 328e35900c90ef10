/** The words of the page, in the reader's language. */

/**
 * @typedef {typeof import('../words/en.js').words} English
 * @typedef {keyof English} Key
 *
 * Words that depend on a number, by the plural category of `Intl.PluralRules`.
 * @typedef {Partial<Record<Intl.LDMLPluralRule, string>> & {other: string}} Plural
 *
 * What every language has: the same keys, with the same placeholders (`{name}`).
 * @typedef {{[K in Key]: English[K] extends string ? string : Plural}} Catalogue
 */

/** Only the language that is used is loaded. */
const LANGUAGES = {
  ar: { direction: 'rtl', load: () => import('../words/ar.js') },
  de: { direction: 'ltr', load: () => import('../words/de.js') },
  en: { direction: 'ltr', load: () => import('../words/en.js') },
  es: { direction: 'ltr', load: () => import('../words/es.js') },
};

/** @typedef {keyof typeof LANGUAGES} Language */

/** Isolates text of a direction of its own (https://unicode.org/reports/tr9/#Explicit_Directional_Isolates). */
const [FIRST_STRONG_ISOLATE, POP_ISOLATE] = ['\u2068', '\u2069'];
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** @type {Catalogue} */
let catalogue;
/** @type {Record<string, string>} */
let errors = {};
/** @type {Language} */
let current = 'en';
let plurals = new Intl.PluralRules(current);
let numbers = new Intl.NumberFormat(current);

/** @returns {Language} of which the words are in use */
export function language() {
  return current;
}

/** @param {string} code  As in `<html lang>`. @returns {code is Language} */
export function isLanguage(code) {
  return Object.hasOwn(LANGUAGES, code);
}

/** @param {Language} code */
export async function useLanguage(code) {
  const { words, errors } = await LANGUAGES[code].load();
  useCatalogue(code, words, errors);
}

/**
 * @param {Language} code
 * @param {Catalogue} words
 * @param {Record<string, string>} errorsByCode
 */
export function useCatalogue(code, words, errorsByCode = {}) {
  catalogue = words;
  errors = errorsByCode;
  current = code;
  plurals = new Intl.PluralRules(code);
  numbers = new Intl.NumberFormat(code);
}

/**
 * The words for `key`, with `values` in place of their placeholders. Where the words depend on a
 * number, that is `values.count`.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const words = catalogue[key];
  const pattern = typeof words === 'string' ? words : (words[plurals.select(Number(values.count))] ?? words.other);
  return pattern.replace(/\{(\w+)\}/g, (_, name) => inserted(values[name] ?? ''));
}

/**
 * The words for an error of the server.
 * @param {string} code  A stable one, of `app/errors.py`.
 * @param {string} message  The server's own words, in English: used where there are no others.
 */
export function errorInWords(code, message) {
  return Object.hasOwn(errors, code) ? (errors[code] ?? message) : message;
}

/** @returns {'ltr' | 'rtl'}  Of the language that is in use. */
export function direction() {
  return LANGUAGES[current].direction === 'rtl' ? 'rtl' : 'ltr';
}

/**
 * The direction in which a text runs: that of its first letter.
 * @param {string} text
 * @returns {'ltr' | 'rtl' | null}  Null: it has no letter.
 */
export function directionOf(text) {
  const letter = /\p{L}/u.exec(text)?.[0];
  if (letter === undefined) return null;
  return RIGHT_TO_LEFT.test(letter) ? 'rtl' : 'ltr';
}

/**
 * A value in a sentence: a file's name of another direction must not turn what stands around it.
 * @param {string | number} value
 */
function inserted(value) {
  if (typeof value === 'number') return numbers.format(value);
  const mayTurn = direction() === 'rtl' || RIGHT_TO_LEFT.test(value);
  return mayTurn ? `${FIRST_STRONG_ISOLATE}${value}${POP_ISOLATE}` : value;
}
