/** What `config.json` holds: written by `app/http/page.py`, read by every part of the page. */

/**
 * What files are known by; keys are lower case.
 * @typedef {object} FileTypes
 * @property {Record<string, string>} suffixes  MIME type by suffix: `{".csv": "text/csv"}`.
 * @property {Record<string, string>} names     MIME type by whole name: `{"dockerfile": "text/plain"}`.
 * @property {Record<string, string>} aliases   The registered type by what browsers may say instead.
 *
 * @typedef {object} PageConfig
 * @property {object} api
 * @property {string} api.url             The ChatKit endpoint.
 * @property {string} api.attachmentsUrl  Takes direct uploads; `/{id}/content` below it downloads.
 * @property {string} api.entitiesUrl     Finds what "@" can mention.
 * @property {string} api.threadsUrl      Searches chats; `/{id}/items/{id}` below it edits a message.
 * @property {string | null} api.domainKey      For OpenAI's element; null: our own client only.
 * @property {string | null} api.bucketPostUrl  Where the browser may POST to the bucket itself.
 * @property {object} uploads
 * @property {'two_phase' | 'direct'} uploads.strategy
 * @property {'POST' | 'PUT'} uploads.method
 * @property {object} limits
 * @property {number} limits.maxAttachmentBytes
 * @property {number} limits.maxCount            Attachments in one message.
 * @property {string[]} limits.allowedMimeTypes  Patterns: `image/*`.
 * @property {FileTypes} limits.fileTypes
 * @property {{mode: 'dev' | 'jwt' | 'header'}} auth
 * @property {{name: string | null, isOffline: boolean}} model
 * @property {object} composer  What a person can choose for a message.
 * @property {NonNullable<import('@openai/chatkit').ComposerOption['models']>} composer.models
 * @property {NonNullable<import('@openai/chatkit').ComposerOption['tools']>} composer.tools
 * @property {boolean} [dictation]  Whether the server transcribes speech.
 * @property {boolean} isDemo      Shows how files travel, and lets that be chosen.
 * @property {string[]} prompts    What an empty chat offers to ask.
 * @property {string | null} disclaimer  A line below the message field.
 * @property {number} utcOffsetMinutes  Of the server's clock: ChatKit's timestamps have no zone.
 */

export {};
