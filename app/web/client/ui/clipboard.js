/** Copies text, and shows on the button that it was. */

import { t } from '../words.js';
import { announce } from './announce.js';
import { h } from './dom.js';
import { icon } from './icons.js';

const SHOWN_MS = 1500;

/**
 * @param {string} text
 * @param {HTMLElement} button
 */
export async function copyText(text, button) {
  // Browsers have no clipboard for pages that are not served by https.
  if (globalThis.isSecureContext) await navigator.clipboard.writeText(text);
  else copyBySelection(text);
  button.replaceChildren(icon('check'));
  announce(t('dialog.copied'));
  setTimeout(() => button.replaceChildren(icon('copy')), SHOWN_MS);
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = h('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!isCopied) throw new Error(t('error.not_copied'));
}
