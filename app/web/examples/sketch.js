/** Attaches a drawing to the message that is being written: `snapshot`, then `setComposerValue`. */

import { snapshot } from '../snapshot.js';
import { chat } from './chat-panel.js';

const SVG = 'http://www.w3.org/2000/svg';
const board = /** @type {SVGSVGElement} */ (document.querySelector('#board'));
const strokes = /** @type {SVGGElement} */ (document.querySelector('#strokes'));
const ink = /** @type {HTMLInputElement} */ (document.querySelector('#ink'));

/** @type {SVGPathElement | null}  The stroke that is being drawn. */
let stroke = null;

board.addEventListener('pointerdown', (event) => {
  board.setPointerCapture(event.pointerId);
  stroke = document.createElementNS(SVG, 'path');
  stroke.setAttribute('stroke', ink.value);
  stroke.setAttribute('d', `M${pointOf(event)}l0.1 0`);
  strokes.append(stroke);
});
board.addEventListener('pointermove', (event) => {
  stroke?.setAttribute('d', `${stroke.getAttribute('d')}L${pointOf(event)}`);
});
for (const type of ['pointerup', 'pointercancel']) board.addEventListener(type, () => (stroke = null));

document.querySelector('#undo')?.addEventListener('click', () => strokes.lastChild?.remove());
document.querySelector('#attach')?.addEventListener('click', () => void attach());

async function attach() {
  await chat.setComposerValue({ files: [await snapshot(board, { name: 'sketch.png' })] });
  await chat.focusComposer();
}

/**
 * Where the pointer is, in the drawing's own units.
 * @param {PointerEvent} event
 */
function pointOf(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(board.getScreenCTM()?.inverse());
  return `${point.x.toFixed(1)} ${point.y.toFixed(1)}`;
}
