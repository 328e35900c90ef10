/** Takes files that are dropped or pasted anywhere on the client. */

import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

/** @typedef {(files: File[]) => void} OnFiles */

/**
 * @param {HTMLElement} root
 * @param {OnFiles} onFiles
 */
export function acceptFiles(root, onFiles) {
  acceptDrops(root, onFiles);
  acceptPastes(onFiles);
}

/**
 * @param {HTMLElement} root
 * @param {OnFiles} onFiles
 */
function acceptDrops(root, onFiles) {
  const overlay = h('div', { class: 'drop-overlay', hidden: true, 'aria-hidden': 'true' },
    h('p', {}, icon('attach'), t('composer.drop')));
  root.append(overlay);
  let depth = 0; // enter and leave also fire for every element inside
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  /** @param {boolean} isShown */
  const show = (isShown) => {
    overlay.hidden = !isShown;
    if (!isShown) depth = 0;
  };
  root.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    show(true);
  });
  root.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) show(false);
  });
  root.addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  root.addEventListener('drop', (event) => {
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    show(false);
    onFiles([...event.dataTransfer.files]);
  });
}

/** @param {OnFiles} onFiles */
function acceptPastes(onFiles) {
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    onFiles(files.map(nameOfPasted));
  });
}

/**
 * Browsers call every pasted picture "image.png".
 * @param {File} file
 */
function nameOfPasted(file) {
  if (!/^image\.\w+$/.test(file.name)) return file;
  const time = new Date().toLocaleTimeString('en-GB').replaceAll(':', '-');
  return new File([file], t('file.pasted', { time, suffix: file.name.replace(/^image/, '') }), { type: file.type });
}
