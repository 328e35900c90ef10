/** A file's name in little room: cut before its suffix, in the direction of its first letter. */

import { splitName } from '../text/format.js';
import { h } from '../ui/dom.js';

/** @param {string} name */
export function fileName(name) {
  const [stem, suffix] = splitName(name);
  return h('span', { class: 'file-name', title: name, dir: 'auto' }, h('span', { text: stem }), suffix);
}
