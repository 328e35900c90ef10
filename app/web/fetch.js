/**
 * The reference `api.fetch` for a page with ChatKit: pass it as `api.fetch`.
 *
 * - The token goes to the API alone. Upload links carry their own signature, and S3 refuses a
 *   request that brings two.
 * - An upload link of the gateway (`…/uploads/{id}?key=…&policy=…`) is S3's presigned POST with its
 *   form fields in the query. Where the browser can reach the bucket, the fields go back into a
 *   form and the file goes straight there. If that fails on the way (network, CORS), the same
 *   bytes go to the same key through the gateway.
 * - An upload that is one too many at the same time waits as long as the answer says, and is sent
 *   again.
 * - The link of a large file says how it can be uploaded in parts (`#parts=…`): three at a time, each
 *   tried again on its own, so a lost connection costs parts and not the file.
 *
 * @param {object} options
 * @param {string} options.apiUrl          The ChatKit endpoint, as in `api.url`.
 * @param {() => (string | null | Promise<string | null>)} [options.getToken]  The bearer token, if any.
 * @param {string | null} [options.bucketPostUrl]  Where the bucket takes a POST; null: use the gateway.
 * @param {typeof globalThis.fetch} [options.fetch]
 * @returns {typeof globalThis.fetch}
 */
export function createFetch({ apiUrl, getToken, bucketPostUrl = null, fetch }) {
  const api = new URL(apiUrl, document.baseURI);
  const send = fetch ?? globalThis.fetch.bind(globalThis);

  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input, document.baseURI);
    const file = init.body instanceof FormData ? init.body.get('file') : init.body;
    const partsUrl = partsUrlOf(url);
    if (partsUrl && file instanceof Blob) {
      const toBucket = Boolean(bucketPostUrl) || !isGatewayUrl(url);
      const answer = await uploadInParts(partsUrl, file, {
        send: sendWith(send), toBucket, signal: init.signal ?? undefined,
      });
      if (answer) return isSuccess(answer) ? new Response(answer.text) : withMessage(answer.status, answer.text);
    }
    if (isGatewayUrl(url)) {
      // Without a policy it has a presigned PUT, for a store that has no presigned POST.
      if (bucketPostUrl && url.searchParams.has('policy') && file instanceof Blob) {
        const body = bucketForm(url, file);
        try {
          const answer = await send(bucketPostUrl, { method: 'POST', body, signal: init.signal ?? null });
          return answer.ok ? answer : withMessage(answer.status, await answer.text());
        } catch (error) {
          if (!(error instanceof TypeError)) throw error; // an abort, not a failed connection
        }
      }
      return sendInTurn(send, input, init);
    }
    if (url.origin !== api.origin) return send(input, init);

    const token = await getToken?.();
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : {}));
    if (token) headers.set('Authorization', `Bearer ${token}`);
    const options = token ? { ...init, headers } : init;
    return init.body instanceof FormData ? sendInTurn(send, input, options) : send(input, options);
  };
}

/**
 * @param {typeof globalThis.fetch} send
 * @param {RequestInfo | URL} input
 * @param {RequestInit} init
 */
async function sendInTurn(send, input, init) {
  for (let tries = 1; ; tries += 1) {
    const answer = await send(input instanceof Request ? input.clone() : input, init);
    const seconds = secondsToWait(answer.status, answer.headers.get('Retry-After'), tries);
    if (seconds === null) return answer;
    await pause(seconds, init.signal);
  }
}

/** Some two minutes in all. */
const MOST_TRIES = 12;

/**
 * For how long an upload that was refused waits for its turn; null: it doesn't.
 * @param {number} status
 * @param {string | null} retryAfter  A full quota is 429 as well, but nothing to wait for.
 * @param {number} tries
 */
export function secondsToWait(status, retryAfter, tries) {
  if (status !== 429 || !retryAfter || tries >= MOST_TRIES) return null;
  // Each try sends the file, so the later ones come less often.
  return backoff(tries, retryAfter);
}

/**
 * How many seconds to wait before another try.
 * @param {number} tries
 * @param {string | null} [retryAfter]
 */
function backoff(tries, retryAfter) {
  return Math.max(Number(retryAfter) || 0, Math.min(2 ** (tries - 1), 15));
}

/**
 * @param {number} seconds
 * @param {AbortSignal | null} [signal]
 */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    setTimeout(resolve, seconds * 1000);
  });
}

/** The gateway's own parameters, which are no fields of the form. */
const GATEWAY_PARAMETERS = new Set(['expires', 'signature']);

