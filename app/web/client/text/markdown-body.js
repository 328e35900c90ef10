/** Markdown that grows: blocks that did not change keep their elements, and so their selection. */

import { h } from '../ui/dom.js';
import { MARK } from './citations.js';
import { enrich } from './enrich.js';
import { blocksOf, renderBlocks } from './markdown.js';

/** @typedef {{raw: string, nodes: ChildNode[]}} Block */

export class MarkdownBody {
  element = h('div', { class: 'markdown' });
  /** @type {Block[]} */
  #blocks = [];
  /** How many blocks are enriched: the last one may still be growing. */
  #enriched = 0;
  #links = '{}';

  /**
   * @param {{text: string, isComplete?: boolean}} content
   * @param {(number: number) => Node} [renderMark]  Shows the mark of a source that the text cites.
   */
  constructor({ text, isComplete = true }, renderMark) {
    this.renderMark = renderMark;
    this.update({ text, isComplete });
  }

  /**
   * @param {object} content
   * @param {string} content.text
   * @param {boolean} content.isComplete  No: the text goes on, and its last block may change.
   */
  update({ text, isComplete }) {
    const blocks = blocksOf(text);
    const links = JSON.stringify(blocks.links); // a definition at the end changes links above it
    const same = links === this.#links ? commonStart(blocks, this.#blocks) : 0;
    this.#links = links;
    for (const { nodes } of this.#blocks.splice(same)) for (const node of nodes) node.remove();
    for (const block of blocks.slice(same)) {
      const fragment = renderBlocks([block]);
      if (this.renderMark) showMarks(fragment, this.renderMark);
      this.#blocks.push({ raw: block.raw, nodes: [...fragment.childNodes] });
      this.element.append(fragment);
    }
    this.#enrichUpTo(same, blocks.length - (isComplete ? 0 : 1));
  }

  /**
   * @param {number} same  The number of blocks at the beginning that have not changed.
   * @param {number} end
   */
  #enrichUpTo(same, end) {
    for (const { nodes } of this.#blocks.slice(Math.min(same, this.#enriched), end)) {
      for (const node of nodes) if (node instanceof HTMLElement) enrich(node);
    }
    this.#enriched = Math.max(end, 0);
  }
}

/**
 * @param {DocumentFragment} fragment
 * @param {(number: number) => Node} renderMark
 */
function showMarks(fragment, renderMark) {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text instanceof Text; text = walker.nextNode()) {
    const found = MARK.exec(text.data);
    if (!found) continue;
    const rest = text.splitText(found.index);
    rest.data = rest.data.slice(found[0].length);
    rest.before(renderMark(Number(found[1])));
  }
}

/**
 * @param {{raw: string}[]} fresh
 * @param {{raw: string}[]} known
 */
function commonStart(fresh, known) {
  let index = 0;
  while (index < known.length && known[index]?.raw === fresh[index]?.raw) index += 1;
  return index;
}
