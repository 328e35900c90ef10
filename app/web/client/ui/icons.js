/** Line icons on a 24 × 24 grid, drawn for this page. */

const SHAPES = {
  plus: 'M12 5v14M5 12h14',
  attach: 'M19.5 11.5 12 19a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.6 1.6 0 0 1-2.2-2.2l7-7',
  snapshot: 'M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2M12 8.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4z',
  at: 'M15.8 12a3.8 3.8 0 1 0-7.6 0 3.8 3.8 0 0 0 7.6 0zm0 0v1.4a2.6 2.6 0 0 0 5.2 0V12a9 9 0 1 0-3.6 7.2',
  send: 'M12 19V5M5.5 11.5 12 5l6.5 6.5',
  stop: 'M7.5 7.5h9v9h-9z',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  retry: 'M20 12a8 8 0 1 1-2.4-5.7L20 8.5M20 4v4.5h-4.5',
  thumbUp: 'M7.5 11v9H4.6a.6.6 0 0 1-.6-.6v-7.8a.6.6 0 0 1 .6-.6zm0 0 3.8-7.4c1.5 0 2.6 1.1 2.6 2.6V9.5h4.6a2 2 0 0 1 2 2.3l-1.1 6.5a2 2 0 0 1-2 1.7H7.5',
  thumbDown: 'M7.5 13V4H4.6a.6.6 0 0 0-.6.6v7.8c0 .3.3.6.6.6zm0 0 3.8 7.4c1.5 0 2.6-1.1 2.6-2.6v-3.3h4.6a2 2 0 0 0 2-2.3l-1.1-6.5A2 2 0 0 0 17.4 4H7.5',
  trash: 'M4.5 7h15M10 11v5.5M14 11v5.5M6.5 7l.8 11.2a2 2 0 0 0 2 1.8h5.4a2 2 0 0 0 2-1.8L17.5 7M9.5 7V4.5h5V7',
  pencil: 'M4.5 19.5h3.7L19 8.7a2.6 2.6 0 0 0-3.7-3.7L4.5 15.8zM13.5 6.8l3.7 3.7',
  menu: 'M4 7h16M4 12h16M4 17h10',
  settings: 'M4 8h8.5M17.5 8H20M4 16h2.5M11.5 16H20M15 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM9 13.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  file: 'M13.5 3.5H7a2 2 0 0 0-2 2v13a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9zm0 0V9H19',
  image: 'M6 4.5h12A1.5 1.5 0 0 1 19.5 6v12a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 18V6A1.5 1.5 0 0 1 6 4.5zM4.5 16l4.5-4.5 4 4 2.5-2.5 4 4M15 8.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6z',
  chat: 'M20 11.5c0 3.9-3.6 7-8 7-1 0-2-.2-2.9-.5L4.5 19.5l1.3-3.7A6.5 6.5 0 0 1 4 11.5c0-3.9 3.6-7 8-7s8 3.1 8 7z',
  copy: 'M9 9h9a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 18 20h-8a1.5 1.5 0 0 1-1.5-1.5v-9zM5.5 15A1.5 1.5 0 0 1 4 13.5v-8A1.5 1.5 0 0 1 5.5 4h8A1.5 1.5 0 0 1 15 5.5',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  minus: 'M5 12h14',
  before: 'M14.5 6 8.5 12l6 6',
  after: 'M9.5 6l6 6-6 6',
  chevron: 'M6.5 9.5 12 15l5.5-5.5',
  alert: 'M12 9v4.5M12 16.8v.2M10.6 4.3 3.2 17.2a1.6 1.6 0 0 0 1.4 2.3h14.8a1.6 1.6 0 0 0 1.4-2.3L13.4 4.3a1.6 1.6 0 0 0-2.8 0z',
  info: 'M12 11v5.5M12 7.5v.2M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  microphone: 'M12 3.5a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0v-5a3 3 0 0 0-3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3',
  search: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l4.5 4.5',
  keyboard: 'M5 6.5h14A1.5 1.5 0 0 1 20.5 8v8a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 16V8A1.5 1.5 0 0 1 5 6.5zM7 10.2v.1M10.3 10.2v.1M13.7 10.2v.1M17 10.2v.1M8.5 14h7',
  link: 'M10 13.5a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 4.8l-1 1M14 10.5a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 19.2l1-1',
};

/** @typedef {keyof typeof SHAPES} IconName */

/** @param {IconName} name */
export function icon(name) {
  return drawn(SHAPES[name], name);
}

/**
 * @param {string} shape  The path, as SVG has it in `d`.
 * @param {string} name  Its class is `icon-{name}`.
 */
export function drawn(shape, name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shape);
  svg.append(path);
  return svg;
}
