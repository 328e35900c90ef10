/** Draws the ChatKit widgets that this page needs: containers, text, images, badges. */

import { MarkdownBody } from '../text/markdown-body.js';
import { h } from '../ui/dom.js';

const CONTAINERS = new Set(['Basic', 'Card', 'ListView', 'ListViewItem', 'Box', 'Col', 'Row', 'Form', 'Transition']);
const SIZES = new Set(['3xs', '2xs', 'xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl', '4xl', '5xl']);

/**
 * @typedef {import('../protocol/chatkit').WidgetComponent} WidgetComponent
 * @typedef {import('../protocol/chatkit').WidgetRoot} WidgetRoot
 */

/**
 * @param {WidgetComponent | WidgetRoot} widget
 * @returns {HTMLElement | null}
 */
export function renderWidget(widget) {
  if (CONTAINERS.has(widget.type)) return container(widget);
  switch (widget.type) {
    case 'Title':
    case 'Text':
    case 'Caption':
    case 'Label':
      return textOf(widget);
    case 'Markdown':
      return new MarkdownBody({ text: widget.value }).element;
    case 'Badge':
      return h('span', { class: 'widget-badge', text: widget.label });
    case 'Image':
      return image(widget);
    case 'Divider':
      return h('hr');
    case 'Spacer':
      return h('span', { class: 'widget-spacer' });
    default:
      return null; // A component this page can't draw leaves a gap, not an error.
  }
}

/** @param {WidgetComponent | WidgetRoot} widget */
function container(widget) {
  const isRow = widget.type === 'Row' || ('direction' in widget && widget.direction === 'row');
  const children = 'children' in widget ? [widget.children ?? []].flat() : [];
  const box = h(
    'div',
    { class: `widget widget-${widget.type.toLowerCase()} ${isRow ? 'widget-row' : 'widget-col'}` },
    ...children.map(renderWidget),
  );
  if ('align' in widget && widget.align) box.dataset.align = widget.align;
  return box;
}

/** @param {Extract<WidgetComponent, {type: 'Title' | 'Text' | 'Caption' | 'Label'}>} widget */
function textOf(widget) {
  const tag = widget.type === 'Title' ? 'strong' : 'span';
  const maxLines = 'maxLines' in widget ? widget.maxLines : undefined;
  const lines = maxLines ? Math.min(maxLines, 6) : 0;
  return h(tag, {
    class: `widget-${widget.type.toLowerCase()}`,
    text: String(widget.value ?? ''),
    dataset: {
      ...(widget.size && SIZES.has(widget.size) ? { size: widget.size } : {}),
      ...(('truncate' in widget && widget.truncate) || lines ? { lines: String(lines || 1) } : {}),
      ...(widget.weight && widget.weight !== 'normal' ? { weight: widget.weight } : {}),
      ...(widget.color === 'secondary' || widget.color === 'tertiary' ? { tone: 'muted' } : {}),
    },
  });
}

/** @param {import('../protocol/chatkit').Image} widget */
function image(widget) {
  if (!/^(https?:|data:image\/|blob:|\/)/.test(widget.src)) return null;
  const picture = h('img', { src: widget.src, alt: widget.alt ?? '', class: 'widget-image', loading: 'lazy' });
  if (widget.fit === 'cover') picture.dataset.fit = 'cover';
  if (Number.isInteger(widget.size)) {
    picture.style.width = `${widget.size}px`;
    picture.style.height = `${widget.size}px`;
  }
  picture.addEventListener('error', () => picture.remove());
  return picture;
}
