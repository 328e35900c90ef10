/** The sources of an answer: the numbers where it cites them, and their list. */

import { asStrings } from '../composer/entity-kind.js';
import { h } from '../ui/dom.js';
import { t } from '../words.js';

/**
 * @typedef {import('../protocol/chatkit').Source} Source
 * @typedef {import('./item-view.js').ItemActions} ItemActions
 *
 * Sources that the page opens by itself.
 * @typedef {import('../protocol/chatkit').FileSource | import('../protocol/chatkit').EntitySource} OpenedSource
 */

/**
 * @param {number} number
 * @param {Source | undefined} source
 * @param {ItemActions} actions
 */
export function citation(number, source, actions) {
  if (!source) return h('span');
  const label = t('answer.source', { number, title: source.title });
  const text = (source.type === 'entity' && source.inline_label) || String(number);
  return h('sup', { class: 'citation' },
    opener(source, actions, { text, 'aria-label': label, title: factsOf(source), dir: 'auto' }));
}

/**
 * @param {Source[]} sources
 * @param {ItemActions} actions
 */
export function sourceList(sources, actions) {
  return h('ol', { class: 'sources', 'aria-label': t('answer.sources') }, ...sources.map((source, index) =>
    h('li', {},
      h('span', { class: 'source-number', 'aria-hidden': 'true', text: String(index + 1) }),
      opener(source, actions, { text: source.title, title: factsOf(source), dir: 'auto' }))));
}

/**
 * What opens a source: a link to its address, or a button; a text where neither leads anywhere.
 * @param {Source} source
 * @param {ItemActions} actions
 * @param {import('../ui/dom.js').Props} props
 */
function opener(source, actions, props) {
  if (source.type === 'url') {
    const isWeb = /^https?:/i.test(source.url);
    return isWeb
      ? h('a', { href: source.url, target: '_blank', rel: 'noopener noreferrer', ...props })
      : h('span', { ...props, 'aria-label': null });
  }
  const button = h('button', { type: 'button', on: { click: () => actions.openSource(source) }, ...props });
  if (source.type === 'entity') {
    actions.previewOnHover(button, { id: source.id, title: source.title, data: asStrings(source.data) });
  }
  return button;
}

/** @param {Source} source */
function factsOf(source) {
  const origin = source.type === 'url' ? (source.attribution ?? source.url) : source.type === 'file' ? source.filename : '';
  return [source.title, source.description, source.timestamp, origin !== source.title && origin]
    .filter(Boolean).join('\n');
}
