/** One step of an answer: what is done, what was searched for, where it was found. */

import { MarkdownBody } from '../text/markdown-body.js';
import { h } from '../ui/dom.js';
import { lazyIcon } from '../widgets/lazy-icon.js';
import { t } from '../words.js';
import { sourceList } from './sources.js';

/**
 * @typedef {import('../protocol/chatkit').Task} Task
 * @typedef {import('./item-view.js').ItemActions} ItemActions
 */

const ICONS = { custom: 'dot', web_search: 'globe', thought: 'lightbulb', file: 'document', image: 'square-image' };

/**
 * @param {Task} task
 * @param {ItemActions} actions
 */
export function taskContent(task, actions) {
  const { status_indicator: status = 'none' } = task;
  const content = 'content' in task ? task.content : undefined;
  const queries = 'queries' in task ? task.queries : [];
  const sources = 'sources' in task ? task.sources : [];
  const title = task.title ?? ('title_query' in task ? task.title_query : undefined);
  const name = (task.type === 'custom' && task.icon) || ICONS[task.type];
  return h('div', { class: 'task', dataset: { status } },
    lazyIcon(status === 'complete' ? 'check' : (name ?? 'dot')),
    h('div', { class: 'task-lines' },
      title && h('p', { dir: 'auto', text: title }),
      status === 'loading' && h('span', { class: 'visually-hidden', text: t('answer.step.loading') }),
      content && new MarkdownBody({ text: content }).element,
      queries.length > 0 && h('ul', { class: 'task-queries', 'aria-label': t('answer.step.queries') },
        ...queries.map((query) => h('li', { dir: 'auto', text: query }))),
      sources.length > 0 && sourceList(sources, actions)));
}
