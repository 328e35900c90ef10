/** Opens an attachment: pictures in the page, everything else as a download. */

import { errorFrom } from '../protocol/api.js';
import { showPicture } from '../ui/dialogs.js';

/** @param {object} config @param {typeof fetch} fetch @param {object} attachment */
export async function openContent(config, fetch, attachment) {
  if (attachment.type !== 'image') return download(config, fetch, attachment);
  showPicture({
    name: attachment.name,
    url: attachment.preview_url,
    onDownload: () => download(config, fetch, attachment),
  });
}

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

function follow(url, name) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.rel = 'noopener';
  link.target = '_blank';
  link.click();
}
