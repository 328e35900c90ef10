/** A widget in the thread, with what can be copied of it. */

import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { messageRow } from './message-row.js';

/**
 * @param {import('../protocol/chatkit').WidgetItem} first
 * @param {import('./item-view.js').ItemActions} actions
 * @returns {import('./item-view.js').ItemView}
 */
export function widgetItem(first, actions) {
  let current = first;
  /** @type {import('../widgets/widget-view.js').WidgetView | null} */
  let view = null;
  const frame = h('div');
  const tools = h('div', { class: 'message-tools' },
    iconButton(icon('copy'), t('answer.copy'), (event) => actions.copy(current, event.currentTarget)));
  /** @param {import('./thread-state.js').Item} item */
  const update = (item) => {
    if (item.type !== 'widget') return;
    current = item;
    view?.update(item.widget);
    tools.hidden = !item.copy_text;
  };
  const load = async () => {
    const { WidgetView } = await import('../widgets/widget-view.js');
    view = new WidgetView((action, config) => actions.act(current, action, config));
    view.update(current.widget);
    frame.replaceWith(view.element);
  };
  update(first);
  load().catch(() => frame.replaceChildren(t('error.connection_lost')));
  return { element: messageRow('assistant', first, t('answer.by'), frame, tools), update };
}
