/** What the assistant does on its way to the answer: its steps, folded away. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { messageRow } from './message-row.js';

/**
 * @typedef {import('../protocol/chatkit').WorkflowItem} WorkflowItem
 * @typedef {import('../protocol/chatkit').Workflow} Workflow
 */

/**
 * @param {WorkflowItem} first
 * @returns {import('./item-view.js').ItemView}
 */
export function workflowRow(first) {
  const summary = h('summary', { dir: 'auto' });
  const tasks = h('ul');
  // The person opens and closes it from here on.
  const details = h('details', { class: 'workflow', open: first.workflow.expanded }, summary, tasks);
  /** @param {import('./thread-state.js').Item} item */
  const update = (item) => {
    if (item.type !== 'workflow') return;
    summary.textContent = titleOf(item.workflow);
    tasks.replaceChildren(...item.workflow.tasks.map(taskRow));
  };
  update(first);
  return { element: messageRow('assistant', first, t('answer.by'), details), update };
}

/** @param {Workflow} workflow */
function titleOf({ type, summary }) {
  if (summary && 'title' in summary) return summary.title;
  return t(type === 'reasoning' ? 'answer.thoughts' : 'answer.steps');
}

/** @param {import('../protocol/chatkit').Task} task */
function taskRow(task) {
  return h('li', { dir: 'auto', text: task.title ?? ('content' in task ? task.content : undefined) ?? '' });
}
