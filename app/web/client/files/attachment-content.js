/** Opens an attachment: pictures in the page, everything else as a download. */

import { errorFrom } from '../protocol/api.js';
import { showPicture } from '../ui/dialogs.js';

/**
 * @typedef {import('../../page-config.js').PageConfig} PageConfig
 * @typedef {{id: string, name: string}} Named
 */

/**
 * @param {PageConfig} config
 * @param {typeof globalThis.fetch} fetch
 * @param {Named & ({type: 'image', preview_url: string} | {type?: 'file'})} attachment
 */
export async function openContent(config, fetch, attachment) {
  if (attachment.type !== 'image') return download(config, fetch, attachment);
  showPicture({
    name: attachment.name,
    url: attachment.preview_url,
    onDownload: () => void download(config, fetch, attachment),
  });
}

/**
 * @param {PageConfig} config
 * @param {typeof globalThis.fetch} fetch
 * @param {Named} attachment
 */
async function download(config, fetch, { id, name }) {
  const url = `${config.api.attachmentsUrl}/${encodeURIComponent(id)}/content`;
  if (config.auth.mode !== 'jwt') return follow(url, name); // the cookie goes along by itself
  const response = await fetch(url, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw await errorFrom(response);
  const isLink = response.headers.get('Content-Type')?.startsWith('application/json') && !response.redirected;
  if (isLink) return follow((await response.json()).url, name);
  const blobUrl = URL.createObjectURL(await response.blob());
  follow(blobUrl, name);
  setTimeout(() => URL.revokeObjectURL(blobUrl), 60_000);
}

/**
 * @param {string} url
 * @param {string} name
 */
function follow(url, name) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.rel = 'noopener';
  link.target = '_blank';
  link.click();
}
