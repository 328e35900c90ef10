/** The Snapshot dialog: an SVG one can draw on, attached to the message as a PNG. */

import { snapshot } from '../../snapshot.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 960;
const HEIGHT = 560;
const RED = '#c8402f';
/** @type {[import('../words.js').Key, string][]} */
const INKS = [
  ['sketch.ink', '#1b1f1d'], ['sketch.ink.red', RED], ['sketch.ink.green', '#0f7a63'], ['sketch.ink.blue', '#2f5fc8'],
];

/** @param {(file: File) => void} onDone */
export function openSketchBoard(onDone) {
  const board = new SketchBoard(onDone);
  document.body.append(board.dialog);
  board.dialog.showModal();
}

class SketchBoard {
  /** @param {(file: File) => void} onDone */
  constructor(onDone) {
    this.ink = RED;
    this.svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'sketch', role: 'img', 'aria-label': t('sketch.board') });
    this.paper = element('g', {});
    this.strokes = element('g', { fill: 'none', 'stroke-width': 5, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
    this.svg.append(this.paper, this.strokes);
    this.#usePaper('diagram');
    this.#listen();

    const attach = h('button', { type: 'button', class: 'button button-primary', text: t('sketch.attach'), on: {
      click: async () => {
        const time = new Date().toLocaleTimeString('en-GB').replaceAll(':', '-');
        onDone(await snapshot(this.svg, { name: `Snapshot ${time}.png` }));
        this.dialog.close();
      },
    } });
    /** @type {HTMLDialogElement} */
    this.dialog = h('dialog', { class: 'dialog sketch-dialog', 'aria-labelledby': 'sketch-title', on: { close: () => this.dialog.remove() } },
      h('header', { class: 'dialog-header' },
        h('h2', { id: 'sketch-title', text: t('sketch') }),
        iconButton(icon('close'), t('dialog.close'), () => this.dialog.close())),
      h('div', { class: 'sketch-frame' }, this.svg),
      h('div', { class: 'sketch-tools' },
        choice(t('sketch.paper'), [
          [t('sketch.paper.diagram'), 'diagram'], [t('sketch.paper.grid'), 'grid'], [t('sketch.paper.blank'), 'blank'],
        ], 'diagram', (value) => this.#usePaper(value)),
        choice(t('sketch.pen'), INKS.map(([name, colour]) => [t(name), colour]), this.ink, (value) => (this.ink = value), 'swatch'),
        iconButton(icon('undo'), t('sketch.undo'), () => this.strokes.lastChild?.remove()),
        h('span', { class: 'spacer' }),
        attach));
  }

  /** @param {string} kind */
  #usePaper(kind) {
    this.paper.replaceChildren(element('rect', { width: WIDTH, height: HEIGHT, fill: '#fdfdfb' }));
    if (kind === 'grid') this.paper.append(...gridLines());
    if (kind === 'diagram') this.paper.append(...uploadDiagram());
  }

  #listen() {
    /** @type {SVGElement | null} */
    let path = null;
    /** @param {PointerEvent} event */
    const at = (event) => {
      const toDrawing = this.svg.getScreenCTM()?.inverse();
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(toDrawing);
      return `${point.x.toFixed(1)} ${point.y.toFixed(1)}`;
    };
    this.svg.addEventListener('pointerdown', (event) => {
      this.svg.setPointerCapture(event.pointerId);
      path = element('path', { d: `M${at(event)}l0.1 0`, stroke: this.ink });
      this.strokes.append(path);
    });
    this.svg.addEventListener('pointermove', (event) => {
      if (path) path.setAttribute('d', `${path.getAttribute('d')}L${at(event)}`);
    });
    for (const type of ['pointerup', 'pointercancel']) this.svg.addEventListener(type, () => (path = null));
  }
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function element(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text) node.textContent = text;
  return node;
}

function gridLines() {
  const lines = [];
  for (let x = 40; x < WIDTH; x += 40) lines.push(element('path', { d: `M${x} 0V${HEIGHT}`, stroke: '#e6e7e2' }));
  for (let y = 40; y < HEIGHT; y += 40) lines.push(element('path', { d: `M0 ${y}H${WIDTH}`, stroke: '#e6e7e2' }));
  return lines;
}

function uploadDiagram() {
  const font = { 'font-family': 'system-ui, sans-serif', fill: '#1b1f1d' };
  /** @type {(x: number, y: number, title: string, detail: string) => SVGElement[]} */
  const box = (x, y, title, detail) => [
    element('rect', { x, y, width: 220, height: 96, rx: 14, fill: '#ffffff', stroke: '#b9bfba', 'stroke-width': 2 }),
    element('text', { ...font, x: x + 110, y: y + 44, 'text-anchor': 'middle', 'font-size': 22, 'font-weight': 600 }, title),
    element('text', { ...font, x: x + 110, y: y + 71, 'text-anchor': 'middle', 'font-size': 16, fill: '#5d6661' }, detail),
  ];
  /** @type {(d: string, head: string) => SVGElement[]} */
  const arrow = (d, head) => [
    element('path', { d, stroke: '#0f7a63', 'stroke-width': 3, fill: 'none' }),
    element('path', { d: head, fill: '#0f7a63' }),
  ];
  /** @type {(x: number, y: number, text: string, anchor?: string) => SVGElement} */
  const label = (x, y, text, anchor = 'middle') =>
    element('text', { ...font, x, y, 'text-anchor': anchor, 'font-size': 17, fill: '#0f7a63', 'font-weight': 600 }, text);
  return [
    element('text', { ...font, x: 60, y: 76, 'font-size': 28, 'font-weight': 700 }, 'How a file travels'),
    ...box(60, 220, 'Browser', 'this page'), ...box(600, 120, 'Service', 'names, limits, links'),
    ...box(600, 360, 'Bucket', 'the bytes'),
    ...arrow('M280 240 L588 178', 'M600 176l-17 -4.5 2.5 13z'), label(410, 178, '1  announce, get a link'),
    ...arrow('M280 296 L588 396', 'M600 400l-17.5 .5 4.5 -13z'), label(404, 386, '2  upload the bytes'),
    ...arrow('M710 216 L710 348', 'M710 360l-7 -15h14z'), label(726, 294, '3  check, then use', 'start'),
  ];
}

/**
 * @param {string} legend
 * @param {[string, string][]} options  Label and value.
 * @param {string} selected
 * @param {(value: string) => void} onChange
 */
function choice(legend, options, selected, onChange, look = 'segment') {
  const name = `sketch-${legend}`;
  return h('fieldset', { class: `choice choice-${look}` },
    h('legend', { class: 'visually-hidden', text: legend }),
    ...options.map(([label, value]) => {
      const radio = h('input', { type: 'radio', name, value, on: { change: () => onChange(value) } });
      radio.checked = value === selected;
      const mark = h('span', { class: 'choice-mark', text: look === 'swatch' ? '' : label });
      if (look === 'swatch') mark.style.backgroundColor = value;
      return h('label', { title: label }, radio, look === 'swatch' && h('span', { class: 'visually-hidden', text: label }), mark);
    }));
}
