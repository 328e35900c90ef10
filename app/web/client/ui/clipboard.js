/** Copies text, and shows on the button that it was. */

import { t } from '../words.js';
import { announce } from './announce.js';
import { icon } from './icons.js';

const SHOWN_MS = 1500;

/**
 * @param {string} text
 * @param {HTMLElement} button
 */
export async function copyText(text, button) {
  await navigator.clipboard.writeText(text);
  button.replaceChildren(icon('check'));
  announce(t('dialog.copied'));
  setTimeout(() => button.replaceChildren(icon('copy')), SHOWN_MS);
}
