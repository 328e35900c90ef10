/** Moves one file's bytes, with progress: the same rules as `fetch.js`, on XMLHttpRequest. */

import {
  bucketForm, bucketMessage, isGatewayUrl, partsUrlOf, pause, secondsToWait, uploadInParts,
} from '../../fetch.js';
import { ApiError } from '../protocol/api.js';
import { errorInWords, t } from '../words.js';

/**
 * @typedef {object} Progress
 * @property {(loaded: number) => void} onProgress  Bytes of the file sent so far.
 * @property {AbortSignal} signal
 */

/**
 * Phase 2 of a two-phase upload.
 * @param {{url: string, method: 'POST' | 'PUT', headers?: Record<string, string>}} descriptor
 * @param {File} file
 * @param {string | null} bucketPostUrl
 * @param {Progress} progress
 */
export async function uploadTo(descriptor, file, bucketPostUrl, progress) {
  const { method, headers = {} } = descriptor;
  const url = new URL(descriptor.url, document.baseURI);
  const partsUrl = partsUrlOf(url);
  if (partsUrl) {
    const answer = await uploadInParts(partsUrl, file, {
      toBucket: method === 'PUT' || Boolean(bucketPostUrl), send: sendPart, ...progress,
    });
    if (answer) {
      requireSuccess(answer, bucketMessage);
      return;
    }
  }
  if (method === 'PUT') {
    const answer = await transfer({ method, url, headers, body: file }, progress);
    if (answer.status === 412) return; // written by an attempt whose answer was lost
    requireSuccess(answer, bucketMessage);
    return;
  }
  if (bucketPostUrl && isGatewayUrl(url)) {
    try {
      const body = bucketForm(url, file);
      requireSuccess(await transfer({ method, url: bucketPostUrl, headers, body }, progress), bucketMessage);
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'connection_lost') throw error;
    }
  }
  requireSuccess(await transferInTurn({ method, url, headers, body: formOf(file) }, progress));
}

/**
 * The direct strategy: one POST, answered with the Attachment.
 * @param {string} url
 * @param {string | null} token
 * @param {File} file
 * @param {Progress} progress
 * @returns {Promise<import('../protocol/chatkit').Attachment>}
 */
export async function uploadDirect(url, token, file, progress) {
  /** @type {Record<string, string>} */
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await transferInTurn({ method: 'POST', url, headers, body: formOf(file) }, progress);
  requireSuccess(answer);
  return JSON.parse(answer.text);
}

/** @type {import('../../fetch.js').SendPart} */
function sendPart({ method, url, body, seconds }, signal, onProgress) {
  return transfer({ method, url, headers: {}, body: body ?? null, seconds }, { signal, onProgress });
}

/** @param {File} file */
function formOf(file) {
  const form = new FormData();
  form.append('file', file);
  return form;
}

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string | URL} url
 * @property {Record<string, string>} headers
 * @property {FormData | Blob | null} body
 * @property {number} [seconds]  After these it counts as lost.
 *
 * @typedef {{status: number, text: string, retryAfter: string | null}} Answer
 */

/**
 * As `sendInTurn` of `fetch.js`: another window of the same person may be uploading too.
 * @param {Request} request
 * @param {Progress} progress
 */
async function transferInTurn(request, progress) {
  for (let tries = 1; ; tries += 1) {
    const answer = await transfer(request, progress);
    const seconds = secondsToWait(answer.status, answer.retryAfter, tries);
    if (seconds === null) return answer;
    progress.onProgress(0);
    await pause(seconds, progress.signal);
  }
}

/**
 * @param {Request} request
 * @param {Progress} progress
 * @returns {Promise<Answer>}
 */
function transfer({ method, url, headers, body, seconds = 0 }, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const lost = () => reject(new ApiError(t('error.upload_lost'), 0, 'connection_lost'));
    request.open(method, url);
    request.timeout = seconds * 1000;
    for (const [name, value] of Object.entries(headers)) {
      // The browser sets this one itself, and refuses to be told.
      if (name.toLowerCase() !== 'content-length') request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', (event) => onProgress(event.loaded));
    request.addEventListener('load', () => {
      const { status, responseText: text } = request;
      // Of other origins the browser lets few headers through, and complains when asked for more.
      resolve({ status, text, retryAfter: status === 429 ? request.getResponseHeader('Retry-After') : null });
    });
    request.addEventListener('error', lost);
    request.addEventListener('timeout', lost);
    request.addEventListener('abort', () => reject(new DOMException('Cancelled', 'AbortError')));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (signal.aborted) request.abort();
    request.send(body);
  });
}

/**
 * @param {Answer} answer
 * @param {(text: string) => string} [explain]  What a body that is not ours means.
 */
function requireSuccess({ status, text }, explain) {
  if (status >= 200 && status < 300) return;
  /** @type {{message?: string, error?: {code?: string}}} */
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // Not ours: the bucket answers XML, a proxy HTML.
  }
  const fallback = explain ? explain(text) : t('error.status', { status: String(status) });
  const code = body.error?.code ?? bucketCode(text);
  throw new ApiError(body.message ? errorInWords(code, body.message) : fallback, status, code);
}

/** @param {string} text */
function bucketCode(text) {
  return /expired/i.test(text) ? 'link_expired' : 'upload_refused';
}
