/** Who asks: adds the token to requests, and asks for another when the server takes it no more. */

import { createFetch } from '../fetch.js';
import { token } from './preferences.js';
import { askForToken } from './ui/dialogs.js';
import { t } from './words.js';

/**
 * @typedef {object} Session
 * @property {typeof globalThis.fetch} fetch  For calls of the API and for uploads.
 * @property {() => Promise<string | null>} getToken
 * @property {(refused: string | null) => Promise<boolean>} renew
 *   Asks for a token in place of the refused one; false: the person gave none.
 * @property {(() => void) | null} signOut  Null where the page knows no token.
 */

/**
 * @param {import('../page-config.js').PageConfig} config
 * @returns {Session}
 */
export function createSession({ api, auth }) {
  const usesTokens = auth.mode === 'jwt';
  const getToken = async () => (usesTokens ? token.get() : null);
  const send = createFetch({ apiUrl: api.url, getToken, bucketPostUrl: api.bucketPostUrl });
  if (!usesTokens) return { fetch: send, getToken, renew: async () => false, signOut: null };

  /** @type {Promise<boolean> | null} */
  let asking = null;
  /** @param {string | null} refused */
  const renew = (refused) => {
    if (token.get() !== refused) return Promise.resolve(true); // another request has asked already
    asking ??= ask(refused).finally(() => (asking = null));
    return asking;
  };
  /** @type {typeof globalThis.fetch} */
  const fetch = async (input, init) => {
    const used = token.get();
    const answer = await send(input, init);
    if (answer.status !== 401 || !(await renew(used))) return answer;
    return send(input, init);
  };
  const signOut = () => {
    token.set('');
    location.reload();
  };
  return { fetch, getToken, renew, signOut };
}

/** @param {string | null} refused */
async function ask(refused) {
  const given = await askForToken(t(refused ? 'sign_in.refused' : 'sign_in.paste'));
  if (given) token.set(given);
  return given !== '';
}
