/** What an empty chat shows: what this page is good for, and how to begin. */

import { formatBytes } from '../text/format.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

/**
 * @param {import('../../page-config.js').PageConfig} config
 * @param {{attach: () => void, snapshot: () => void}} actions
 */
export function renderWelcome(config, { attach, snapshot }) {
  const { limits, model } = config;
  return h('div', { class: 'welcome' },
    h('h1', { text: t('welcome') }),
    h('p', { class: 'welcome-lead', text:
      t('welcome.lead', { size: formatBytes(limits.maxAttachmentBytes) }) }),
    h('div', { class: 'welcome-actions' },
      h('button', { type: 'button', class: 'button', on: { click: attach } }, icon('attach'), t('composer.attach')),
      h('button', { type: 'button', class: 'button', on: { click: snapshot } }, icon('snapshot'), t('welcome.snapshot'))),
    model.isOffline && h('p', { class: 'welcome-note', text: t('welcome.offline') }));
}
