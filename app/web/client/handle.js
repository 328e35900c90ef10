/** What a page can do with the client from outside: the methods of `<openai-chatkit>` that it has. */

/**
 * @typedef {import('./thread/conversation.js').Message} Message
 * @typedef {Pick<import('@openai/chatkit').OpenAIChatKit,
 *   'sendUserMessage' | 'sendCustomAction' | 'setComposerValue' | 'setThreadId' | 'focusComposer' | 'fetchUpdates'>} ClientHandle
 */

/**
 * @param {object} client
 * @param {import('./composer/composer.js').Composer} client.composer
 * @param {(threadId: string | null) => Promise<void>} client.goTo
 * @param {(message: Message) => Promise<void>} client.send
 * @param {(action: {type: string, payload?: unknown}, itemId?: string) => Promise<void>} client.act
 * @param {() => Promise<void>} client.refresh
 * @returns {ClientHandle}
 */
export function createHandle({ composer, goTo, send, act, refresh }) {
  return {
    async sendUserMessage({ text, content, attachments = [], reply, newThread = false }) {
      if (newThread) await goTo(null);
      /** @type {Message['content']} */
      const parts = content?.map(asContent) ?? [{ type: 'input_text', text: text ?? '' }];
      await send({ content: parts, attachments, ...(reply ? { quotedText: reply } : {}) });
    },
    async setComposerValue({ text, attachments = [], files = [] }) {
      if (text !== undefined) composer.set(text, []);
      for (const attachment of attachments) composer.draft.queue.adopt(attachment);
      if (files.length > 0) composer.addFiles(files);
    },
    sendCustomAction: act,
    fetchUpdates: refresh,
    setThreadId: goTo,
    focusComposer: async () => composer.focus(),
  };
}

/**
 * A part of a message as the protocol takes it: what a page may leave out is there.
 * @param {import('@openai/chatkit').UserMessageContent} part
 * @returns {Message['content'][number]}
 */
function asContent(part) {
  return part.type === 'input_tag' ? { data: {}, interactive: false, ...part } : part;
}