/** @param {URL} url  Is this a gateway link, that is, a presigned POST or PUT folded into a URL? */
export function isGatewayUrl(url) {
  const isSigned = url.searchParams.has('policy') || url.searchParams.has('put');
  return /\/uploads\/[^/]+$/.test(url.pathname) && isSigned;
}

/**
 * The presigned POST that a gateway link stands for. S3 reads `file` last.
 * @param {URL} url
 * @param {Blob} file
 */
export function bucketForm(url, file) {
  const form = new FormData();
  for (const [name, value] of url.searchParams) {
    if (!GATEWAY_PARAMETERS.has(name)) form.append(name, value);
  }
  form.append('file', file);
  return form;
}

/** The same sentences for the same codes of S3 as in `app/storage/splice.py`. */
const TOO_LARGE = 'The file is larger than announced. Attach it again.';
const TOO_SMALL = 'The file is smaller than announced. Attach it again.';
const FULL = 'The file storage is full. Its operator has to make room; then try again.';
/** @type {Record<string, string>} */
const BUCKET_MESSAGES = {
  EntityTooLarge: TOO_LARGE,
  EntityTooSmall: TOO_SMALL,
  XMinioStorageFull: FULL,
  XMinioAdminBucketQuotaExceeded: FULL,
  QuotaExceeded: FULL,
  InsufficientStorageSpace: FULL,
};

/**
 * What the bucket's XML means to the person who waits for the upload.
 * @param {string} xml
 */
export function bucketMessage(xml) {
  const code = /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? '';
  const message = BUCKET_MESSAGES[code];
  if (message) return message;
  if (/expired/i.test(xml)) return 'The upload link has expired. Attach the file again.';
  return 'The file storage rejected the upload. Attach the file again.';
}

/**
 * ChatKit shows the top-level `message` of a JSON answer.
 * @param {number} status
 * @param {string} xml
 */
function withMessage(status, xml) {
  return Response.json({ message: ownMessage(xml) ?? bucketMessage(xml) }, { status });
}

/** @param {string} text  @returns {string | undefined} the message, if the service sent it and not the bucket. */
function ownMessage(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return undefined;
  }
}

/**
 * @typedef {{method: string, url: string | URL, body?: Blob, seconds: number}} PartRequest
 *   It is given up after `seconds`: a connection may end without a word.
 * @typedef {{status: number, text: string, retryAfter: string | null}} PartAnswer
 * @typedef {(request: PartRequest, signal: AbortSignal, onProgress: (loaded: number) => void) => Promise<PartAnswer>} SendPart
 *   It throws if the connection fails.
 * @typedef {{size: number, url: string, gateway: string | null, is_uploaded: boolean}} PartLink
 */

const PARTS_AT_ONCE = 3;
/** How much has to arrive after a break until one part more travels at a time. */
const STEADY_BYTES = 64 * 1024 * 1024;
const SLOW_LINE_BYTES_A_SECOND = 64 * 1024;

/**
 * The connection, which all files share. It carries three parts at a time. When it breaks, all of them
 * are lost, so on one that keeps breaking they travel one by one.
 */
