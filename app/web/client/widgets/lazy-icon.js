/** An icon that is loaded when it is shown: few answers have one. */

import { h } from '../ui/dom.js';

/** @param {string} name  One of ChatKit's. */
export function lazyIcon(name) {
  const place = h('span', { class: 'icon-place' });
  // An icon that can't be had leaves its place empty: the words beside it say the same.
  import('./icons.js').then(({ widgetIcon }) => place.replaceChildren(widgetIcon(name)), () => undefined);
  return place;
}
