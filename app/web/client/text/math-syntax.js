/** Where TeX stands in Markdown: tokenizers for marked. */

/**
 * Inline math by pandoc's rule: a `$` opens before what is no space and closes behind what is no
 * space, unless a digit follows. So "$5 and $10" stays an amount of money.
 * https://pandoc.org/MANUAL.html#extension-tex_math_dollars
 */
const INLINE = /^(?:\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$])\$(?!\d)|\$((?:\\.|[^\\\s$]))\$(?!\d)|\\\((.+?)\\\))/s;
const BLOCK = /^(?: {0,3})(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;

/** @typedef {{type: 'math', raw: string, tex: string, isBlock: boolean}} MathToken */

/**
 * @param {string} source  What follows, from a place where math may begin.
 * @returns {MathToken | undefined}
 */
export function inlineMath(source) {
  const match = INLINE.exec(source);
  const tex = match?.[1] ?? match?.[2] ?? match?.[3];
  return match && tex ? { type: 'math', raw: match[0], tex: tex.trim(), isBlock: false } : undefined;
}

/**
 * @param {string} source  What follows, from the beginning of a line.
 * @returns {MathToken | undefined}
 */
export function blockMath(source) {
  const match = BLOCK.exec(source);
  const tex = match?.[1] ?? match?.[2];
  return match && tex?.trim() ? { type: 'math', raw: match[0], tex: tex.trim(), isBlock: true } : undefined;
}

/**
 * Where the next math may begin; undefined: nowhere.
 * @param {string} source
 */
export function mathStart(source) {
  const index = source.search(/\$|\\[([]/);
  return index < 0 ? undefined : index;
}
