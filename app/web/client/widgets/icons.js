/** The icons that widgets name (chatkit-python, icons.py), on a 24 × 24 grid, drawn for this page. */

import { drawn, icon } from '../ui/icons.js';

const CIRCLE = 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z';
const PAGE = 'M7 3.5h10a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-13a2 2 0 0 1 2-2z';
const SQUARE = 'M6 4h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z';
const STAR = 'M12 3.8l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z';
const SPARKLE = 'M12 3.5c.6 5 3.5 7.9 8.5 8.5-5 .6-7.9 3.5-8.5 8.5-.6-5-3.5-7.9-8.5-8.5 5-.6 7.9-3.5 8.5-8.5z';
const PERSON = 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c.7-3.8 3.7-5.5 7.5-5.5s6.8 1.7 7.5 5.5';
const PIN = 'M12 3.5a6.5 6.5 0 0 0-6.5 6.5c0 4.5 6.5 10.5 6.5 10.5s6.5-6 6.5-10.5A6.5 6.5 0 0 0 12 3.5zM12 7.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z';
const PEN = 'M4.5 19.5h3.7L19 8.7a2.6 2.6 0 0 0-3.7-3.7L4.5 15.8z';
const BOOK = 'M12 6.5C10 5 7 4.5 3.5 4.5v13c3.5 0 6.5.5 8.5 2 2-1.5 5-2 8.5-2v-13C17 4.5 14 5 12 6.5zM12 6.5v13';
const CLOCK_HANDS = 'M12 7.5V12l3 2';
const CHART = 'M4 20h16M7 16.5v-4M12 16.5v-9M17 16.5v-6';

