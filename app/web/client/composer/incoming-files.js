/** Lets files be dropped anywhere on the client. */

import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

/** @param {HTMLElement} root @param {(files: FileList) => void} onFiles */
export function acceptDrops(root, onFiles) {
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
    onFiles(event.dataTransfer.files);
  });
}
