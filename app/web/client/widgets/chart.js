/** Draws a chart, and gives its numbers to those who can't see it as a table. */

import { h } from '../ui/dom.js';
import { language } from '../words.js';
import { chartShape, nameOf } from './chart-shape.js';
import { layOut } from './layout.js';
import { color } from './tokens.js';

/** @typedef {import('../protocol/chatkit').Chart} Chart */

const [WIDTH, HEIGHT] = [480, 240];
const DEFAULT_COLORS = ['blue', 'orange', 'green', 'purple', 'red', 'yellow', 'pink'];
const DOT_RADIUS = 2.5;

/** @param {Chart} chart */
export function renderChart(chart) {
  const { showLegend = true, showYAxis = false, series } = chart;
  const figure = h('figure', { class: 'widget-chart' },
    picture(chart, showYAxis),
    showLegend && h('figcaption', { class: 'chart-legend', 'aria-hidden': 'true' }, ...series.map((each, number) => {
      const mark = h('i');
      mark.style.background = colorOf(chart, number);
      return h('span', {}, mark, h('bdi', { text: nameOf(each) }));
    })),
    table(chart));
  layOut(figure, chart);
  return figure;
}

/**
 * @param {Chart} chart
 * @param {boolean} showYAxis
 */
function picture(chart, showYAxis) {
  const isNamed = typeof chart.xAxis === 'string' || !chart.xAxis.hide;
  const frame = { left: showYAxis ? 44 : 4, top: 8, right: WIDTH - 4, bottom: HEIGHT - (isNamed ? 26 : 6) };
  const shape = chartShape(chart, frame);
  const shows = chart.showTooltip ?? true;
  const number = new Intl.NumberFormat(language(), { notation: 'compact' });
  const every = Math.ceil(shape.labels.length / 8); // more would lie over each other
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true', direction: 'ltr' },
    ...shape.ticks.map(({ y }) => svg('path', { class: 'chart-grid', d: `M${frame.left},${y}H${frame.right}` })),
    ...(showYAxis ? shape.ticks.map(({ value, y }) =>
      svg('text', { x: frame.left - 6, y: y + 3.5, 'text-anchor': 'end' }, number.format(value))) : []),
    ...shape.bars.map(({ series, x, y, width, height, title }) =>
      svg('rect', { x, y, width, height, rx: 1.5, fill: colorOf(chart, series) }, shows && svg('title', {}, title))),
    ...shape.lines.flatMap(({ series, line, area, points }) => [
      area && svg('path', { class: 'chart-area', d: area, fill: colorOf(chart, series) }),
      svg('path', { class: 'chart-line', d: line, stroke: colorOf(chart, series) }),
      ...points.map(({ x, y, title }) =>
        svg('circle', { cx: x, cy: y, r: DOT_RADIUS, fill: colorOf(chart, series) }, shows && svg('title', {}, title))),
    ]),
    svg('path', { class: 'chart-axis', d: `M${frame.left},${shape.zero}H${frame.right}` }),
    ...(isNamed ? shape.labels.map(({ text, x }, index) =>
      index % every === 0 && svg('text', { x, y: HEIGHT - 8, 'text-anchor': 'middle' }, text)) : []));
}

/** @param {Chart} chart */
function table({ data, series, xAxis }) {
  const key = typeof xAxis === 'string' ? xAxis : xAxis.dataKey;
  return h('div', { class: 'visually-hidden' }, h('table', {},
    h('thead', {}, h('tr', {},
      h('th', { scope: 'col', text: key }), ...series.map((each) => h('th', { scope: 'col', text: nameOf(each) })))),
    h('tbody', {}, ...data.map((row) => h('tr', {},
      h('th', { scope: 'row', text: String(row[key] ?? '') }),
      ...series.map(({ dataKey }) => h('td', { text: String(row[dataKey] ?? '') })))))));
}

/**
 * @param {Chart} chart
 * @param {number} number  Of the series.
 */
function colorOf({ series }, number) {
  return color(series[number]?.color) ?? color(DEFAULT_COLORS[number % DEFAULT_COLORS.length]) ?? 'currentColor';
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string | null | undefined | false)} children
 */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    // As a property: it takes light-dark(), and the page's policy knows no style attributes.
    if (name === 'fill' || name === 'stroke') element.style[name] = String(value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
