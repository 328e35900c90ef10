/** Starts the page: configuration, token, then OpenAI's element or our own client. */

import { mountElement } from './chatkit-element.js';
import { mountClient } from './client/client.js';
import { applyTheme, elementIsOutOfReach, preference, token } from './client/preferences.js';
import { createSession } from './client/session.js';
import { h } from './client/ui/dom.js';
import { t, useLanguage } from './client/words.js';

/** @returns {Promise<import('./page-config.js').PageConfig>} */
async function loadConfig() {
  const response = await fetch('/config.json');
  if (!response.ok) throw new Error(t('error.no_config'));
  return response.json();
}

/** @param {HTMLElement} root */
async function start(root) {
  applyTheme();
  await useLanguage('en');
  const config = await loadConfig();
  const session = createSession(config);
  if (config.auth.mode === 'jwt' && !token.get()) await session.renew(null);
  const options = { config, session, onSettingChanged: () => location.reload() };

  const chosen = config.isDemo ? preference('interface', 'chatkit') : 'chatkit';
  const wantsElement = config.api.domainKey && chosen === 'chatkit';
  if (wantsElement && !elementIsOutOfReach.get()) {
    try {
      await mountElement(root, options);
      return;
    } catch {
      elementIsOutOfReach.set(true);
    }
  }
  mountClient(root, options);
}

/**
 * @param {HTMLElement} root
 * @param {unknown} error
 */
function giveUp(root, error) {
  root.replaceChildren(h('div', { class: 'fatal', role: 'alert' },
    h('h1', { text: t('page.cant_start') }),
    h('p', { text: error instanceof Error ? error.message : String(error) }),
    h('button', { type: 'button', class: 'button', text: t('answer.try_again'), on: { click: () => location.reload() } })));
}

const root = document.getElementById('chat');
if (root) start(root).catch((error) => giveUp(root, error));
