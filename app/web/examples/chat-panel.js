/** Puts a chat into `#chat`: OpenAI's element where it can be had, else this service's own client. */

import { mountElement } from '../chatkit-element.js';
import { mountClient } from '../client/client.js';
import { createSession } from '../client/session.js';
import { useLanguage } from '../client/words.js';

await useLanguage('en');
/** @type {import('../page-config.js').PageConfig} */
export const config = await (await fetch('../../config.json')).json();
export const session = createSession(config);

const panel = /** @type {HTMLElement} */ (document.querySelector('#chat'));
const options = { config, session, onSettingChanged: () => location.reload() };
export const chat = await (config.api.domainKey ? mountElement(panel, options) : Promise.reject()).catch(() =>
  mountClient(panel, options),
);
