/** Saves a whole chat as a file on the person's device. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { fileNameOf, toMarkdown } from './export.js';
import { fetchThread } from './thread-pages.js';

/**
 * @param {import('../protocol/api.js').Api} api
 * @param {string} threadId
 */
export async function saveChat(api, threadId) {
  const { thread, items } = await fetchThread(api, threadId, Infinity);
  const title = thread.title || t('chat.untitled');
  const blob = new Blob([toMarkdown(title, items, new Date())], { type: 'text/markdown' });
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: fileNameOf(title) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 0); // once the browser has taken it
}
