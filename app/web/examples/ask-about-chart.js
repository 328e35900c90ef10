/** Sends a picture of a chart from elsewhere on the page: upload it, then `sendUserMessage`. */

import { mountElement } from '../chatkit-element.js';
import { mountClient } from '../client/client.js';
import { preference, token } from '../client/preferences.js';
import { createFetch } from '../fetch.js';
import { snapshot } from '../snapshot.js';
import { uploadFile } from '../upload.js';

const config = await (await globalThis.fetch('/config.json')).json();
const getToken = async () => (config.auth.mode === 'jwt' ? token.get() : null);
const fetch = createFetch({ apiUrl: config.api.url, getToken, bucketPostUrl: config.api.bucketPostUrl });

const panel = document.getElementById('chat');
const options = { config, fetch, getToken, onSettingChanged: () => location.reload() };
const chat = await (config.api.domainKey ? mountElement(panel, options) : Promise.reject()).catch(() =>
  mountClient(panel, options),
);

document.getElementById('ask').addEventListener('submit', async (event) => {
  event.preventDefault();
  const status = document.getElementById('status');
  try {
    status.textContent = 'Uploading the chart…';
    const picture = await snapshot(document.getElementById('chart'), { name: 'uploads-by-month.png' });
    const strategy = preference('strategy', config.uploads.strategy);
    const attachment = await uploadFile(picture, { api: config.api, fetch, strategy });
    status.textContent = '';
    // `text` needs no `content`; ids go to the server, the rest is for the eye.
    await chat.sendUserMessage({
      text: event.target.question.value,
      attachments: [attachment],
      newThread: true,
    });
  } catch (error) {
    status.textContent = error.message;
  }
});
