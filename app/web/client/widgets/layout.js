/** Lays a component out as its properties say. */

import { color, edges, length, radius, space } from './tokens.js';

/**
 * Properties that boxes, images and charts share, of any of them.
 * @typedef {Partial<Omit<import('../protocol/chatkit').Box, 'type' | 'children'>>} Layout
 */

const ALIGN = { start: 'flex-start', center: 'center', end: 'flex-end', baseline: 'baseline', stretch: 'stretch' };
const JUSTIFY = { ...ALIGN, between: 'space-between', around: 'space-around', evenly: 'space-evenly' };
const WRAPS = new Set(['nowrap', 'wrap', 'wrap-reverse']);

/**
 * @param {HTMLElement | SVGElement} element
 * @param {Layout} layout
 */
export function layOut(element, layout) {
  const { size, minSize, maxSize } = layout;
  setLengths(element, {
    width: layout.width ?? size, height: layout.height ?? size,
    minWidth: layout.minWidth ?? minSize, minHeight: layout.minHeight ?? minSize,
    maxWidth: layout.maxWidth ?? maxSize, maxHeight: layout.maxHeight ?? maxSize,
  });
  const { style } = element;
  if (layout.align && Object.hasOwn(ALIGN, layout.align)) style.alignItems = ALIGN[layout.align];
  if (layout.justify && Object.hasOwn(JUSTIFY, layout.justify)) style.justifyContent = JUSTIFY[layout.justify];
  if (layout.wrap && WRAPS.has(layout.wrap)) style.flexWrap = layout.wrap;
  if (layout.flex !== undefined) style.flex = String(layout.flex);
  if (layout.aspectRatio !== undefined) style.aspectRatio = String(layout.aspectRatio);
  style.gap = space(layout.gap) ?? '';
  style.borderRadius = radius(layout.radius) ?? '';
  style.background = color(layout.background) ?? '';
  setEdges(element, 'padding', layout.padding);
  setEdges(element, 'margin', layout.margin);
  setBorder(element, layout.border);
}

/**
 * @param {HTMLElement | SVGElement} element
 * @param {Partial<Record<'width' | 'height' | 'minWidth' | 'minHeight' | 'maxWidth' | 'maxHeight',
 *   number | string | undefined>>} lengths
 */
export function setLengths(element, lengths) {
  for (const [name, value] of Object.entries(lengths)) {
    const css = length(value);
    if (css) element.style[/** @type {keyof typeof lengths} */ (name)] = css;
  }
}

/**
 * @param {HTMLElement | SVGElement} element
 * @param {'padding' | 'margin'} kind
 * @param {Layout['padding']} value
 */
function setEdges({ style }, kind, value) {
  for (const [edge, amount] of Object.entries(edges(value, (all) => typeof all !== 'object'))) {
    style.setProperty(`${kind}-${edge}`, space(/** @type {number | string} */ (amount)));
  }
}

/**
 * @param {HTMLElement | SVGElement} element
 * @param {Layout['border']} value
 */
function setBorder({ style }, value) {
  const isSingle = (/** @type {any} */ all) => typeof all === 'number' || 'size' in all;
  for (const [edge, border] of Object.entries(edges(value, isSingle))) {
    const { size, color: shade = 'default', style: line = 'solid' } =
      /** @type {import('../protocol/chatkit').Border} */ (typeof border === 'number' ? { size: border } : border);
    style.setProperty(`border-${edge}`, `${Number(size)}px ${line} ${color(shade) ?? 'var(--line)'}`);
  }
}
