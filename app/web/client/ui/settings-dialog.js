/** The settings: how files are uploaded, which interface, light or dark, and what serves this page. */

import { h, iconButton } from './dom.js';
import { formatBytes } from '../text/format.js';
import { icon } from './icons.js';
import { applyTheme, elementIsOutOfReach, preference, remember } from '../preferences.js';

/**
 * @typedef {import('../../page-config.js').PageConfig} PageConfig
 * @typedef {import('../preferences.js').PreferenceName} PreferenceName
 * @typedef {[value: string, label: string, detail?: string, disabled?: boolean]} Choice
 */

/**
 * @param {PageConfig} config
 * @param {(name: PreferenceName) => void} onChange  Called after a choice was remembered.
 */
export function openSettings(config, onChange) {
  /** @type {(name: PreferenceName) => (value: string) => void} */
  const choose = (name) => (value) => {
    remember(name, value);
    if (name === 'interface') elementIsOutOfReach.set(false); // asked for: try again
    applyTheme();
    onChange(name);
  };
  const hasElement = Boolean(config.api.domainKey);
  /** @type {HTMLDialogElement} */
  const dialog = h('dialog', { class: 'dialog settings', 'aria-labelledby': 'settings-title', on: {
    close: () => dialog.remove(),
    click: (/** @type {Event} */ event) => event.target === dialog && dialog.close(),
  } },
    h('header', { class: 'dialog-header' },
      h('h2', { id: 'settings-title', text: 'Settings' }),
      iconButton(icon('close'), 'Close', () => dialog.close())),
    options('Uploads', 'strategy', preference('strategy', config.uploads.strategy), [
      ['two_phase', 'Two-phase', transportInWords(config)],
      ['direct', 'Direct', 'The service takes the file and passes it to the bucket in one request.'],
    ], choose('strategy')),
    options('Interface', 'interface', preference('interface', hasElement ? 'chatkit' : 'page'), [
      ['page', 'This page', 'A small client of the same protocol. Works without internet.'],
      ['chatkit', 'OpenAI’s ChatKit', hasElement
        ? 'The <openai-chatkit> element, loaded from OpenAI.'
        : 'Needs CHATKIT_DOMAIN_KEY on the server.', !hasElement],
    ], choose('interface')),
    options('Appearance', 'theme', preference('theme', 'system'), [
      ['system', 'System'], ['light', 'Light'], ['dark', 'Dark'],
    ], choose('theme'), 'options-row'),
    h('p', { class: 'settings-about', text: about(config) }));
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {PageConfig} config */
function transportInWords({ uploads, api }) {
  if (uploads.method === 'PUT') return 'A link for exactly this file, then the bytes straight to the bucket (PUT).';
  return api.bucketPostUrl
    ? 'A link for exactly this file, then the bytes straight to the bucket (POST).'
    : 'A link for exactly this file, then the bytes through the upload gateway (POST).';
}

/** @param {PageConfig} config */
function about({ model, limits }) {
  const size = `Files up to ${formatBytes(limits.maxAttachmentBytes)}, ${limits.maxCount} in a message.`;
  return model.isOffline
    ? `${size} Offline model: it describes what it receives. Set OPENAI_API_KEY for answers from a real one.`
    : `${size} Model: ${model.name}.`;
}

/**
 * @param {string} legend
 * @param {PreferenceName} name
 * @param {string} selected
 * @param {Choice[]} choices
 * @param {(value: string) => void} onChange
 */
function options(legend, name, selected, choices, onChange, layout = '') {
  return h('fieldset', { class: `options ${layout}` },
    h('legend', { text: legend }),
    ...choices.map(([value, label, detail, disabled]) => {
      const radio = h('input', { type: 'radio', name, value, disabled, on: { change: () => onChange(value) } });
      radio.checked = value === selected;
      return h('label', { class: 'option' }, radio,
        h('span', {}, h('span', { class: 'option-label', text: label }),
          detail && h('span', { class: 'option-detail', text: detail })));
    }));
}
