/** Turns one thread item into what a person reads. */

import { renderAttachments } from './attachment-view.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { renderMarkdown } from '../text/markdown.js';
import { plainText } from './thread-state.js';
import { renderWidget } from '../widgets/widget-view.js';

/**
 * @param {object} item  A ChatKit `ThreadItem`, or a `notice`.
 * @param {object} actions  What a person can do: see `client.js`.
 * @returns {HTMLElement | null}
 */
export function renderItem(item, actions) {
  switch (item.type) {
    case 'user_message':
      return userMessage(item, actions);
    case 'assistant_message':
      return assistantMessage(item, actions);
    case 'widget':
      return row('assistant', item, 'Assistant', h('div', { class: 'widget-frame' }, renderWidget(item.widget)));
    case 'generated_image':
      return row('assistant', item, 'Assistant', generatedImage(item));
    case 'workflow':
      return row('assistant', item, 'Assistant', workflow(item.workflow));
    case 'task':
      return row('assistant', item, 'Assistant', h('p', { class: 'aside', text: item.task.title ?? '' }));
    case 'structured_input':
      return row('assistant', item, 'Assistant',
        ...item.inputs.map(({ question }) => h('p', { text: question })));
    case 'notice':
      return notice(item);
    default:
      return null; // markers and hidden context have no face
  }
}

/** Redraws a message in place; paragraphs that did not change keep their nodes and selection. */
export function updateItem(element, item, actions) {
  const body = element.querySelector('.message-body');
  if (item.type !== 'assistant_message' || !body) {
    element.replaceWith(renderItem(item, actions) ?? document.createComment(''));
    return;
  }
  const fresh = assistantBody(item);
  const next = [...fresh.childNodes];
  next.forEach((node, index) => {
    const old = body.childNodes[index];
    if (!old) body.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (body.childNodes.length > next.length) body.lastChild.remove();
}

function row(role, item, author, ...children) {
  return h(
    'li',
    { class: `message message-${role}`, dataset: { itemId: item.id, type: item.type } },
    h('span', { class: 'visually-hidden', text: `${author}:` }),
    ...children,
  );
}

function userMessage(item, actions) {
  const text = h('div', { class: 'message-body' });
  for (const part of item.content) {
    text.append(part.type === 'input_tag' ? tag(part, actions) : part.text);
  }
  const element = row(
    'user',
    item,
    'You',
    item.attachments?.length > 0 && renderAttachments(item.attachments, actions),
    item.quoted_text && h('blockquote', { class: 'quoted', text: item.quoted_text }),
    plainText(item).trim() !== '' && text,
  );
  element.classList.toggle('is-pending', Boolean(item.pending));
  return element;
}

function tag(part, actions) {
  const entity = { id: part.id, title: part.text, data: part.data, group: part.group };
  const chip = h('button', {
    type: 'button',
    class: 'mention',
    text: `@${part.text}`,
    on: { click: () => actions.openEntity(entity) },
  });
  actions.previewOnHover(chip, entity);
  return chip;
}

function assistantMessage(item, actions) {
  const body = h('div', { class: 'message-body markdown' });
  body.append(assistantBody(item));
  return row('assistant', item, 'Assistant', body, toolbar(item, actions));
}

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

function sourceList(sources) {
  return h('ul', { class: 'sources' }, ...sources.map((source) => {
    const isLink = source.type === 'url' && /^https?:/.test(source.url);
    return h('li', {}, isLink
      ? h('a', { href: source.url, target: '_blank', rel: 'noopener noreferrer', text: source.title })
      : h('span', { text: source.title }));
  }));
}

function toolbar(item, actions) {
  const feedback = actions.feedbackOf(item.id);
  const rate = (kind) => (event) => actions.giveFeedback(item, kind, event.currentTarget);
  return h(
    'div',
    { class: 'message-tools', role: 'group', 'aria-label': 'Answer' },
    iconButton(icon('copy'), 'Copy answer', (event) => actions.copy(item, event.currentTarget)),
    iconButton(icon('thumbUp'), 'Good answer', rate('positive'), {
      'aria-pressed': String(feedback === 'positive'),
    }),
    iconButton(icon('thumbDown'), 'Bad answer', rate('negative'), {
      'aria-pressed': String(feedback === 'negative'),
    }),
    iconButton(icon('retry'), 'Answer again', () => actions.retry(item.id)),
  );
}

function generatedImage(item) {
  if (!item.image) return h('p', { class: 'aside', text: 'Drawing…' });
  return h('img', { class: 'generated-image', src: item.image.url, alt: 'Generated image' });
}

function workflow(content) {
  const title = content.summary?.title ?? (content.type === 'reasoning' ? 'Thoughts' : 'Steps');
  return h('details', { class: 'workflow', open: content.expanded },
    h('summary', { text: title }),
    h('ul', {}, ...content.tasks.map((task) => h('li', { text: task.title ?? task.content ?? '' }))));
}

function notice(item) {
  const text = h('div', { class: 'markdown' });
  text.append(renderMarkdown(item.message));
  return h('li', { class: `notice notice-${item.level}`, dataset: { itemId: item.id } },
    item.title && h('strong', { text: item.title }), text);
}
