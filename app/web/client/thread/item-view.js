/** Turns one thread item into what a person reads. */

import { renderMarkdown } from '../text/markdown.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { renderWidget } from '../widgets/widget-view.js';
import { t } from '../words.js';
import { renderAttachments } from './attachment-view.js';
import { plainText } from './thread-state.js';

/**
 * @typedef {import('@openai/chatkit').Entity} Entity
 * @typedef {import('../protocol/chatkit').Attachment} Attachment
 * @typedef {import('../protocol/chatkit').UserMessageItem} UserMessageItem
 * @typedef {import('../protocol/chatkit').AssistantMessageItem} AssistantMessageItem
 * @typedef {import('./thread-state.js').Item} Item
 *
 * What a person can do with an item.
 * @typedef {object} ItemActions
 * @property {(attachment: Attachment) => void} openAttachment
 * @property {(entity: Entity) => void} openEntity
 * @property {(anchor: HTMLElement, entity: Entity) => void} previewOnHover
 * @property {() => void} previewExpired
 * @property {() => void} loadEarlier
 * @property {() => void} retry  Answers the last question again.
 * @property {(itemId: string) => 'positive' | 'negative' | undefined} feedbackOf
 * @property {(item: Item, kind: 'positive' | 'negative', button: HTMLElement) => void} giveFeedback
 * @property {(item: Item, button: HTMLElement) => void} copy
 */

/**
 * @param {Item} item
 * @param {ItemActions} actions
 * @returns {HTMLElement | null}  Null for what has no face: markers and hidden context.
 */
export function renderItem(item, actions) {
  switch (item.type) {
    case 'user_message':
      return userMessage(item, actions);
    case 'assistant_message':
      return assistantMessage(item, actions);
    case 'widget':
      return row('assistant', item, t('answer.by'), h('div', { class: 'widget-frame' }, renderWidget(item.widget)));
    case 'generated_image':
      return row('assistant', item, t('answer.by'), generatedImage(item));
    case 'workflow':
      return row('assistant', item, t('answer.by'), workflow(item.workflow));
    case 'task':
      return row('assistant', item, t('answer.by'), h('p', { class: 'aside', text: item.task.title ?? '' }));
    case 'structured_input':
      return row('assistant', item, t('answer.by'),
        ...item.inputs.map(({ question }) => h('p', { text: question })));
    case 'notice':
      return notice(item);
    default:
      return null;
  }
}

/**
 * Redraws a message in place; paragraphs that did not change keep their nodes and selection.
 * @param {HTMLElement} element
 * @param {Item} item
 * @param {ItemActions} actions
 * @returns {HTMLElement | null} where the item is shown now
 */
