import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chartShape } from '../../../app/web/client/widgets/chart-shape.js';

const frame = { left: 0, top: 0, right: 200, bottom: 100 };
const data = [{ month: 'Jan', a: 30, b: 20 }, { month: 'Feb', a: 80, b: 20 }];
const chart = { type: 'Chart', data, xAxis: 'month', series: [] };

test('bars stand on zero, side by side in their category', () => {
  const { bars, ticks, labels } = chartShape(
    { ...chart, series: [{ type: 'bar', dataKey: 'a' }, { type: 'bar', dataKey: 'b', label: 'Second' }] }, frame);
  assert.deepEqual(ticks.map(({ value }) => value), [0, 20, 40, 60, 80]);
  assert.deepEqual(labels, [{ text: 'Jan', x: 50 }, { text: 'Feb', x: 150 }]);
  assert.deepEqual(bars.map(({ y, height }) => [y, height]), [[62.5, 37.5], [0, 100], [75, 25], [75, 25]]);
  assert.ok(bars[0].x + bars[0].width <= bars[2].x);
  assert.equal(bars[2].title, 'Jan · Second: 20');
});

test('bars of one stack stand on each other, negative ones below zero', () => {
  const series = [{ type: 'bar', dataKey: 'a', stack: 's' }, { type: 'bar', dataKey: 'b', stack: 's' }];
  const { bars } = chartShape({ ...chart, series, data: [{ month: 'Jan', a: 60, b: 40 }] }, frame);
  assert.deepEqual(bars.map(({ y, height }) => [y, height]), [[40, 60], [0, 40]]);
  const mixed = chartShape({ ...chart, series, data: [{ month: 'Jan', a: 50, b: -50 }] }, frame);
  assert.equal(mixed.zero, 50);
  assert.deepEqual(mixed.bars.map(({ y, height }) => [y, height]), [[0, 50], [50, 50]]);
});

test('a line leaves out what is missing, and an area goes down to zero', () => {
  const rows = [{ month: 'Jan', a: 100 }, { month: 'Feb' }, { month: 'Mar', a: 0 }];
  const { lines } = chartShape({
    ...chart, data: rows, series: [{ type: 'line', dataKey: 'a' }, { type: 'area', dataKey: 'a', curveType: 'step' }],
  }, { ...frame, right: 300 });
  assert.equal(lines[0].line, 'M50,0L250,100');
  assert.equal(lines[0].area, null);
  assert.equal(lines[1].area, 'M50,0H150V100H250L250,100H150V100H50Z');
});

test('labels can be replaced, and a chart without rows has no bars', () => {
  const named = chartShape({ ...chart, xAxis: { dataKey: 'month', labels: { Jan: 'January' } } }, frame);
  assert.deepEqual(named.labels.map(({ text }) => text), ['January', 'Feb']);
  const empty = chartShape({ ...chart, data: [], series: [{ type: 'bar', dataKey: 'a' }] }, frame);
  assert.deepEqual(empty.bars, []);
  assert.equal(empty.ticks[0].value, 0);
});
