/** The list of keyboard shortcuts. */

import { t } from '../words.js';
import { h, iconButton } from './dom.js';
import { icon } from './icons.js';

/** What each does, and the keys that are pressed together. */
const SHORTCUTS = /** @type {const} */ ([
  ['search', ['Ctrl', 'K']],
  ['chat.new', ['Ctrl', 'Shift', 'O']],
  ['composer.send', ['Enter']],
  ['shortcuts.line', ['Shift', 'Enter']],
  ['composer.mention', ['@']],
  ['edit', ['↑']],
  ['answer.stop', ['Esc']],
  ['shortcuts', ['Ctrl', '/']],
]);

export function openShortcuts() {
  if (document.querySelector('dialog.shortcuts')) return;
  const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
  /** @type {HTMLDialogElement} */
  const dialog = h('dialog', { class: 'dialog shortcuts', 'aria-labelledby': 'shortcuts-title', on: {
    close: () => dialog.remove(),
    click: (/** @type {Event} */ event) => event.target === dialog && dialog.close(),
  } },
    h('header', { class: 'dialog-header' },
      h('h2', { id: 'shortcuts-title', text: t('shortcuts') }),
      iconButton(icon('close'), t('dialog.close'), () => dialog.close())),
    h('dl', {}, ...SHORTCUTS.map(([what, keys]) =>
      h('div', { class: 'shortcut' },
        h('dt', { text: t(what) }),
        h('dd', { dir: 'ltr' }, ...keys.map((key) => h('kbd', { text: isApple && key === 'Ctrl' ? '⌘' : key })))))));
  document.body.append(dialog);
  dialog.showModal();
}