export function updateItem(element, item, actions) {
  const body = element.querySelector('.message-body');
  if (item.type !== 'assistant_message' || !body) {
    const fresh = renderItem(item, actions);
    if (fresh) element.replaceWith(fresh);
    return fresh;
  }
  const fresh = assistantBody(item);
  const next = [...fresh.childNodes];
  next.forEach((node, index) => {
    const old = body.childNodes[index];
    if (!old) body.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (body.childNodes.length > next.length) body.lastChild?.remove();
  return element;
}

/**
 * @param {'user' | 'assistant'} role
 * @param {Item} item
 * @param {string} author
 * @param {...import('../ui/dom.js').Child} children
 */
function row(role, item, author, ...children) {
  return h(
    'li',
    { class: `message message-${role}`, dataset: { itemId: item.id, type: item.type } },
    h('span', { class: 'visually-hidden', text: `${author}:` }),
    ...children,
  );
}

/**
 * @param {UserMessageItem & {pending?: boolean}} item
 * @param {ItemActions} actions
 */
function userMessage(item, actions) {
  const text = h('div', { class: 'message-body' });
  for (const part of item.content) {
    text.append(part.type === 'input_tag' ? tag(part, actions) : part.text);
  }
  const element = row(
    'user',
    item,
    t('message.by'),
    item.attachments.length > 0 && renderAttachments(item.attachments, actions),
    item.quoted_text && h('blockquote', { class: 'quoted', text: item.quoted_text }),
    plainText(item).trim() !== '' && text,
  );
  element.classList.toggle('is-pending', Boolean(item.pending));
  return element;
}

/**
 * @param {import('../protocol/chatkit').UserMessageTagContent} part
 * @param {ItemActions} actions
 */
function tag(part, actions) {
  const entity = { id: part.id, title: part.text };
  const chip = h('button', {
    type: 'button',
    class: 'mention',
    text: `@${part.text}`,
    on: { click: () => actions.openEntity(entity) },
  });
  actions.previewOnHover(chip, entity);
  return chip;
}

/**
 * @param {AssistantMessageItem} item
 * @param {ItemActions} actions
 */
function assistantMessage(item, actions) {
  const body = h('div', { class: 'message-body markdown' });
  body.append(assistantBody(item));
  return row('assistant', item, t('answer.by'), body, toolbar(item, actions));
}

/** @param {AssistantMessageItem} item */
function assistantBody(item) {
  const fragment = document.createDocumentFragment();
  for (const part of item.content) {
    if (!part) continue;
    fragment.append(renderMarkdown(part.text));
    const sources = (part.annotations ?? []).map(({ source }) => source);
    if (sources.length > 0) fragment.append(sourceList(sources));
  }
  return fragment;
}

/** @param {import('../protocol/chatkit').Source[]} sources */
function sourceList(sources) {
  return h('ul', { class: 'sources' }, ...sources.map((source) => {
    return h('li', {}, source.type === 'url' && /^https?:/.test(source.url)
      ? h('a', { href: source.url, target: '_blank', rel: 'noopener noreferrer', text: source.title })
      : h('span', { text: source.title }));
  }));
}

/**
 * @param {AssistantMessageItem} item
 * @param {ItemActions} actions
 */
function toolbar(item, actions) {
  const feedback = actions.feedbackOf(item.id);
  /** @param {'positive' | 'negative'} kind */
  const rate = (kind) => (/** @type {any} */ event) => actions.giveFeedback(item, kind, event.currentTarget);
  return h(
    'div',
    { class: 'message-tools', role: 'group', 'aria-label': t('answer') },
    iconButton(icon('copy'), t('answer.copy'), (event) => actions.copy(item, event.currentTarget)),
    iconButton(icon('thumbUp'), t('answer.good'), rate('positive'), {
      'aria-pressed': String(feedback === 'positive'),
    }),
    iconButton(icon('thumbDown'), t('answer.bad'), rate('negative'), {
      'aria-pressed': String(feedback === 'negative'),
    }),
    iconButton(icon('retry'), t('answer.again'), () => actions.retry(), { class: 'message-retry' }),
  );
}

/** @param {import('../protocol/chatkit').GeneratedImageItem} item */
function generatedImage(item) {
  if (!item.image) return h('p', { class: 'aside', text: t('answer.image.drawing') });
  return h('img', { class: 'generated-image', src: item.image.url, alt: t('answer.image') });
}

/** @param {import('../protocol/chatkit').Workflow} content */
function workflow({ type, summary, expanded, tasks }) {
  const title = summary && 'title' in summary ? summary.title : t(type === 'reasoning' ? 'answer.thoughts' : 'answer.steps');
  return h('details', { class: 'workflow', open: expanded },
    h('summary', { text: title }),
    h('ul', {}, ...tasks.map((task) =>
      h('li', { text: task.title ?? ('content' in task ? task.content : undefined) ?? '' }))));
}

/** @param {import('./thread-state.js').Notice} item */
function notice(item) {
  const text = h('div', { class: 'markdown' });
  text.append(renderMarkdown(item.message));
  return h('li', { class: `notice notice-${item.level}`, dataset: { itemId: item.id } },
    item.title && h('strong', { text: item.title }), text);
}
