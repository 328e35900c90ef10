/** What the assistant does on its way to the answer: its steps, folded away. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { messageRow } from './message-row.js';
import { taskContent } from './task-view.js';

/**
 * @typedef {import('../protocol/chatkit').WorkflowItem} WorkflowItem
 * @typedef {import('../protocol/chatkit').Workflow} Workflow
 */

/**
 * @param {WorkflowItem} first
 * @param {import('./item-view.js').ItemActions} actions
 * @returns {import('./item-view.js').ItemView}
 */
export function workflowRow(first, actions) {
  const summary = h('summary', { dir: 'auto' });
  const tasks = h('ul');
  // The person opens and closes it from here on.
  const details = h('details', { class: 'workflow', open: first.workflow.expanded }, summary, tasks);
  /** @param {import('./thread-state.js').Item} item */
  const update = (item) => {
    if (item.type !== 'workflow') return;
    summary.textContent = titleOf(item.workflow);
    item.workflow.tasks.forEach((task, index) => {
      if (!task) return; // a later one was announced first
      const key = JSON.stringify(task);
      const known = tasks.children[index];
      if (known instanceof HTMLElement && known.dataset.task === key) return;
      const row = h('li', { dataset: { task: key } }, taskContent(task, actions));
      if (known) known.replaceWith(row);
      else tasks.append(row);
    });
  };
  update(first);
  return { element: messageRow('assistant', first, t('answer.by'), details), update };
}

/** @param {Workflow} workflow */
function titleOf({ type, summary }) {
  if (summary && 'title' in summary) return summary.title;
  if (summary && type === 'reasoning') return t('answer.thoughts.for', { count: summary.duration });
  return t(type === 'reasoning' ? 'answer.thoughts' : 'answer.steps');
}
