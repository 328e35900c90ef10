/** Speaks the ChatKit protocol: one endpoint, JSON answers and event streams. */

import { errorInWords, t } from '../words.js';
import { readEvents } from './event-stream.js';

/**
 * Why something was refused. `param` names the part of the request that is at fault, if one is.
 * @typedef {{message: string, code: string, param: string | null}} Refusal
 */

/** @implements {Refusal} */
export class ApiError extends Error {
  /**
   * @param {string} message  In words for the person.
   * @param {number} status  0: there was no answer.
   * @param {string} code
   * @param {string | null} param
   */
  constructor(message, status, code, param = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

export class Api {
  /**
   * @param {{api: {url: string, entitiesUrl: string, threadsUrl: string}}} config
   * @param {typeof globalThis.fetch} fetch
   */
  constructor(config, fetch) {
    this.config = config;
    this.fetch = fetch;
  }

  /**
   * @template {import('./operations').CallType} T
   * @param {T} type
   * @param {import('./operations').Calls[T]['params']} params
   * @returns {Promise<import('./operations').Calls[T]['answer']>}
   */
  async call(type, params) {
    const response = await this.#post(type, params, { Accept: 'application/json' });
    return response.json();
  }

  /**
   * Yields the stream's events. An abort ends it with an AbortError.
   * @param {import('./operations').StreamRequest} request
   * @param {AbortSignal} signal
   */
  async *stream({ type, params }, signal) {
    // Where "text/event-stream" is asked for, a refusal comes as an event, which has no code.
    const response = await this.#post(type, params, { Accept: '*/*' }, signal);
    if (!response.body) return;
    try {
      yield* readEvents(response.body);
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(t('error.connection_lost'), 0, 'connection_lost');
      throw error;
    }
  }

  /**
   * @param {string} query
   * @param {AbortSignal} signal
   * @returns {Promise<import('@openai/chatkit').Entity[]>}
   */
  async searchEntities(query, signal) {
    const url = new URL(this.config.api.entitiesUrl, document.baseURI);
    url.searchParams.set('query', query);
    const { entities } = await (await this.#send(url, { signal })).json();
    return entities;
  }

  /**
   * @param {string} id
   * @param {AbortSignal} [signal]
   * @returns {Promise<{preview: import('./chatkit').WidgetRoot | null}>}
   */
  async entityPreview(id, signal) {
    const url = `${this.config.api.entitiesUrl}/${encodeURIComponent(id)}/preview`;
    return (await this.#send(url, { signal: signal ?? null })).json();
  }

  /**
   * A page of the chats with the words of a query in their titles or messages.
   * @param {string} query
   * @param {string | null} after  The last chat of the page before.
   * @param {AbortSignal} signal
   * @returns {Promise<{data: import('./operations').FoundThread[], has_more: boolean}>}
   */
  async searchThreads(query, after, signal) {
    const url = new URL(this.config.api.threadsUrl, document.baseURI);
    url.searchParams.set('query', query);
    if (after) url.searchParams.set('after', after);
    return (await this.#send(url, { signal })).json();
  }

  /**
   * Replaces the content of the person's last message in a thread.
   * @param {string} threadId
   * @param {string} itemId
   * @param {import('./chatkit').UserMessageContent[]} content
   */
  async editMessage(threadId, itemId, content) {
    const item = `${encodeURIComponent(threadId)}/items/${encodeURIComponent(itemId)}`;
    await this.#send(`${this.config.api.threadsUrl}/${item}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ content }),
    });
  }

  /**
   * @param {string} type
   * @param {object} params
   * @param {Record<string, string>} headers
   * @param {AbortSignal} [signal]
   */
  #post(type, params, headers, signal) {
    return this.#send(this.config.api.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ type, params, metadata: {} }),
      signal: signal ?? null,
    });
  }

  /**
   * @param {string | URL} url
   * @param {RequestInit} init
   */
  async #send(url, init) {
    let response;
    try {
      response = await this.fetch(url, init);
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(t('error.connection_lost'), 0, 'connection_lost');
      throw error;
    }
    if (!response.ok) throw await errorFrom(response);
    return response;
  }
}

/**
 * The error that an answer stands for: `{"message", "error": {"code", …}}`, else its status.
 * @param {Response} response
 */
export async function errorFrom(response) {
  const body = await response.json().catch(() => ({}));
  const code = body.error?.code ?? 'unknown';
  const message = errorInWords(code, body.message ?? t('error.status', { status: String(response.status) }));
  return new ApiError(message, response.status, code, body.error?.param ?? null);
}
