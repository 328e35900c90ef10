/** Draws the components that only show something: texts, badges, images, lines. */

import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';
import { widgetIcon } from './icons.js';
import { layOut, setLengths } from './layout.js';
import { color, length, space } from './tokens.js';

/**
 * @template {import('../protocol/chatkit').WidgetComponent['type']} T
 * @typedef {Extract<import('../protocol/chatkit').WidgetComponent, {type: T}>} Component
 */

const WEIGHTS = { normal: '400', medium: '500', semibold: '600', bold: '700' };
/** What the page can load (`img-src` of its Content-Security-Policy) or at least try to. */
const IMAGE = /^(?:https?:|data:image\/|blob:|\/(?!\/))/i;

/** @param {Component<'Title' | 'Text' | 'Caption'>} widget */
export function renderText(widget) {
  const tag = widget.type === 'Title' ? 'strong' : 'span';
  const element = h(tag, {
    class: `widget-${widget.type.toLowerCase()}`, dir: 'auto', text: String(widget.value ?? ''),
    dataset: widget.size ? { size: widget.size } : {},
  });
  styleText(element, widget);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Partial<Omit<import('../protocol/chatkit').Text, 'type' | 'size'>>} widget
 */
export function styleText(element, widget) {
  const { style } = element;
  style.color = color(widget.color) ?? '';
  if (widget.weight && Object.hasOwn(WEIGHTS, widget.weight)) style.fontWeight = WEIGHTS[widget.weight];
  if (widget.textAlign) style.textAlign = widget.textAlign;
  if (widget.italic) style.fontStyle = 'italic';
  if (widget.lineThrough) style.textDecoration = 'line-through';
  if (widget.minLines) style.minHeight = `${Number(widget.minLines)}lh`;
  setLengths(element, { width: widget.width });
  const lines = widget.maxLines ?? (widget.truncate ? 1 : 0);
  if (!lines) return;
  element.classList.add('is-clamped');
  style.setProperty('-webkit-line-clamp', String(Number(lines)));
  element.title = element.textContent ?? '';
}

/** @param {Component<'Badge'>} widget */
export function renderBadge({ label, color: tone = 'secondary', variant = 'soft', size = 'sm', pill }) {
  return h('span', {
    class: `widget-badge${pill ? ' is-pill' : ''}`, dir: 'auto', text: label, dataset: { tone, variant, size },
  });
}

/** @param {Component<'Icon'>} widget */
export function renderIcon({ name, color: tone, size = 'md' }) {
  const element = h('span', { class: 'widget-icon', dataset: { size } }, widgetIcon(name));
  element.style.color = color(tone) ?? '';
  return element;
}

/** @param {Component<'Divider'>} widget */
export function renderDivider({ color: tone, size, spacing, flush }) {
  const line = h('hr', { class: `widget-divider${flush ? ' is-flush' : ''}` });
  line.style.setProperty('--line-color', color(tone) ?? 'var(--line)');
  line.style.setProperty('--line-size', length(size) ?? '1px');
  line.style.setProperty('--line-space', space(spacing) ?? '0px');
  return line;
}

/** @param {Component<'Spacer'>} widget */
export function renderSpacer({ minSize }) {
  const element = h('span', { class: 'widget-spacer' });
  element.style.flexBasis = length(minSize) ?? '';
  return element;
}

/** @param {Component<'Image'>} widget */
export function renderImage(widget) {
  const { src, alt = '', fit, position, frame, flush } = widget;
  if (!IMAGE.test(src)) return cantShow(alt || t('widget.image'));
  const image = h('img', { alt, class: 'widget-image', loading: 'lazy' });
  image.classList.toggle('is-framed', Boolean(frame));
  image.classList.toggle('is-flush', Boolean(flush));
  layOut(image, widget);
  if (fit) image.style.objectFit = fit;
  if (position) image.style.objectPosition = position;
  image.addEventListener('error', () => image.replaceWith(cantShow(alt || t('widget.image'), src)));
  image.src = src;
  return image;
}

/**
 * What stands in the place of a part that this page can't show.
 * @param {string} name
 * @param {string} [address]  Where it can be seen instead.
 */
export function cantShow(name, address) {
  return h('p', { class: 'widget-missing' }, icon('info'),
    h('span', { dir: 'auto', text: t('widget.cant_show', { name }) }),
    address && /^https?:/i.test(address) &&
      h('a', { href: address, target: '_blank', rel: 'noopener noreferrer', text: t('widget.open') }));
}