/** @type {Record<string, string>} */
const SHAPES = {
  agent: 'M7 8h10a3 3 0 0 1 3 3v5a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3v-5a3 3 0 0 1 3-3zM12 8V4.5M9 12.5v1.5M15 12.5v1.5',
  analytics: 'M4 19.5h16M5 15l4.5-5 4 3L19.5 6',
  atom: 'M12 11.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6zM12 8c5 0 9 1.8 9 4s-4 4-9 4-9-1.8-9-4 4-4 9-4zM8.5 14c-2.5-4.3-3-8.7-1-9.8s5.5 1.5 8 5.8 3 8.7 1 9.8-5.5-1.5-8-5.8z',
  batch: 'M12 4l8.5 4-8.5 4-8.5-4zM3.5 12l8.5 4 8.5-4M3.5 16l8.5 4 8.5-4',
  bolt: 'M13 3.5 5.5 13.5H11l-1 7 7.5-10H12z',
  'book-open': BOOK,
  'book-closed': 'M6.5 3.5H19v17H6.5A1.5 1.5 0 0 1 5 19V5a1.5 1.5 0 0 1 1.5-1.5zM5 17.5h14',
  'book-clock': 'M19 10V3.5H6.5A1.5 1.5 0 0 0 5 5v14a1.5 1.5 0 0 0 1.5 1.5H10M17 13a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM17 15v2l1.3 1',
  bug: 'M12 8a4.5 4.5 0 0 1 4.5 4.5v3a4.5 4.5 0 0 1-9 0v-3A4.5 4.5 0 0 1 12 8zM9.5 8.5a2.5 2.5 0 0 1 5 0M7.5 13.5H4M20 13.5h-3.5M8 10.5 5 8M16 10.5 19 8M8 17.5 5 20M16 17.5 19 20M12 12v7',
  calendar: 'M5.5 5.5h13A1.5 1.5 0 0 1 20 7v11.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18.5V7a1.5 1.5 0 0 1 1.5-1.5zM4 10h16M8 3.5v4M16 3.5v4',
  chart: CHART,
  'check-circle': `${CIRCLE}M8 12.3l2.8 2.8L16 9.7`,
  'chevron-left': 'M14.5 6 8.5 12l6 6',
  'chevron-right': 'M9.5 6l6 6-6 6',
  'circle-question': `${CIRCLE}M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.2`,
  clock: `${CIRCLE}${CLOCK_HANDS}`,
  compass: `${CIRCLE}M15.5 8.5l-2 5-5 2 2-5z`,
  confetti: 'M4 20l4.5-12 7.5 7.5zM13 4.5c1 1 1 2.5 0 3.5M19.5 11c-1-1-2.5-1-3.5 0M17 4v.2M20 7v.2M15 10l4-4',
  cube: 'M12 3.5l7.5 4.2v8.6L12 20.5l-7.5-4.2V7.7zM4.5 7.7 12 12l7.5-4.3M12 12v8.5',
  desktop: 'M5 4.5h14A1.5 1.5 0 0 1 20.5 6v9a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 15V6A1.5 1.5 0 0 1 5 4.5zM9 20h6M12 16.5V20',
  document: `${PAGE}M8.5 8h7M8.5 12h7M8.5 16h4`,
  dot: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  'dots-horizontal': 'M6 12v.2M12 12v.2M18 12v.2',
  'dots-vertical': 'M12 6v.2M12 12v.2M12 18v.2',
  'empty-circle': CIRCLE,
  'external-link': 'M10 5H6a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-4M14 4h6v6M20 4l-9 9',
  globe: `${CIRCLE}M3.5 12h17M12 3.5c2.5 2.5 3.5 5.5 3.5 8.5s-1 6-3.5 8.5c-2.5-2.5-3.5-5.5-3.5-8.5s1-6 3.5-8.5z`,
  keys: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12.2 19.5 4M16 7.5l2.5 2.5',
  lab: 'M9.5 3.5h5M10 3.5V9l-5 8.5a2 2 0 0 0 1.7 3h10.6a2 2 0 0 0 1.7-3L14 9V3.5M7.5 15h9',
  images: 'M8 4h10a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM6 13l4-3.5 3 3 2.5-2 4.5 4M16 18.5A2 2 0 0 1 14 20H5a2 2 0 0 1-2-2V9.5',
  lifesaver: `${CIRCLE}M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM6 6l3.5 3.5M14.5 14.5 18 18M18 6l-3.5 3.5M9.5 14.5 6 18`,
  lightbulb: 'M12 3.5a6 6 0 0 0-3.5 10.9V17h7v-2.6A6 6 0 0 0 12 3.5zM9.5 20.5h5',
  mail: 'M5 5.5h14A1.5 1.5 0 0 1 20.5 7v10a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 17V7A1.5 1.5 0 0 1 5 5.5zM4 7l8 6 8-6',
  'map-pin': PIN,
  maps: 'M9 5 3.5 7.5v12L9 17l6 2.5 5.5-2.5V5L15 7.5zM9 5v12M15 7.5v12',
  mobile: 'M8.5 3h7A1.5 1.5 0 0 1 17 4.5v15a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 7 19.5v-15A1.5 1.5 0 0 1 8.5 3zM11 18h2',
  name: `${SQUARE}M8 15.5 11 8.5l3 7M9 13.5h4M17 9v7`,
  notebook: 'M7 3.5h10.5A1.5 1.5 0 0 1 19 5v14a1.5 1.5 0 0 1-1.5 1.5H7zM7 3.5v17M4.5 7.5H7M4.5 12H7M4.5 16.5H7',
  'notebook-pencil': 'M19 10V5a1.5 1.5 0 0 0-1.5-1.5H7v17h3.5M4.5 7.5H7M4.5 12H7M4.5 16.5H7M13 20.5v-2.5l5-5 2.5 2.5-5 5z',
  'page-blank': PAGE,
  phone: 'M6 4h3l1.5 4.5L8.5 10a11 11 0 0 0 5.5 5.5l1.5-2L20 15v3a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z',
  play: 'M8 5.5l10.5 6.5L8 18.5z',
  profile: `${CIRCLE}M12 7.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM6.5 18.3c1-2.2 3-3.3 5.5-3.3s4.5 1.1 5.5 3.3`,
  'profile-card': 'M5 5h14A1.5 1.5 0 0 1 20.5 6.5v11A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 5 5zM9 8.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM6 16c.5-1.5 1.5-2 3-2s2.5.5 3 2M15 10h3M15 13.5h3',
  star: STAR,
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 20.5 20.5',
  sparkle: SPARKLE,
  'sparkle-double': 'M10 6c.5 4.5 2.5 6.5 7 7-4.5.5-6.5 2.5-7 7-.5-4.5-2.5-6.5-7-7 4.5-.5 6.5-2.5 7-7zM18.5 3.5c.2 1.7.8 2.3 2.5 2.5-1.7.200-2.3.8-2.5 2.5-.2-1.7-.8-2.3-2.5-2.5 1.7-.2 2.3-.8 2.5-2.5z',
  'square-code': `${SQUARE}M10 9l-3 3 3 3M14 9l3 3-3 3`,
  'square-image': `${SQUARE}M4 16l4.5-4.5 4 4 2.5-2.5 5 5M15 8.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6z`,
  'square-text': `${SQUARE}M8 9h8M8 12.5h8M8 16h4`,
  suitcase: 'M5 8h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 20H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 8zM9 8V5.5A1.5 1.5 0 0 1 10.5 4h3A1.5 1.5 0 0 1 15 5.5V8M3.5 13h17',
  user: PERSON,
  wreath: 'M8 4c-3.5 3-5 6-4 9.5s4 6 8 6.5c4-.5 7-3 8-6.5s-.5-6.5-4-9.5M5.5 9c2 .5 3 1.5 3 3M5 14c2-.3 3.5.3 4.5 2M18.5 9c-2 .5-3 1.5-3 3M19 14c-2-.3-3.5.3-4.5 2',
  write: PEN,
  'write-alt': 'M19 12.5V18a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2h5.5M9.5 14.5V12l8-8L20 6.5l-8 8z',
  'write-alt2': `${PEN}M13 20h7`,
};

/** Names of icons that the page has anyway. @type {Record<string, import('../ui/icons.js').IconName>} */
const SHARED = { check: 'check', info: 'info', plus: 'plus', reload: 'retry', 'settings-slider': 'settings' };
/** Names that end so stand for the same icon, filled. */
const FILLED = /-filled$/;

/**
 * @param {string} name  One of ChatKit's.
 * @returns {SVGSVGElement}  A dot, where there is no such icon.
 */
export function widgetIcon(name) {
  const shared = Object.hasOwn(SHARED, name) ? SHARED[name] : undefined;
  if (shared) return icon(shared);
  const plain = name.replace(FILLED, '');
  const shape = drawn((Object.hasOwn(SHAPES, plain) ? SHAPES[plain] : SHAPES['dot']) ?? '', plain);
  if (plain !== name) shape.classList.add('is-filled');
  return shape;
}
