/** The settings: light or dark, and on a demo how files travel and which interface is shown. */

import { applyTheme, elementIsOutOfReach, preference, remember } from '../preferences.js';
import { formatBytes } from '../text/format.js';
import { t } from '../words.js';
import { h, iconButton } from './dom.js';
import { icon } from './icons.js';

/**
 * @typedef {import('../../page-config.js').PageConfig} PageConfig
 * @typedef {import('../preferences.js').PreferenceName} PreferenceName
 * @typedef {[value: string, label: string, detail?: string, disabled?: boolean]} Choice
 * @typedef {(name: PreferenceName) => (value: string) => void} Choose
 */

/**
 * @param {PageConfig} config
 * @param {import('../session.js').Session} session
 * @param {(name: PreferenceName) => void} onChange  Called after a choice was remembered.
 */
export function openSettings(config, { signOut }, onChange) {
  /** @type {Choose} */
  const choose = (name) => (value) => {
    remember(name, value);
    if (name === 'interface') elementIsOutOfReach.set(false); // asked for: try again
    applyTheme();
    onChange(name);
  };
  /** @type {HTMLDialogElement} */
  const dialog = h('dialog', { class: 'dialog settings', 'aria-labelledby': 'settings-title', on: {
    close: () => dialog.remove(),
    click: (/** @type {Event} */ event) => event.target === dialog && dialog.close(),
  } },
    h('header', { class: 'dialog-header' },
      h('h2', { id: 'settings-title', text: t('settings') }),
      iconButton(icon('close'), t('dialog.close'), () => dialog.close())),
    options(t('settings.theme'), 'theme', preference('theme', 'system'), [
      ['system', t('settings.theme.system')], ['light', t('settings.theme.light')], ['dark', t('settings.theme.dark')],
    ], choose('theme'), 'options-row'),
    ...(config.isDemo ? demoOptions(config, choose) : []),
    h('p', { class: 'settings-about', text: about(config) }),
    signOut && h('button', { type: 'button', class: 'button', text: t('sign_out'), on: { click: signOut } }));
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * What those try out who consider this service for their own page.
 * @param {PageConfig} config
 * @param {Choose} choose
 */
function demoOptions(config, choose) {
  const hasElement = Boolean(config.api.domainKey);
  return [
    options(t('settings.uploads'), 'strategy', preference('strategy', config.uploads.strategy), [
      ['two_phase', t('settings.uploads.two_phase'), transportInWords(config)],
      ['direct', t('settings.uploads.direct'), t('settings.uploads.direct.about')],
    ], choose('strategy')),
    options(t('settings.interface'), 'interface', preference('interface', hasElement ? 'chatkit' : 'page'), [
      ['page', t('settings.interface.page'), t('settings.interface.page.about')],
      ['chatkit', t('settings.interface.chatkit'),
        t(hasElement ? 'settings.interface.chatkit.about' : 'settings.interface.chatkit.needs'), !hasElement],
    ], choose('interface')),
  ];
}

/** @param {PageConfig} config */
function transportInWords({ uploads, api }) {
  if (uploads.method === 'PUT') return t('settings.uploads.put');
  return t(api.bucketPostUrl ? 'settings.uploads.post' : 'settings.uploads.gateway');
}

/** @param {PageConfig} config */
function about({ model, limits, isDemo }) {
  const size = t('settings.about.size', { size: formatBytes(limits.maxAttachmentBytes), count: limits.maxCount });
  if (isDemo && model.isOffline) return `${size} ${t('settings.about.offline')}`;
  return model.name ? `${size} ${t('settings.about.model', { name: model.name })}` : size;
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
