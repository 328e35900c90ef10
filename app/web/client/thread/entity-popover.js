/** The preview of a mention in a message, while the pointer or the focus rests on it. */

import { entityCard } from '../composer/entity-card.js';
import { h } from '../ui/dom.js';

const REST_MS = 250;

/** @param {import('../protocol/api.js').Api} api */
export function createEntityPopover(api) {
  const popover = h('div', { class: 'entity-popover', popover: 'manual' });
  let timer = 0;
  /** @type {HTMLElement | null}  What the preview stands beside. */
  let beside = null;

  const place = () => {
    if (!beside) return;
    const { left, top, bottom } = beside.getBoundingClientRect();
    const { width, height } = popover.getBoundingClientRect();
    const above = top - height - 8;
    popover.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    popover.style.top = `${above > 8 ? above : bottom + 8}px`;
  };
  new ResizeObserver(place).observe(popover); // a picture or a widget comes later
  const hide = () => {
    clearTimeout(timer);
    if (popover.matches(':popover-open')) popover.hidePopover();
  };
  /**
   * @param {HTMLElement} anchor
   * @param {import('@openai/chatkit').Entity} entity
   */
  const show = (anchor, entity) => {
    if (!anchor.isConnected) return;
    popover.replaceChildren(entityCard(entity, api));
    beside = anchor;
    popover.showPopover();
    place();
  };

  return {
    element: popover,
    /**
     * @param {HTMLElement} anchor
     * @param {import('@openai/chatkit').Entity} entity
     */
    attach(anchor, entity) {
      for (const type of ['pointerenter', 'focus']) {
        anchor.addEventListener(type, () => {
          clearTimeout(timer);
          timer = window.setTimeout(() => show(anchor, entity), REST_MS);
        });
      }
      for (const type of ['pointerleave', 'blur', 'click']) anchor.addEventListener(type, hide);
    },
  };
}
