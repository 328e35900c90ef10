/** Where the bars, lines and labels of a chart stand. No DOM here. */

/**
 * @typedef {import('../protocol/chatkit').Chart} Chart
 * @typedef {import('../protocol/chatkit').Series} Series
 *
 * @typedef {{x: number, y: number, title: string}} Point
 * @typedef {{series: number, x: number, y: number, width: number, height: number, title: string}} Bar
 * @typedef {{series: number, line: string, area: string | null, points: Point[]}} Line
 * @typedef {{left: number, top: number, right: number, bottom: number}} Frame
 */

/** Shares of the width of a category, where the chart says no pixels. */
const CATEGORY_GAP = 0.25;
const BAR_GAP = 0.05;
const TICKS = 4;

/**
 * @param {Chart} chart
 * @param {Frame} frame  In pixels: where the values are drawn.
 */
export function chartShape(chart, frame) {
  const { data, series } = chart;
  const stacks = stackValues(chart);
  const values = stacks.flat(2).filter((value) => value !== null);
  const ticks = ticksFor(Math.min(0, ...values), Math.max(0, ...values));
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  /** @param {number} value */
  const y = (value) => round(frame.bottom - ((value - low) / (high - low)) * (frame.bottom - frame.top));
  const step = (frame.right - frame.left) / Math.max(data.length, 1);
  /** @param {number} index */
  const middle = (index) => round(frame.left + step * (index + 0.5));
  const { dataKey, labels = {} } = typeof chart.xAxis === 'string' ? { dataKey: chart.xAxis } : chart.xAxis;
  const categories = data.map((row) => {
    const value = String(row[dataKey] ?? '');
    return Object.hasOwn(labels, value) ? String(labels[value]) : value;
  });
  /** @param {number} number @param {number} index */
  const titleOf = (number, index) =>
    `${categories[index]} · ${nameOf(series[number])}: ${data[index]?.[series[number]?.dataKey ?? ''] ?? '–'}`;

  return {
    ticks: ticks.map((value) => ({ value, y: y(value) })),
    labels: categories.map((text, index) => ({ text, x: middle(index) })),
    zero: y(0),
    bars: bars(chart, stacks, { frame, step, y, titleOf }),
    lines: series.flatMap((each, number) => {
      if (each.type === 'bar') return [];
      const ends = (stacks[number] ?? []).flatMap((range, index) => (range[1] === null ? []
        : [{ x: middle(index), y: y(range[1]), base: y(range[0] ?? 0), title: titleOf(number, index) }]));
      return [{ series: number, points: ends, ...pathsOf(each, ends) }];
    }),
  };
}

/** @param {Series | undefined} series */
export function nameOf(series) {
  return series?.label ?? series?.dataKey ?? '';
}

/**
 * From where to where each value of each series reaches: those of one stack stand on each other.
 * @param {Chart} chart
 * @returns {[number | null, number | null][][]}  By series, then by row.
 */
function stackValues({ data, series }) {
  /** @type {Map<string, number>} */
  const tops = new Map();
  return series.map((each) => data.map((row, index) => {
    const value = Number(row[each.dataKey] ?? NaN);
    if (!Number.isFinite(value)) return [null, null];
    const stack = 'stack' in each ? each.stack : undefined;
    if (stack === undefined) return [0, value];
    const key = `${index} ${value < 0} ${stack}`; // negative values stack downwards
    const base = tops.get(key) ?? 0;
    tops.set(key, base + value);
    return [base, base + value];
  }));
}

/**
 * Round numbers that span the values.
 * @param {number} low
 * @param {number} high
 */
function ticksFor(low, high) {
  const span = high - low || 1;
  const magnitude = 10 ** Math.floor(Math.log10(span / TICKS));
  const step = magnitude * ([1, 2, 5, 10].find((factor) => factor * magnitude * TICKS >= span) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * @param {Chart} chart
 * @param {ReturnType<typeof stackValues>} stacks
 * @param {{frame: Frame, step: number, y: (value: number) => number,
 *   titleOf: (series: number, index: number) => string}} scale
 * @returns {Bar[]}
 */
function bars({ series, barGap, barCategoryGap }, stacks, { frame, step, y, titleOf }) {
  /** @type {Map<string, number>}  The place of each stack, or of a bar of its own, in its category. */
  const places = new Map();
  /** @param {Series} each @param {number} number */
  const placeOf = (each, number) => ('stack' in each && each.stack ? `stack ${each.stack}` : `bar ${number}`);
  series.forEach((each, number) => {
    if (each.type === 'bar' && !places.has(placeOf(each, number))) places.set(placeOf(each, number), places.size);
  });
  const room = Math.max(step - (barCategoryGap ?? step * CATEGORY_GAP), step * 0.1);
  const gap = Math.min(barGap ?? room * BAR_GAP, room / (2 * places.size || 1));
  const width = (room - gap * (places.size - 1)) / (places.size || 1);
  return series.flatMap((each, number) => (each.type !== 'bar' ? [] : (stacks[number] ?? []).flatMap(([from, to], index) => {
    if (from === null || to === null) return [];
    const left = frame.left + step * index + (step - room) / 2 + (places.get(placeOf(each, number)) ?? 0) * (width + gap);
    const [top, bottom] = [Math.min(y(from), y(to)), Math.max(y(from), y(to))];
    return [{ series: number, x: round(left), y: top, width: round(width), height: round(bottom - top), title: titleOf(number, index) }];
  })));
}

/**
 * @param {Exclude<Series, {type: 'bar'}>} series
 * @param {{x: number, y: number, base: number}[]} points
 */
function pathsOf(series, points) {
  const line = curve(points, series.curveType ?? 'linear');
  const first = points[0];
  if (series.type === 'line' || !first) return { line, area: null };
  const back = curve(points.map(({ x, base }) => ({ x, y: base })).reverse(), series.curveType ?? 'linear');
  return { line, area: `${line}${back.replace('M', 'L')}Z` };
}

/**
 * An SVG path through points. Rounded curves turn halfway between two points, so that none of them
 * leaves the range of its values.
 * @param {{x: number, y: number}[]} points
 * @param {string} type  d3's name of a curve.
 */
function curve(points, type) {
  return points.map(({ x, y }, index) => {
    const before = points[index - 1];
    if (!before) return `M${x},${y}`;
    const half = round((before.x + x) / 2);
    if (type.startsWith('linear')) return `L${x},${y}`;
    if (type === 'stepBefore') return `V${y}H${x}`;
    if (type === 'stepAfter') return `H${x}V${y}`;
    if (type === 'step') return `H${half}V${y}H${x}`;
    return `C${half},${before.y} ${half},${y} ${x},${y}`;
  }).join('');
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
