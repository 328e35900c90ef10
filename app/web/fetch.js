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
    if (isGatewayUrl(url)) {
      const file = init.body instanceof FormData ? init.body.get('file') : null;
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
  return Response.json({ message: bucketMessage(xml) }, { status });
}
