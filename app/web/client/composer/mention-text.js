/** Mentions in plain text: "@title" stands for an entity until the text says otherwise. */

/** @typedef {import('@openai/chatkit').Entity} Entity */

/**
 * Where an unfinished mention starts before the caret: null when the caret isn't in one.
 * @param {string} text
 * @param {number} caret
 */
export function openMention(text, caret) {
  const query = /(?:^|[\s([{])@([^@\n]{0,60})$/.exec(text.slice(0, caret))?.[1];
  return query === undefined ? null : { query, start: caret - query.length - 1 };
}

/**
 * Cuts text into plain stretches and mentions, in order.
 * @param {string} text
 * @param {Entity[]} entities  Entities chosen so far, in the order of their choosing.
 * @returns {{text: string, entity: Entity | null}[]}
 */
export function splitMentions(text, entities) {
  /** @type {{text: string, entity: Entity | null}[]} */
  const segments = [];
  const left = [...entities];
  let rest = text;
  for (;;) {
    const next = left
      .map((entity) => ({ entity, index: rest.indexOf(`@${entity.title}`) }))
      .filter(({ index }) => index >= 0)
      .sort((a, b) => a.index - b.index || b.entity.title.length - a.entity.title.length)[0];
    if (!next) break;
    const end = next.index + next.entity.title.length + 1;
    if (next.index > 0) segments.push({ text: rest.slice(0, next.index), entity: null });
    segments.push({ text: rest.slice(next.index, end), entity: next.entity });
    left.splice(left.indexOf(next.entity), 1);
    rest = rest.slice(end);
  }
  if (rest) segments.push({ text: rest, entity: null });
  return segments;
}

/**
 * The message as ChatKit's `UserMessageContent[]`.
 * @param {string} text
 * @param {Entity[]} entities
 * @returns {import('../protocol/chatkit').UserMessageContent[]}
 */
export function toContent(text, entities) {
  return splitMentions(text.trim(), entities).map(({ text: part, entity }) =>
    entity
      ? {
          type: 'input_tag',
          id: entity.id,
          text: entity.title,
          data: entity.data ?? {},
          ...(entity.group ? { group: entity.group } : {}),
          interactive: entity.interactive ?? true,
        }
      : { type: 'input_text', text: part },
  );
}
