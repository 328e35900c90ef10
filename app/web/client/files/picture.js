/** A picture that can be made larger and moved about. */

import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

const STEP = 1.5;
const MOST = 8;

/**
 * @param {{url: string, name: string, onError: () => void}} picture
 * @returns {{element: HTMLElement, tools: HTMLElement[]}}
 */
export function picture({ url, name, onError }) {
  const image = h('img', { src: url, alt: name, class: 'picture-image', draggable: 'false' });
  const frame = h('div', { class: 'picture', tabindex: '0', role: 'region', 'aria-label': name }, image);
  let zoom = 1;
  /** @param {number} factor */
  const zoomBy = (factor) => {
    zoom = Math.min(MOST, Math.max(1, zoom * factor));
    frame.style.setProperty('--zoom', String(zoom));
    frame.classList.toggle('is-zoomed', zoom > 1);
    smaller.disabled = zoom === 1;
    larger.disabled = zoom === MOST;
  };
  const smaller = iconButton(icon('minus'), t('picture.smaller'), () => zoomBy(1 / STEP), { disabled: true });
  const larger = iconButton(icon('plus'), t('picture.larger'), () => zoomBy(STEP));
  image.addEventListener('error', onError);
  image.addEventListener('dblclick', () => zoomBy(zoom === 1 ? STEP * STEP : 1 / MOST));
  frame.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? STEP : 1 / STEP);
  }, { passive: false });
  frame.addEventListener('keydown', (event) => {
    if (event.key === '+' || event.key === '=') zoomBy(STEP);
    else if (event.key === '-') zoomBy(1 / STEP);
    else if (event.key === '0') zoomBy(1 / MOST);
    else return;
    event.preventDefault();
  });
  dragToScroll(frame);
  return { element: frame, tools: [smaller, larger] };
}

/** @param {HTMLElement} frame */
function dragToScroll(frame) {
  frame.addEventListener('pointermove', (event) => {
    if (event.buttons !== 1 || event.pointerType === 'touch') return; // fingers scroll by themselves
    frame.scrollBy(-event.movementX, -event.movementY);
  });
}
