/** The scrolling list of messages: keeps the DOM in step with a `ThreadState`. */

import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { lazyIcon } from '../widgets/lazy-icon.js';
import { t } from '../words.js';
import { renewPreviews } from './attachment-view.js';
import { createItemView } from './item-view.js';

const NEAR_THE_END_PIXELS = 80;

export class ThreadView {
  /** @param {import('./item-view.js').ItemActions} actions */
  constructor(actions) {
    this.actions = actions;
    this.list = h('ol', { class: 'messages' });
    this.earlier = h('button', {
      type: 'button', class: 'text-button earlier', hidden: true, text: t('answer.earlier'),
      on: { click: () => actions.loadEarlier() },
    });
    this.tail = h('div', { class: 'tail' });
    this.jump = h('button', {
      type: 'button', class: 'jump', hidden: true, 'aria-label': t('answer.latest'),
      on: { click: () => this.scrollToEnd('smooth') },
    }, icon('chevron'));
    this.scroller = h('div', { class: 'thread-scroll', role: 'log', 'aria-live': 'off', 'aria-label': t('chat.messages'), tabindex: '-1' },
      h('div', { class: 'thread-column' }, this.earlier, this.list, this.tail));
    /** @type {Map<string, import('./item-view.js').ItemView>}  By item id. */
    this.views = new Map();
    this.sticksToEnd = true;
    this.lastTop = 0;
    this.scroller.addEventListener('scroll', () => this.#noticeScroll());
    // Pictures change heights after the fact, and the composer grows: stay at the end if we were.
    const observer = new ResizeObserver(() => this.sticksToEnd && this.scrollToEnd());
    for (const part of [this.scroller, this.list, this.tail]) observer.observe(part);
  }

  /** @param {import('../protocol/chatkit').ThreadItem[]} items  As they have just been loaded. */
  renewPreviews(items) {
    renewPreviews(this.list, items);
  }

  /** Forgets the thread that was shown. */
  reset() {
    this.views.clear();
    this.list.replaceChildren();
    this.tail.replaceChildren();
    this.sticksToEnd = true;
  }

  /**
   * @param {import('./thread-state.js').ThreadState} state
   * @param {object} status
   * @param {boolean} status.isAnswering
   * @param {Set<string>} [status.changed]  Items to redraw; others are drawn only if new.
   * @param {boolean} [status.hasEarlier]
   */
  show(state, { isAnswering, changed = new Set(), hasEarlier = false }) {
    const anchor = this.#isGrowingAbove(state) ? this.#anchor() : null;
    const seen = new Set();
    /** @type {HTMLElement | null} */
    let previous = null;
    for (const item of state.items) {
      const isOpen = state.open.has(item.id);
      const known = this.views.get(item.id);
      if (known && changed.has(item.id)) known.update(item, isOpen);
      const view = known ?? createItemView(item, isOpen, this.actions);
      if (!view) continue;
      if (!known && previous) previous.after(view.element);
      else if (!known) this.list.prepend(view.element);
      seen.add(item.id);
      this.views.set(item.id, view);
      previous = view.element;
    }
    for (const [id, { element }] of this.views) {
      if (seen.has(id)) continue;
      element.remove();
      this.views.delete(id);
    }
    this.#mark('is-last-answer', state.lastAnswer?.id);
    this.#mark('is-last-question', state.lastQuestion?.id);
    this.earlier.hidden = !hasEarlier;
    this.list.classList.toggle('is-answering', isAnswering);
    this.list.classList.toggle('is-closed', state.closed !== null);
    this.#showTail(state, isAnswering);
    if (anchor) anchor.restore();
    else if (this.sticksToEnd) this.scrollToEnd();
  }

  /**
   * Whether earlier messages are about to be shown.
   * @param {import('./thread-state.js').ThreadState} state
   */
  #isGrowingAbove({ items }) {
    const [first] = this.views.keys();
    return first !== undefined && items.findIndex(({ id }) => id === first) > 0;
  }

  /**
   * Shows what only the last answer and the last question have: "Answer again", "Edit message".
   * @param {string} name  Of the class.
   * @param {string | undefined} itemId
   */
  #mark(name, itemId) {
    const marked = this.list.querySelector(`.${name}`);
    const last = itemId ? this.views.get(itemId)?.element : undefined;
    if (marked === last) return;
    marked?.classList.remove(name);
    last?.classList.add(name);
  }

  /**
   * Scrolls to an item, and marks it for a moment.
   * @param {string} itemId
   * @returns {boolean} false: it is not drawn
   */
  reveal(itemId) {
    const element = this.views.get(itemId)?.element;
    if (!element) return false;
    this.sticksToEnd = false;
    element.scrollIntoView({ block: 'center' });
    element.classList.add('is-revealed');
    element.addEventListener('animationend', () => element.classList.remove('is-revealed'), { once: true });
    return true;
  }

  /** @param {ScrollBehavior} behavior */
  scrollToEnd(behavior = 'instant') {
    this.sticksToEnd = true;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior });
    this.jump.hidden = true;
  }

  /** What is being read: it stays where it is when messages are put above it. */
  #anchor() {
    const { top } = this.scroller.getBoundingClientRect();
    for (const { element } of this.views.values()) {
      const box = element.getBoundingClientRect();
      if (box.bottom <= top) continue;
      const restore = () => {
        this.scroller.scrollTop += element.getBoundingClientRect().top - box.top;
      };
      return { restore };
    }
    return null;
  }

  #noticeScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const isNearTheEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PIXELS;
    // Only a person scrolls up; growing content leaves the position where it was.
    if (isNearTheEnd) this.sticksToEnd = true;
    else if (scrollTop < this.lastTop) this.sticksToEnd = false;
    this.lastTop = scrollTop;
    this.jump.hidden = this.sticksToEnd;
  }

  /**
   * @param {import('./thread-state.js').ThreadState} state
   * @param {boolean} isAnswering
   */
  #showTail(state, isAnswering) {
    const last = state.items.at(-1);
    const isWriting = last?.type === 'assistant_message' && last.content.some((part) => part?.text);
    const key = JSON.stringify([isAnswering && (!isWriting || state.progress), state.progress, state.error]);
    if (key === this.tail.dataset.key) return;
    this.tail.dataset.key = key;
    this.tail.replaceChildren();
    if (isAnswering && (!isWriting || state.progress)) {
      this.tail.append(h('p', { class: 'thinking' },
        state.progress?.icon ? lazyIcon(state.progress.icon)
          : h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')),
        h('span', { dir: 'auto', text: state.progress?.text ?? t('answer.thinking') })));
    }
    if (state.error) {
      this.tail.append(h('div', { class: 'answer-error', role: 'alert' },
        icon('alert'),
        h('p', { dir: 'auto', text: state.error.message }),
        state.error.canRetry &&
          h('button', { type: 'button', class: 'button', text: t('answer.try_again'), on: { click: () => this.actions.retry() } })));
    }
  }
}
