/** Where an answer's Markdown cites its sources. No DOM here. */

/**
 * @typedef {import('../protocol/chatkit').Annotation} Annotation
 * @typedef {import('../protocol/chatkit').Source} Source
 */

/** U+FFFC stands for an object in a text. It is a symbol, so Markdown around it keeps its meaning. */
const OBJECT = '\ufffc';

/** A mark in the text: the number of a source, counted from 1. */
export const MARK = /\ufffc(\d+)\ufffc/;

/** Pieces of Markdown that a mark would break: a citation within one of them stands behind it. */
const WHOLE = new RegExp(
  [
    /^ {0,3}(?<fence>`{3,}|~{3,})[^\n]*\n(?:[\s\S]*?^ {0,3}\k<fence>[^\n]*$|[\s\S]*)/, // a block of code
    /\$\$[\s\S]+?\$\$|\\\[[\s\S]+?\\\]|\\\([\s\S]+?\\\)|\$[^$\n]+\$/, // a formula
    /(?<ticks>`+)[^`][\s\S]*?\k<ticks>(?!`)/, // code
    /!?\[[^\]\n]*\]\([^)\n]*\)/, // a link
    /(?<address>https?:\/\/[^\s<>)\]]+)/,
  ].map(({ source }) => source).join('|'),
  'gm',
);
/** The line below the head of a table, and the one that makes a heading of the line above it. */
const RULE = /^[ \t]*[|:=-][ \t|:=-]*$/;

/**
 * Marks where sources are cited, and lists each source once, in the order of the text. Sources that
 * name no place come last.
 * @param {string} text  Markdown.
 * @param {(Annotation | undefined)[]} annotations  `index` counts characters (code points) of the text.
 * @returns {{text: string, sources: Source[]}}
 */
export function withMarks(text, annotations) {
  if (annotations.length === 0) return { text, sources: [] };
  /** @type {Map<string, {number: number, source: Source}>} */
  const known = new Map();
  /** @type {Map<number, {before: string, marks: Set<string>}>}  By place in the text. */
  const places = new Map();
  const offsets = offsetsOf(text);
  for (const { source, index } of inOrder(annotations)) {
    const key = keyOf(source);
    const { number } = known.get(key) ?? { number: known.size + 1 };
    if (!known.has(key)) known.set(key, { number, source });
    if (typeof index !== 'number') continue;
    const { at, before } = placeFor(text, offsets[Math.max(0, index)] ?? text.length);
    if (at === 0) continue;
    const place = places.get(at) ?? { before, marks: new Set() };
    place.marks.add(`${OBJECT}${number}${OBJECT}`);
    places.set(at, place);
  }
  let marked = text;
  for (const [at, { before, marks }] of [...places].sort(([a], [b]) => b - a)) {
    marked = marked.slice(0, at) + before + [...marks].join('') + marked.slice(at);
  }
  return { text: marked, sources: [...known.values()].map(({ source }) => source) };
}

/** @param {(Annotation | undefined)[]} annotations */
function inOrder(annotations) {
  return annotations
    .filter((annotation) => annotation !== undefined)
    .sort((a, b) => (a.index ?? Infinity) - (b.index ?? Infinity) || 0);
}

/** @param {Source} source */
function keyOf(source) {
  if (source.type === 'url') return `url ${source.url}`;
  return source.type === 'file' ? `file ${source.filename}` : `entity ${source.id}`;
}

/**
 * The place of each code point in the string, and of its end.
 * @param {string} text
 */
function offsetsOf(text) {
  const offsets = [0];
  let offset = 0;
  for (const character of text) offsets.push((offset += character.length));
  return offsets;
}

/**
 * @param {string} text
 * @param {number} wanted
 * @returns {{at: number, before: string}}  `before`: what separates the mark from what it follows.
 */
function placeFor(text, wanted) {
  // The start of a line decides what the line is.
  let at = text.slice(0, wanted).trimEnd().length;
  const start = text.lastIndexOf('\n', at - 1) + 1;
  if (start > 0 && RULE.test(lineAt(text, start))) at = start - 1;
  for (const { index, 0: { length }, groups } of text.matchAll(WHOLE)) {
    const end = index + length;
    if (index >= at) break;
    if (at > end || (at === end && !groups?.['address'] && !groups?.['fence'])) continue;
    return { at: end, before: groups?.['fence'] ? '\n\n' : groups?.['address'] ? ' ' : '' };
  }
  const row = lineAt(text, text.lastIndexOf('\n', at - 1) + 1);
  const isAfterRow = at > 0 && text[at - 1] === '|' && row.trimStart().startsWith('|') && /^\s*$/.test(lineAt(text, at));
  return { at: isAfterRow ? at - 1 : at, before: '' };
}

/**
 * The rest of the line.
 * @param {string} text
 * @param {number} start
 */
function lineAt(text, start) {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end);
}
