/** Uploads a file outside ChatKit's composer, by either strategy, for `sendUserMessage`. */

/**
 * @param {File} file
 * @param {object} options
 * @param {{url: string, attachmentsUrl: string}} options.api  `attachmentsUrl`: the direct strategy's.
 * @param {typeof globalThis.fetch} options.fetch  From `fetch.js`: it adds the token.
 * @param {'two_phase' | 'direct'} [options.strategy]
 * @returns {Promise<import('@openai/chatkit').Attachment>}
 */
export async function uploadFile(file, { api, fetch, strategy = 'two_phase' }) {
  if (strategy === 'direct') {
    return forChatKit(await json(await fetch(api.attachmentsUrl, { method: 'POST', body: formOf(file) })));
  }
  const created = await json(
    await fetch(api.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        type: 'attachments.create',
        params: { name: file.name, size: file.size, mime_type: file.type },
      }),
    }),
  );
  const { url, method, headers = {} } = created.upload_descriptor;
  await json(await fetch(url, { method, headers, body: method === 'PUT' ? file : formOf(file) }));
  return forChatKit(created);
}

/** @param {File} file */
function formOf(file) {
  const form = new FormData();
  form.append('file', file);
  return form;
}

/**
 * The element refuses keys that it does not know.
 * @param {any} attachment
 * @returns {import('@openai/chatkit').Attachment}
 */
function forChatKit({ type, id, name, mime_type, preview_url }) {
  return type === 'image' ? { type, id, name, mime_type, preview_url } : { type, id, name, mime_type };
}

/** @param {Response} response */
async function json(response) {
  const body = await response.json().catch(() => ({})); // the bucket answers 200 or 204 without one
  if (!response.ok) throw new Error(body.message ?? `The server answered ${response.status}.`);
  return body;
}
