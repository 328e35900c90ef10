/** What stands below the message field: files, pictures, mentions, dictation, and the choice of model and tool. */

import { announce } from '../ui/announce.js';
import { h, iconButton } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { pickerAccept } from '../uploads/limits.js';
import { t } from '../words.js';
import { Choices } from './choices.js';
import { pictureSource, takeScreenshot } from './screenshot.js';

export class ToolBar {
  /**
   * @param {object} options
   * @param {import('../protocol/api.js').Api} options.api
   * @param {import('../../page-config.js').PageConfig} options.config
   * @param {(files: Iterable<File>) => void} options.onFiles
   * @param {() => void} options.onMention
   * @param {(text: string) => void} options.onSpoken  Called with what was dictated.
   * @param {(placeholder: string) => void} options.onPlaceholder
   * @param {(text: string) => void} options.say
   * @param {(error: unknown) => void} options.onError
   */
  constructor({ api, config, onFiles, onMention, onSpoken, onPlaceholder, say, onError }) {
    this.onFiles = onFiles;
    this.onSpoken = onSpoken;
    this.say = say;
    this.onError = onError;
    this.api = api;
    /** @type {import('./dictation.js').Dictation | null}  Loaded when it is asked for. */
    this.dictation = null;
    const { models = [], tools = [] } = config.composer ?? {};
    this.choices = new Choices({ models, tools, storage: localStorage, onPlaceholder });
    /** @type {HTMLInputElement} */
    this.picker = h('input', {
      type: 'file', multiple: true, hidden: true, accept: pickerAccept(config.limits),
      on: { change: () => this.#pick(this.picker) },
    });
    /** @type {HTMLInputElement} */
    this.camera = h('input', {
      type: 'file', hidden: true, accept: 'image/*', capture: 'environment', on: { change: () => this.#pick(this.camera) },
    });
    const hasDictation = config.dictation && canRecord();
    this.microphone = hasDictation
      ? iconButton(icon('microphone'), t('composer.dictate'), () => void this.#dictate(), { 'aria-pressed': 'false' }) : null;
    this.elements = [
      iconButton(icon('attach'), t('composer.attach'), () => this.picker.click()),
      this.#pictureButton(),
      iconButton(icon('at'), t('composer.mention'), onMention),
      this.microphone,
      ...this.choices.elements,
    ].filter((element) => element !== null);
  }

  /** @param {HTMLInputElement} picker */
  #pick(picker) {
    this.onFiles(picker.files ?? []);
    picker.value = '';
  }

  #pictureButton() {
    const source = pictureSource();
    if (!source) return null;
    return iconButton(icon('snapshot'), t(`composer.${source}`), () => {
      if (source === 'camera') this.camera.click();
      else this.#takeScreenshot().catch(this.onError);
    });
  }

  async #takeScreenshot() {
    const picture = await takeScreenshot();
    if (picture) this.onFiles([picture]);
  }

  async #dictate() {
    if (this.dictation?.isRecording) {
      this.dictation.stop();
      this.#showRecording(false);
      return this.say(t('composer.dictate.writing'));
    }
    if (this.microphone) this.microphone.disabled = true; // until the person has allowed it
    try {
      const { Dictation } = await import('./dictation.js');
      this.dictation = new Dictation(this.api);
      const text = await this.dictation.record(() => this.#showRecording(true));
      if (text) this.onSpoken(text);
    } catch (error) {
      this.onError(error);
    } finally {
      this.#showRecording(false);
      this.say('');
    }
  }

  /** @param {boolean} isRecording */
  #showRecording(isRecording) {
    const { microphone } = this;
    if (!microphone) return;
    microphone.disabled = false;
    const label = t(isRecording ? 'composer.dictate.stop' : 'composer.dictate');
    microphone.setAttribute('aria-pressed', String(isRecording));
    microphone.setAttribute('aria-label', label);
    microphone.title = label;
    if (!isRecording) return;
    this.say(t('composer.dictate.listening'));
    announce(t('composer.dictate.listening'));
  }
}

/** Whether this browser can record: it needs https, or this machine. */
function canRecord() {
  return Boolean(navigator.mediaDevices) && typeof MediaRecorder !== 'undefined';
}
