/** Shows OpenAI's `<openai-chatkit>` element, loaded from OpenAI's host. */

import { chatKitOptions } from './chatkit-options.js';
import { FileContent } from './client/files/file-content.js';
import { preference, uploadStrategy } from './client/preferences.js';
import { h } from './client/ui/dom.js';
import { openSettings } from './client/ui/settings-dialog.js';

export const CHATKIT_SCRIPT = 'https://cdn.platform.openai.com/deployments/chatkit/chatkit.js';
const PATIENCE_MS = 5000;

/**
 * @param {HTMLElement} root
 * @param {import('./client/client.js').ClientOptions} options
 * @throws {Error} when the script can't be had in time
 */
export async function mountElement(root, { config, session, onSettingChanged }) {
  const { fetch } = session;
  await loadScript();
  const element = /** @type {import('@openai/chatkit').OpenAIChatKit} */ (
    document.createElement('openai-chatkit')
  );
  const threadId = /^#\/chat\/(.+)$/.exec(location.hash)?.[1] ?? null;
  const isDark = preference('theme', 'system') === 'dark' ||
    (preference('theme', 'system') === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  const options = chatKitOptions({
    config,
    fetch,
    strategy: uploadStrategy(config),
    colorScheme: isDark ? 'dark' : 'light',
    threadId,
    openEntity: ({ id, title }) => void new FileContent(config, fetch).download({ id, name: title }),
  });
  options.header = {
    ...options.header,
    rightAction: { icon: 'settings-cog', onClick: () => openSettings(config, session, onSettingChanged) },
  };
  element.setOptions(options);
  element.addEventListener('chatkit.thread.change', ({ detail }) =>
    history.replaceState(null, '', detail.threadId ? `#/chat/${detail.threadId}` : '#/'));
  root.classList.add('chatkit-frame');
  root.replaceChildren(element);
  return element;
}

async function loadScript() {
  const script = h('script', { src: CHATKIT_SCRIPT, async: true });
  const loaded = new Promise((resolve, reject) => {
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => reject(new Error('chatkit.js could not be loaded.')));
    setTimeout(() => reject(new Error('chatkit.js did not load in time.')), PATIENCE_MS);
  });
  document.head.append(script);
  await loaded;
  await customElements.whenDefined('openai-chatkit');
}
