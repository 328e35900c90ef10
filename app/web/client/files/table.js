/** Reads separated values (RFC 4180), as spreadsheets write them. */

const SEPARATORS = [',', ';', '\t', '|'];

/**
 * @param {string} text
 * @param {number} maxRows
 * @returns {{rows: string[][], isCut: boolean}}  `isCut`: there are more rows than that.
 */
export function parseTable(text, maxRows) {
  const separator = separatorOf(text);
  /** @type {string[][]} */
  const rows = [];
  let row = [''];
  let isQuoted = false;
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const cell = row.at(-1) ?? '';
    if (isQuoted && character === '"' && text.charAt(at + 1) === '"') {
      row[row.length - 1] = `${cell}"`;
      at += 1;
    } else if (character === '"' && (isQuoted || cell === '')) isQuoted = !isQuoted;
    else if (isQuoted) row[row.length - 1] = cell + character;
    else if (character === separator) row.push('');
    else if (character === '\n') {
      rows.push(row);
      if (rows.length === maxRows) return { rows, isCut: text.slice(at + 1).trim() !== '' };
      row = [''];
    } else if (character !== '\r') row[row.length - 1] = cell + character;
  }
  if (row.length > 1 || row[0] !== '') rows.push(row);
  return { rows, isCut: false };
}

/**
 * The separator that the first line has most of, outside of quotes.
 * @param {string} text
 */
export function separatorOf(text) {
  const line = (/^[^\r\n]*/.exec(text)?.[0] ?? '').replace(/"(?:[^"]|"")*"/g, '');
  const counts = SEPARATORS.map((separator) => line.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ',';
}
