/** Starts the page: configuration, token, then OpenAI's element or our own client. */

import { mountClient } from './client/client.js';
import { applyTheme, elementIsOutOfReach, preference, token } from './client/preferences.js';
import { createSession } from './client/session.js';
import { h } from './client/ui/dom.js';
import { direction, isLanguage, t, useLanguage } from './client/words.js';

/** @returns {import('./page-config.js').PageConfig}  As the server has put it into the document. */
function readConfig() {
  return JSON.parse(document.getElementById('page-config')?.textContent ?? '');
}

/** The language that the server has found in the browser's preferences. */
function readLanguage() {
  const { lang } = document.documentElement;
  return isLanguage(lang) ? lang : 'en';
}

/** @param {HTMLElement} root */
async function start(root) {
  applyTheme();
  await useLanguage(readLanguage());
  document.documentElement.dir = direction();
  const config = readConfig();
  const session = createSession(config);
  if (config.auth.mode === 'jwt' && !token.get()) await session.renew(null);
  const options = { config, session, onSettingChanged: () => location.reload() };

  const chosen = config.isDemo ? preference('interface', 'chatkit') : 'chatkit';
  const wantsElement = config.api.domainKey && chosen === 'chatkit';
  if (wantsElement && !elementIsOutOfReach.get()) {
    try {
      const { mountElement } = await import('./chatkit-element.js');
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
