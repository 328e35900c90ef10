/** Sends a picture of a chart from elsewhere on the page: upload it, then `sendUserMessage`. */

import { uploadStrategy } from '../client/preferences.js';
import { snapshot } from '../snapshot.js';
import { uploadFile } from '../upload.js';
import { chat, config, session } from './chat-panel.js';

const chart = /** @type {SVGSVGElement} */ (document.querySelector('#chart'));
const form = /** @type {HTMLFormElement} */ (document.querySelector('#ask'));
const status = /** @type {HTMLElement} */ (document.querySelector('#status'));

form.addEventListener('submit', (event) => {
  event.preventDefault();
  ask(String(new FormData(form).get('question'))).catch((error) => (status.textContent = error.message));
});

/** @param {string} question */
async function ask(question) {
  status.textContent = 'Uploading the chart…';
  const picture = await snapshot(chart, { name: 'uploads-by-month.png' });
  const strategy = uploadStrategy(config);
  const attachment = await uploadFile(picture, { api: config.api, fetch: session.fetch, strategy });
  status.textContent = '';
  // `text` needs no `content`; ids go to the server, the rest is for the eye.
  await chat.sendUserMessage({ text: question, attachments: [attachment], newThread: true });
}
