/** The options this page gives to `<openai-chatkit>`; checked against its types by `make types`. */

import { t } from './client/words.js';

/**
 * @param {object} parts
 * @param {import('./page-config.js').PageConfig} parts.config
 * @param {typeof globalThis.fetch} parts.fetch  From `fetch.js`: adds the token, knows upload links.
 * @param {'two_phase' | 'direct'} parts.strategy
 * @param {'light' | 'dark'} parts.colorScheme
 * @param {string | null} parts.threadId
 * @param {(entity: import('@openai/chatkit').Entity) => void} parts.openEntity
 * @returns {import('@openai/chatkit').ChatKitOptions}
 */
export function chatKitOptions({ config, fetch, strategy, colorScheme, threadId, openEntity }) {
  const { api, limits } = config;
  return {
    api: {
      url: api.url,
      domainKey: api.domainKey ?? '',
      fetch,
      uploadStrategy:
        strategy === 'direct' ? { type: 'direct', uploadUrl: api.attachmentsUrl } : { type: 'two_phase' },
    },
    theme: { colorScheme, radius: 'round', color: { accent: { primary: '#0f7a63', level: 1 } } },
    initialThread: threadId,
    history: { enabled: true, showDelete: true, showRename: true },
    header: { enabled: true },
    startScreen: { greeting: t('welcome') },
    threadItemActions: { feedback: true, retry: true },
    composer: {
      placeholder: t('composer.placeholder'),
      models: config.composer.models,
      tools: config.composer.tools,
      attachments: {
        enabled: true,
        maxSize: limits.maxAttachmentBytes,
        maxCount: limits.maxCount,
        accept: acceptedTypes(limits.fileTypes.suffixes),
      },
    },
    entities: {
      showComposerMenu: true,
      async onTagSearch(query) {
        const url = new URL(api.entitiesUrl, document.baseURI);
        url.searchParams.set('query', query);
        const response = await fetch(url);
        if (!response.ok) return [];
        /** @type {{entities: import('@openai/chatkit').Entity[]}} */
        const { entities } = await response.json();
        return entities;
      },
      onClick: openEntity,
      async onRequestPreview(entity) {
        const response = await fetch(`${api.entitiesUrl}/${encodeURIComponent(entity.id)}/preview`);
        return response.ok ? response.json() : { preview: null };
      },
    },
  };
}

/**
 * ChatKit wants suffixes by MIME type; the server states MIME types by suffix.
 * @param {Record<string, string>} suffixes
 */
export function acceptedTypes(suffixes) {
  /** @type {Record<string, string[]>} */
  const accept = {};
  for (const [suffix, mimeType] of Object.entries(suffixes)) {
    (accept[mimeType] ??= []).push(suffix);
  }
  return accept;
}
