/** Markdown to DOM. Only harmless elements come out, for any text that goes in. */

import { Marked } from '../../vendor/marked.esm.js';
import DOMPurify from '../../vendor/purify.es.mjs';
import { h } from '../ui/dom.js';
import { directionOf } from '../words.js';
import { frameCode } from './code-block.js';
import { blockMath, inlineMath, mathStart } from './math-syntax.js';

/** @typedef {import('../../vendor/marked.esm.js').Token} Token */

const SANITIZE = {
  ALLOWED_TAGS: [
    'a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'li', 'ol',
    'p', 'pre', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul', 'input',
  ],
  ALLOWED_ATTR: ['href', 'title', 'align', 'start', 'type', 'checked', 'disabled', 'class', 'data-math'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  // DOMPurify holds the value of every other attribute to that expression.
  ADD_URI_SAFE_ATTR: ['align', 'start', 'type', 'checked', 'disabled', 'class', 'data-math'],
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: /** @type {const} */ (true),
};

// HTML in an answer is shown as text: nothing that only looks like markup even gets parsed. Images
// would let a file's text make the browser call any address: show a link.
const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => h('p', { text }).innerHTML,
    image({ href, text }) {
      const link = h('a', { text: text || href });
      link.setAttribute('href', href);
      return link.outerHTML;
    },
  },
  extensions: [
    { name: 'math', level: 'block', tokenizer: blockMath, renderer: mathSource },
    { name: 'math', level: 'inline', start: mathStart, tokenizer: inlineMath },
  ],
});

/** @param {any} token */
function mathSource({ tex, isBlock }) {
  const code = h('code', { 'data-math': isBlock ? 'block' : 'inline', text: tex });
  return isBlock ? h('p', {}, code).outerHTML : code.outerHTML;
}

/**
 * The blocks of a text: paragraphs, lists, tables and so on.
 * @param {string} text
 */
export function blocksOf(text) {
  return marked.lexer(text);
}

/**
 * @param {Token[]} blocks  As from `blocksOf`.
 * @returns {DocumentFragment}
 */
export function renderBlocks(blocks) {
  const fragment = DOMPurify.sanitize(marked.parser(blocks), SANITIZE);
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
  }
  for (const box of fragment.querySelectorAll('input')) {
    if (box.type === 'checkbox') box.disabled = true;
    else box.remove();
  }
  for (const table of fragment.querySelectorAll('table')) {
    const frame = h('div', { class: 'table-scroll', tabindex: '0' });
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const pre of fragment.querySelectorAll('pre')) frameCode(pre);
  for (const element of fragment.querySelectorAll('p, li, h1, h2, h3, h4, h5, h6, th, td')) {
    element.setAttribute('dir', 'auto'); // each by its own first letter
  }
  // `auto` does not look into elements that have a direction of their own.
  for (const element of fragment.querySelectorAll('ul, ol, blockquote')) {
    const direction = directionOf(element.textContent ?? '');
    if (direction) element.setAttribute('dir', direction);
  }
  return fragment;
}