class Line {
  #most = PARTS_AT_ONCE;
  #underWay = 0;
  #steadyBytes = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @template T  @param {() => Promise<T> | T} task  @returns {Promise<T>} */
  async carry(task) {
    if (this.#underWay < this.#most) this.#underWay += 1;
    else await new Promise((/** @type {(value?: undefined) => void} */ go) => this.#waiting.push(go));
    try {
      return await task();
    } finally {
      this.#underWay -= 1;
      this.#admit();
    }
  }

  broke() {
    this.#most = 1;
    this.#steadyBytes = 0;
  }

  /** @param {number} bytes */
  held(bytes) {
    this.#steadyBytes += bytes;
    if (this.#most === PARTS_AT_ONCE || this.#steadyBytes < STEADY_BYTES) return;
    this.#most += 1;
    this.#steadyBytes = 0;
    this.#admit();
  }

  #admit() {
    if (this.#underWay >= this.#most || !this.#waiting.length) return;
    this.#underWay += 1;
    this.#waiting.shift()?.();
  }
}

const line = new Line();

/**
 * The link for the upload in parts that the service has put into the upload link of a large file.
 * @param {URL} url
 */
export function partsUrlOf(url) {
  const link = /^#parts=(.+)/.exec(url.hash)?.[1];
  return link ? decodeURIComponent(link) : null;
}

/**
 * Uploads a file in parts. Returns the answer that ended it; null if this service or its bucket has no
 * uploads in parts, so that the file has to go in one piece.
 * @param {string} partsUrl
 * @param {Blob} file
 * @param {object} options
 * @param {SendPart} options.send
 * @param {boolean} options.toBucket  Whether the browser can reach the bucket; what fails on the way goes
 *   through the gateway at the next try.
 * @param {AbortSignal} [options.signal]
 * @param {(loaded: number) => void} [options.onProgress]  Bytes of the file that were sent so far.
 * @returns {Promise<PartAnswer | null>}
 */
export async function uploadInParts(partsUrl, file, { send, toBucket, signal, onProgress = () => {} }) {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  const ask = (/** @type {string} */ url) =>
    untilAnswered(() => send({ method: 'POST', url, seconds: 600 }, stop.signal, () => {}), stop.signal);
  try {
    const begun = await ask(partsUrl);
    if (begun.status === 409) return { ...begun, status: 200 }; // uploaded by an attempt whose answer was lost
    if (!isSuccess(begun)) return null;
    /** @type {{parts: PartLink[], complete: string}} */
    const { parts, complete } = JSON.parse(begun.text);
    const loaded = parts.map(({ size, is_uploaded: isUploaded }) => (isUploaded ? size : 0));
    const report = () => onProgress(loaded.reduce((sum, bytes) => sum + bytes, 0));
    let end = 0;
    /** @type {PartAnswer | null} */
    let refusal = null;
    await Promise.all(parts.map(async (part, index) => {
      const body = file.slice(end, (end += part.size));
      if (part.is_uploaded) return;
      const ways = [toBucket ? part.url : null, part.gateway].flatMap((way) => (way ? [new URL(way, partsUrl)] : []));
      const seconds = 60 + (PARTS_AT_ONCE * part.size) / SLOW_LINE_BYTES_A_SECOND;
      const answer = await untilAnswered((failures) => line.carry(() => {
        stop.signal.throwIfAborted();
        const url = /** @type {URL} */ (ways[failures % ways.length]);
        return send({ method: 'PUT', url, body, seconds }, stop.signal, (bytes) => {
          // Chromium itself sends a request again whose connection it had used before and lost.
          if (bytes < (loaded[index] ?? 0)) line.broke();
          loaded[index] = Math.min(bytes, part.size);
          report();
        });
      }), stop.signal);
      if (isSuccess(answer)) {
        line.held(part.size);
        loaded[index] = part.size;
        report();
      } else {
        refusal ??= answer;
        stop.abort();
      }
    })).catch((error) => {
      stop.abort();
      if (!refusal) throw error;
    });
    return refusal ?? await ask(new URL(complete, partsUrl).href);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/**
 * Tries again until there is an answer that another try would not change.
 * @param {(failures: number) => Promise<PartAnswer>} attempt
 * @param {AbortSignal} signal
 */
async function untilAnswered(attempt, signal) {
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    /** @type {PartAnswer | null} */
    let answer = null;
    try {
      answer = await attempt(failures);
    } catch (error) {
      if (signal.aborted || failures + 1 >= MOST_TRIES) throw error;
      line.broke();
    }
    failures += 1;
    if (answer && (failures >= MOST_TRIES || !isTemporary(answer))) return answer;
    await online(signal);
    await pause(backoff(failures, answer?.retryAfter), signal);
  }
}

/** @param {PartAnswer} answer */
function isTemporary({ status, text }) {
  // RequestTimeout: S3's answer to a connection on which nothing came any more.
  return status >= 500 || status === 408 || status === 429 || (status === 400 && /RequestTimeout/.test(text));
}

/** @param {PartAnswer} answer */
function isSuccess({ status }) {
  return status >= 200 && status < 300;
}

/** Waits while the browser knows that it has no network. @param {AbortSignal} signal */
async function online(signal) {
  if (globalThis.navigator?.onLine !== false) return;
  await new Promise((resolve, reject) => {
    globalThis.addEventListener('online', resolve, { once: true });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * @param {typeof globalThis.fetch} send
 * @returns {SendPart}
 */
function sendWith(send) {
  return async ({ method, url, body, seconds }, signal) => {
    // Safari has it since 17.4.
    const limit = 'any' in AbortSignal ? AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]) : signal;
    const answer = await send(url, { method, body: body ?? null, signal: limit });
    const text = await answer.text();
    return { status: answer.status, text, retryAfter: answer.headers.get('Retry-After') };
  };
}
