/** The page's small dialogs: confirm, sign in. */

import { t } from '../words.js';
import { h } from './dom.js';

/**
 * Shows a dialog and resolves with its return value ('' when dismissed).
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>}
 */
function ask(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }),
  );
}

/**
 * @param {string} title
 * @param {string} consequence
 * @returns {Promise<boolean>}
 */
export async function confirmDelete(title, consequence) {
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'confirm-title' },
    h('form', { method: 'dialog' },
      h('h2', { id: 'confirm-title', text: title }),
      h('p', { text: consequence }),
      h('div', { class: 'dialog-actions' },
        h('button', { class: 'button', value: '', text: t('dialog.cancel'), autofocus: true }),
        h('button', { class: 'button button-danger', value: 'delete', text: t('dialog.delete') }))));
  return (await ask(dialog)) === 'delete';
}

/**
 * Asks for a bearer token.
 * @param {string} message
 * @returns {Promise<string>} empty when dismissed
 */
export async function askForToken(message) {
  const input = h('input', {
    type: 'password', name: 'token', class: 'text-input', autocomplete: 'off', required: true,
    'aria-label': t('sign_in.token'),
  });
  /** @type {HTMLDialogElement} */
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'token-title' },
    h('form', { method: 'dialog', on: { submit: () => (dialog.returnValue = input.value) } },
      h('h2', { id: 'token-title', text: t('sign_in') }),
      h('p', { text: message }),
      input,
      h('div', { class: 'dialog-actions' },
        h('button', { type: 'button', class: 'button', text: t('dialog.cancel'), on: { click: () => dialog.close('') } }),
        h('button', { class: 'button button-primary', text: t('dialog.continue') }))));
  const answer = await ask(dialog);
  return answer === '' ? '' : input.value.trim();
}
