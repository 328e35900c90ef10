/** A block of code with its language, a button that copies it, and room to scroll by keyboard. */

import { copyText } from '../ui/clipboard.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

/** How the languages write themselves, where a capital letter is not enough. */
const NAMES = new Map(Object.entries({
  cpp: 'C++', 'c++': 'C++', csharp: 'C#', cs: 'C#', css: 'CSS', graphql: 'GraphQL', html: 'HTML', ini: 'INI',
  javascript: 'JavaScript', js: 'JavaScript', json: 'JSON', jsonc: 'JSON', jsx: 'JSX', latex: 'LaTeX', md: 'Markdown',
  php: 'PHP', plaintext: '', py: 'Python', rb: 'Ruby', rs: 'Rust', scss: 'SCSS', sh: 'Shell', sql: 'SQL', tex: 'TeX',
  text: '', toml: 'TOML', ts: 'TypeScript', tsx: 'TSX', txt: '', typescript: 'TypeScript', xml: 'XML', yaml: 'YAML',
  yml: 'YAML', zsh: 'Shell',
}));

/**
 * Puts the frame around `pre`, where it stands.
 * @param {HTMLPreElement} pre  As marked writes it: `<pre><code class="language-py">`.
 */
export function frameCode(pre) {
  const code = pre.querySelector('code') ?? pre;
  const language = /(?:^|\s)language-(\S+)/.exec(code.className)?.[1]?.toLowerCase() ?? '';
  const name = languageName(language);
  code.removeAttribute('class');
  if (language) code.dataset.language = language;
  pre.tabIndex = 0; // a wide line is read by the arrow keys
  pre.setAttribute('role', 'region');
  pre.setAttribute('aria-label', name ? t('code.of', { language: name }) : t('code'));
  /** @type {HTMLElement} */
  const copy = iconButton(icon('copy'), t('code.copy'), () => copyText(code.textContent ?? '', copy));
  const frame = h('div', { class: 'code-block', dir: 'ltr' },
    h('div', { class: 'code-bar' }, h('span', { class: 'code-language', text: name }), copy));
  pre.replaceWith(frame);
  frame.append(pre);
}

/**
 * A block for code that does not come from Markdown.
 * @param {string} text
 * @param {string} language
 */
export function codeElement(text, language) {
  const pre = h('pre', {}, h('code', { class: `language-${language}`, text }));
  const holder = h('div', {}, pre);
  frameCode(pre);
  return holder.firstElementChild;
}

/** @param {string} language  As it stands behind the three backticks. */
function languageName(language) {
  return NAMES.get(language) ?? language.charAt(0).toUpperCase() + language.slice(1);
}
