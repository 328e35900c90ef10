/** Colours code and sets formulas; what that takes is loaded when there is something for it. */

import DOMPurify from '../../vendor/purify.es.mjs';
import { h } from '../ui/dom.js';

/**
 * Enriches what `renderBlocks` has made, once its text is complete.
 * @param {ParentNode} root
 */
export function enrich(root) {
  for (const code of root.querySelectorAll('code')) {
    // What can't be loaded now leaves code without colours and a formula as its source.
    enrichCode(code).catch(() => undefined);
  }
}

/** @param {HTMLElement} code */
async function enrichCode(code) {
  const { language, math } = code.dataset;
  if (math) await setFormula(code, math === 'block');
  else if (language) await colour(code, language);
}

/**
 * @param {HTMLElement} code
 * @param {string} language
 */
async function colour(code, language) {
  const { default: highlighter } = await import('../../vendor/highlight.min.js');
  if (!highlighter.getLanguage(language)) return;
  const { value } = highlighter.highlight(code.textContent ?? '', { language, ignoreIllegals: true });
  code.replaceChildren(DOMPurify.sanitize(value, {
    ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true,
  }));
}

/**
 * A formula that TeX would refuse stays as it was written.
 * @param {HTMLElement} code
 * @param {boolean} isBlock
 */
async function setFormula(code, isBlock) {
  const katex = await loadKatex();
  const formula = h('span', { class: isBlock ? 'math math-block' : 'math', dir: 'ltr' });
  if (isBlock) formula.tabIndex = 0; // a wide one is read by the arrow keys
  try {
    katex.render(code.textContent ?? '', formula, { displayMode: isBlock, maxExpand: 1000, maxSize: 50 });
  } catch (error) {
    if (!(error instanceof Error) || !(error instanceof katex.ParseError)) throw error;
    code.textContent = isBlock ? `$$${code.textContent}$$` : `$${code.textContent}$`;
    code.title = error.message;
    return;
  }
  code.replaceWith(formula);
}

/** @typedef {typeof import('katex').default} Katex */

/** @type {Promise<Katex> | undefined} */
let katex;

/** Loads KaTeX with its style sheet, without which a formula can't be read. */
function loadKatex() {
  katex ??= (async () => {
    const sheet = h('link', { rel: 'stylesheet', href: new URL('../../vendor/katex/katex.min.css', import.meta.url) });
    const isStyled = new Promise((resolve, reject) => {
      sheet.addEventListener('load', resolve);
      sheet.addEventListener('error', reject);
    });
    document.head.append(sheet);
    await Promise.all([isStyled, import('../../vendor/katex/katex.min.js')]);
    return /** @type {{katex: Katex}} */ (/** @type {unknown} */ (globalThis)).katex;
  })();
  return katex;
}
