/** Markdown to DOM. Whatever the text holds, only harmless elements come out. */

import { marked } from '../../vendor/marked.esm.js';
import DOMPurify from '../../vendor/purify.es.mjs';

const ALLOWED_TAGS = [
  'a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'li', 'ol',
  'p', 'pre', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul', 'input',
];
const SANITIZE = {
  ALLOWED_TAGS,
  ALLOWED_ATTR: ['href', 'title', 'align', 'start', 'type', 'checked', 'disabled'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_DOM_FRAGMENT: /** @type {const} */ (true),
};

// HTML in an answer is shown as text: nothing that only looks like markup even gets parsed. Images
// would let a file's text make the browser call any address: show a link.
marked.use({
  gfm: true,
  breaks: true,
  renderer: {
    html({ text }) {
      const holder = document.createElement('p');
      holder.textContent = text;
      return holder.innerHTML;
    },
    image({ href, text }) {
      const link = document.createElement('a');
      link.href = href;
      link.textContent = text || href;
      return link.outerHTML;
    },
  },
});

/** @param {string} text @returns {DocumentFragment} */
export function renderMarkdown(text) {
  const fragment = DOMPurify.sanitize(marked.parse(text, { async: false }), SANITIZE);
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
  }
  for (const box of fragment.querySelectorAll('input')) {
    if (box.type === 'checkbox') box.disabled = true;
    else box.remove();
  }
  for (const table of fragment.querySelectorAll('table')) {
    const frame = document.createElement('div');
    frame.className = 'table-scroll';
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  return fragment;
}
