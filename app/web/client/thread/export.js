/** A chat as a Markdown file: what was said, the names of the files, the sources. No DOM here. */

import { withMarks } from '../text/citations.js';
import { language, t } from '../words.js';
import { plainText } from './thread-state.js';

/**
 * @typedef {import('./thread-state.js').Item} Item
 * @typedef {import('../protocol/chatkit').Source} Source
 */

/**
 * @param {string} title
 * @param {Item[]} items
 * @param {Date} now
 */
export function toMarkdown(title, items, now) {
  const date = new Intl.DateTimeFormat(language(), { dateStyle: 'long', timeStyle: 'short' }).format(now);
  const parts = [`# ${oneLine(title)}`, `*${t('export.made', { date })}*`];
  for (const item of items) {
    const said = saidIn(item);
    if (said) parts.push(`## ${t(item.type === 'user_message' ? 'message.by' : 'answer.by')}`, said);
  }
  return `${parts.join('\n\n')}\n`;
}

/**
 * A name that every file system takes.
 * @param {string} title
 */
export function fileNameOf(title) {
  // eslint-disable-next-line no-control-regex -- Windows takes none of these.
  const name = title.replace(/[\u0000-\u001f<>:"/\\|?*]+/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 80).replace(/[. ]+$/, '');
  return `${name || t('page')}.md`;
}

/** @param {Item} item */
function saidIn(item) {
  switch (item.type) {
    case 'user_message':
      return [
        item.quoted_text && quoted(item.quoted_text),
        plainText(item),
        item.attachments.map(({ name }) => `- 📎 ${oneLine(name)}`).join('\n'),
      ].filter((part) => part?.trim()).join('\n\n');
    case 'assistant_message':
      return item.content.filter(Boolean).map(({ text, annotations }) => {
        const cited = withMarks(text, annotations);
        return [text, ...sourcesOf(cited.sources)].join('\n\n');
      }).join('\n\n');
    case 'generated_image':
      return `*${t('answer.image')}*`;
    default:
      return plainText(item);
  }
}

/** @param {Source[]} sources */
function sourcesOf(sources) {
  if (sources.length === 0) return [];
  const lines = sources.map((source, index) => {
    const name = source.type === 'file' ? source.filename : source.title;
    return `${index + 1}. ${source.type === 'url' ? `[${oneLine(name)}](<${source.url}>)` : oneLine(name)}`;
  });
  return [`${t('answer.sources')}:`, lines.join('\n')];
}

/** @param {string} text */
function quoted(text) {
  return text.split('\n').map((line) => `> ${line}`).join('\n');
}

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/g, ' ').trim();
}
