/** What an empty chat shows: what this page is good for, and how to begin. */

import { formatBytes } from '../text/format.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { t } from '../words.js';

/**
 * @param {import('../../page-config.js').PageConfig} config
 * @param {{attach: () => void, ask: (question: string) => void}} actions
 */
export function renderWelcome({ limits, model, prompts, isDemo }, { attach, ask }) {
  return h('div', { class: 'welcome' },
    h('h1', { text: t('welcome') }),
    h('p', { class: 'welcome-lead', text: t('welcome.lead', { size: formatBytes(limits.maxAttachmentBytes) }) }),
    h('div', { class: 'welcome-actions' },
      h('button', { type: 'button', class: 'button', on: { click: attach } }, icon('attach'), t('composer.attach'))),
    prompts.length > 0 && h('ul', { class: 'welcome-prompts', 'aria-label': t('welcome.prompts') },
      ...prompts.map((question) => h('li', {},
        h('button', { type: 'button', class: 'prompt', dir: 'auto', text: question, on: { click: () => ask(question) } })))),
    model.isOffline && h('p', { class: 'welcome-note', text: t(isDemo ? 'welcome.offline.demo' : 'welcome.offline') }));
}
