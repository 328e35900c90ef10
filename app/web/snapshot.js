/** Turns an SVG or a canvas on the page into a PNG file, ready to be uploaded. */

/**
 * Styles from the page's style sheets don't reach the picture: use presentation attributes.
 * @param {SVGSVGElement | HTMLCanvasElement} source
 * @param {object} [options]
 * @param {string} [options.name]
 * @param {number} [options.scale]  Pixels in the PNG for one unit of the SVG's view box.
 * @param {string | null} [options.background]  Behind transparent parts; null leaves them.
 * @returns {Promise<File>}
 */
export async function snapshot(source, { name = 'snapshot.png', scale = 2, background = '#ffffff' } = {}) {
  const canvas = source instanceof HTMLCanvasElement ? source : await drawSvg(source, scale, background);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture could not be rendered.');
  return new File([blob], name, { type: 'image/png' });
}

/**
 * @param {SVGSVGElement} svg
 * @param {number} scale
 * @param {string | null} background
 */
async function drawSvg(svg, scale, background) {
  const { width, height } = svg.viewBox.baseVal;
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const source = new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
  const url = URL.createObjectURL(source);
  try {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const canvas = document.createElement('canvas');
    canvas.width = width * scale;
    canvas.height = height * scale;
    const context = canvas.getContext('2d');
    if (!context) throw new Error('The picture could not be rendered.');
    if (background) {
      context.fillStyle = background;
      context.fillRect(0, 0, canvas.width, canvas.height);
    }
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
  } finally {
    URL.revokeObjectURL(url);
  }
}
