/** What `config.json` holds: written by `app/http/page.py`, read by every part of the page. */

/**
 * @typedef {object} PageConfig
 * @property {object} api
 * @property {string} api.url             The ChatKit endpoint.
 * @property {string} api.attachmentsUrl  Takes direct uploads; `/{id}/content` below it downloads.
 * @property {string} api.entitiesUrl     Finds what "@" can mention.
 * @property {string | null} api.domainKey      For OpenAI's element; null: our own client only.
 * @property {string | null} api.bucketPostUrl  Where the browser may POST to the bucket itself.
 * @property {object} uploads
 * @property {'two_phase' | 'direct'} uploads.strategy
 * @property {'POST' | 'PUT'} uploads.method
 * @property {object} limits
 * @property {number} limits.maxAttachmentBytes
 * @property {number} limits.maxCount            Attachments in one message.
 * @property {string[]} limits.allowedMimeTypes  Patterns: `image/*`.
 * @property {Record<string, string>} limits.extensions  MIME type by extension: `{".csv": "text/csv"}`.
 * @property {{mode: 'dev' | 'jwt' | 'header'}} auth
 * @property {{name: string | null, isOffline: boolean}} model
 * @property {number} utcOffsetMinutes  Of the server's clock: ChatKit's timestamps have no zone.
 */

export {};
