/** Takes a picture of the screen, or of what is in front of the camera. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';

/**
 * What this device can take a picture of: phones have a camera and can't share their screen.
 * @returns {'screen' | 'camera' | null}
 */
export function pictureSource() {
  // TypeScript declares it always present; pages without https do not have it.
  if (/** @type {MediaDevices | undefined} */ (navigator.mediaDevices)?.getDisplayMedia) return 'screen';
  return matchMedia('(pointer: coarse)').matches ? 'camera' : null;
}

/**
 * Asks what to show, and takes one picture of it.
 * @returns {Promise<File | null>} null: the person showed nothing
 */
export async function takeScreenshot() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotAllowedError') return null;
    throw error;
  }
  try {
    const blob = await firstFrame(stream);
    const time = new Date().toLocaleTimeString('en-GB').replaceAll(':', '-');
    return new File([blob], t('file.screenshot', { time }), { type: 'image/png' });
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/**
 * @param {MediaStream} stream
 * @returns {Promise<Blob>}
 */
async function firstFrame(stream) {
  const video = h('video', { muted: true });
  video.srcObject = stream;
  await video.play();
  const canvas = h('canvas', { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error(t('error.no_picture'));
  return blob;
}
