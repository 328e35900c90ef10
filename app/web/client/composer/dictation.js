/** Speech to text: records what a person says, and lets the server transcribe it. */

import { t } from '../words.js';

/** What `input.transcribe` takes, the first that this browser can record. */
const TYPES = ['audio/webm;codecs=opus', 'audio/webm', 'audio/ogg;codecs=opus', 'audio/mp4'];
/** Longer recordings would exceed what a request may hold. */
const LONGEST_MS = 5 * 60_000;

export class Dictation {
  /** @type {MediaRecorder | null} */
  #recorder = null;

  /** @param {import('../protocol/api.js').Api} api */
  constructor(api) {
    this.api = api;
  }

  get isRecording() {
    return this.#recorder?.state === 'recording';
  }

  /**
   * Records until `stop` is called.
   * @param {() => void} onStart  Called once the microphone listens.
   * @returns {Promise<string>}  What was said.
   */
  async record(onStart) {
    const sound = await this.#microphone();
    try {
      const isRecorded = this.#recorded(sound);
      onStart();
      const recording = await isRecorded;
      const { text } = await this.api.call('input.transcribe', {
        audio_base64: await inBase64(recording), mime_type: recording.type,
      });
      return text.trim();
    } finally {
      for (const track of sound.getTracks()) track.stop();
    }
  }

  stop() {
    if (this.isRecording) this.#recorder?.stop();
  }

  async #microphone() {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      throw new Error(t('composer.dictate.no_microphone'), { cause: error });
    }
  }

  /**
   * @param {MediaStream} sound
   * @returns {Promise<Blob>}
   */
  #recorded(sound) {
    const recorder = new MediaRecorder(sound, { mimeType: recordedType() ?? '' });
    this.#recorder = recorder;
    /** @type {Blob[]} */
    const pieces = [];
    recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data));
    const limit = setTimeout(() => this.stop(), LONGEST_MS);
    return new Promise((resolve, reject) => {
      recorder.addEventListener('error', () => reject(new Error(t('composer.dictate.no_microphone'))));
      recorder.addEventListener('stop', () => {
        clearTimeout(limit);
        resolve(new Blob(pieces, { type: recorder.mimeType }));
      });
      recorder.start();
    });
  }
}

function recordedType() {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type));
}

/** @param {Blob} blob */
async function inBase64(blob) {
  const reader = new FileReader();
  const isRead = new Promise((resolve, reject) => {
    reader.addEventListener('load', resolve);
    reader.addEventListener('error', () => reject(reader.error));
  });
  reader.readAsDataURL(blob);
  await isRead;
  return String(reader.result).split(',')[1] ?? '';
}
