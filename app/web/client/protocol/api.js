/** Speaks the ChatKit protocol: one endpoint, JSON answers and event streams. */

export class ApiError extends Error {
  /** @param {string} message  The server's own words. @param {number} status @param {string} code */
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const CONNECTION_LOST = 'The server can’t be reached. Check your connection, then try again.';

export class Api {
  /** @param {{api: {url: string, entitiesUrl: string}}} config @param {typeof fetch} fetch */
  constructor(config, fetch) {
    this.config = config;
    this.fetch = fetch;
  }

  async call(type, params) {
    const response = await this.#post(type, params, { Accept: 'application/json' });
    return response.json();
  }

  /** Yields the stream's events. An abort ends it with an AbortError. */
  async *stream(type, params, signal) {
    const response = await this.#post(type, params, { Accept: 'text/event-stream' }, signal);
    try {
      yield* readEvents(response.body);
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(CONNECTION_LOST, 0, 'connection_lost');
      throw error;
    }
  }

  async searchEntities(query, signal) {
    const url = new URL(this.config.api.entitiesUrl, document.baseURI);
    url.searchParams.set('query', query);
    const { entities } = await (await this.#send(url, { signal })).json();
    return entities;
  }

  async entityPreview(id, signal) {
    const url = `${this.config.api.entitiesUrl}/${encodeURIComponent(id)}/preview`;
    return (await this.#send(url, { signal })).json();
  }

  #post(type, params, headers, signal) {
    return this.#send(this.config.api.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ type, params, metadata: {} }),
      signal,
    });
  }

  async #send(url, init) {
    let response;
    try {
      response = await this.fetch(url, init);
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(CONNECTION_LOST, 0, 'connection_lost');
      throw error;
    }
    if (!response.ok) throw await errorFrom(response);
    return response;
  }
}

/** Errors are `{"message", "error": {"code", …}}`; anything else is told by its status. */
export async function errorFrom(response) {
  const body = await response.json().catch(() => ({}));
  const message = body.message ?? `The server answered ${response.status}. Try again in a moment.`;
  return new ApiError(message, response.status, body.error?.code ?? 'unknown');
}

async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value;
      const blocks = buffer.split(/\r?\n\r?\n/);
      buffer = blocks.pop();
      for (const block of blocks) {
        const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'));
        const text = lines.map((line) => line.slice(5).trimStart()).join('\n');
        if (text) yield JSON.parse(text);
      }
    }
  } finally {
    reader.releaseLock();
  }
}
