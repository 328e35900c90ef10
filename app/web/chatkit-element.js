/** Shows OpenAI's `<openai-chatkit>` element, loaded from OpenAI's host. */

import { chatKitOptions } from './chatkit-options.js';
import { addressOf, threadIdIn } from './client/address.js';
import { kindOf } from './client/composer/entity-kind.js';
import { FileContent } from './client/files/file-content.js';
import { isDark, uploadStrategy } from './client/preferences.js';
import { h } from './client/ui/dom.js';
import { openSettings } from './client/ui/settings-dialog.js';
import { t } from './client/words.js';

export const CHATKIT_SCRIPT = 'https://cdn.platform.openai.com/deployments/chatkit/chatkit.js';
const SCRIPT_PATIENCE_MS = 5_000;
/** OpenAI's frame never gets ready where its host has not approved the page's domain. */
const READY_PATIENCE_MS = 10_000;

/** @typedef {import('@openai/chatkit').OpenAIChatKit} ChatKit */

/**
 * @param {HTMLElement} root
 * @param {import('./client/client.js').ClientOptions} options
 * @throws {Error} when the element can't be had, or does not get ready in time
 */
export async function mountElement(root, options) {
  root.classList.add('chatkit-frame');
  const loading = h('p', { class: 'chatkit-loading', role: 'status', text: t('page.loading') });
  root.replaceChildren(loading);
  try {
    await loadScript();
    const element = createElement(options);
    const isReady = firstEvent(element, 'chatkit.ready');
    root.append(element);
    await inTime(isReady, READY_PATIENCE_MS, 'The ChatKit element did not get ready in time.');
    keepAddress(element);
    return element;
  } catch (error) {
    root.classList.remove('chatkit-frame');
    root.replaceChildren();
    throw error;
  } finally {
    loading.remove();
  }
}

/** @param {import('./client/client.js').ClientOptions} options */
function createElement({ config, session, onSettingChanged, ...host }) {
  const element = /** @type {ChatKit} */ (document.createElement('openai-chatkit'));
  const { fetch } = session;
  const files = new FileContent(config, fetch);
  /** @type {() => void} */
  const setOptions = () => element.setOptions(chatKitOptions({
    config,
    fetch,
    host,
    strategy: uploadStrategy(config),
    colorScheme: isDark() ? 'dark' : 'light',
    threadId: threadIdIn(location.hash),
    openEntity: (entity) => {
      const { id, title } = entity;
      const kind = kindOf(entity);
      if (kind === 'own') host.entities?.onClick?.(entity);
      else void (kind === 'thread' ? element.setThreadId(id) : files.download({ id, name: title }));
    },
    openSettings: () => openSettings(config, session, (name) => {
      if (name === 'interface') onSettingChanged(name);
      else setOptions();
    }),
  }));
  setOptions();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', setOptions);
  return element;
}

/**
 * The address names the thread that is shown, and back and forward go from one to the other.
 * @param {ChatKit} element
 */
function keepAddress(element) {
  let shown = threadIdIn(location.hash);
  element.addEventListener('chatkit.thread.change', ({ detail: { threadId } }) => {
    const wasNew = shown === null;
    shown = threadId;
    if (threadIdIn(location.hash) === threadId) return;
    // A new chat that gets its id is the same entry of the history.
    if (wasNew) history.replaceState(null, '', addressOf(threadId));
    else history.pushState(null, '', addressOf(threadId));
  });
  addEventListener('popstate', () => {
    const threadId = threadIdIn(location.hash);
    if (threadId !== shown) void element.setThreadId(threadId);
  });
}

async function loadScript() {
  if (customElements.get('openai-chatkit')) return;
  const script = h('script', { src: CHATKIT_SCRIPT, async: true });
  const isDefined = new Promise((resolve, reject) => {
    script.addEventListener('error', () => reject(new Error('chatkit.js could not be loaded.')));
    customElements.whenDefined('openai-chatkit').then(resolve, reject);
  });
  document.head.append(script);
  await inTime(isDefined, SCRIPT_PATIENCE_MS, 'chatkit.js did not load in time.');
}

/**
 * @param {EventTarget} target
 * @param {string} type
 */
function firstEvent(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

/**
 * @param {Promise<unknown>} promise
 * @param {number} patienceMs
 * @param {string} message
 */
async function inTime(promise, patienceMs, message) {
  let timer = 0;
  const isLate = new Promise((_, reject) => {
    timer = window.setTimeout(() => reject(new Error(message)), patienceMs);
  });
  try {
    await Promise.race([promise, isLate]);
  } finally {
    clearTimeout(timer);
  }
}
