/** What an empty chat shows: what this page is good for, and how to begin. */

import { h } from '../ui/dom.js';
import { formatBytes } from '../text/format.js';
import { icon } from '../ui/icons.js';

/**
 * @param {import('../../page-config.js').PageConfig} config
 * @param {{attach: () => void, snapshot: () => void}} actions
 */
export function renderWelcome(config, { attach, snapshot }) {
  const { limits, model } = config;
  return h('div', { class: 'welcome' },
    h('h1', { text: 'What’s in your files?' }),
    h('p', { class: 'welcome-lead', text:
      `Drop, paste or attach them here, then ask. Up to ${formatBytes(limits.maxAttachmentBytes)} each.` }),
    h('div', { class: 'welcome-actions' },
      h('button', { type: 'button', class: 'button', on: { click: attach } }, icon('attach'), 'Attach files'),
      h('button', { type: 'button', class: 'button', on: { click: snapshot } }, icon('snapshot'), 'Take a snapshot')),
    model.isOffline && h('p', { class: 'welcome-note' },
      'You’re talking to the offline model: it describes the files it receives. Set ',
      h('code', { text: 'OPENAI_API_KEY' }), ' for real answers.'));
}
