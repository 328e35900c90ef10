/** Which model answers and which tool it uses, chosen beside the message (ChatKit's `composer.models`, `.tools`). */

import { h } from '../ui/dom.js';
import { t } from '../words.js';

/**
 * @typedef {import('@openai/chatkit').ModelOption} ModelOption
 * @typedef {import('@openai/chatkit').ToolOption} ToolOption
 */

const KEY = 'chat.model';

export class Choices {
  /** @type {string | null} */
  #toolId = null;
  /** @type {Map<string, HTMLButtonElement>}  Of the tools that have one. */
  #pinned = new Map();

  /**
   * @param {object} options
   * @param {ModelOption[]} options.models
   * @param {ToolOption[]} options.tools
   * @param {Pick<Storage, 'getItem' | 'setItem'>} options.storage
   * @param {(placeholder: string) => void} options.onPlaceholder
   */
  constructor({ models, tools, storage, onPlaceholder }) {
    this.tools = tools;
    this.onPlaceholder = onPlaceholder;
    /** @type {HTMLSelectElement | null} */
    this.model = models.length > 0 ? h('select', {
      class: 'composer-choice', 'aria-label': t('composer.model'), title: t('composer.model'),
      on: { change: () => storage.setItem(KEY, this.model?.value ?? '') },
    }, ...models.map(({ id, label, description, disabled }) =>
      h('option', { value: id, disabled, title: description, text: label }))) : null;
    if (this.model) this.model.value = initialModel(models, storage.getItem(KEY)) ?? '';

    const others = tools.filter(({ pinned }) => !pinned);
    /** @type {HTMLSelectElement | null} */
    this.tool = others.length > 0 ? h('select', {
      class: 'composer-choice', 'aria-label': t('composer.tool'), title: t('composer.tool'),
      on: { change: () => this.#choose(this.tool?.value || null) },
    },
      h('option', { value: '', text: t('composer.tool.none') }),
      ...others.map(({ id, label }) => h('option', { value: id, text: label }))) : null;
    const buttons = tools.filter(({ pinned }) => pinned).map(({ id, label, shortLabel }) => {
      const button = h('button', {
        type: 'button', class: 'composer-choice', 'aria-pressed': 'false', title: label, text: shortLabel ?? label, dir: 'auto',
        on: { click: () => this.#choose(this.#toolId === id ? null : id) },
      });
      this.#pinned.set(id, button);
      return button;
    });
    this.elements = [this.model, this.tool, ...buttons].filter((element) => element !== null);
  }

  /** @returns {import('../protocol/chatkit').InferenceOptions} */
  get inferenceOptions() {
    return {
      ...(this.model?.value ? { model: this.model.value } : {}),
      ...(this.#toolId ? { tool_choice: { id: this.#toolId } } : {}),
    };
  }

  /** After a message, its tool is chosen no longer, unless it is persistent. */
  sent() {
    if (!this.tools.find(({ id }) => id === this.#toolId)?.persistent) this.#choose(null);
  }

  /** @param {string | null} id */
  #choose(id) {
    this.#toolId = id;
    for (const [each, button] of this.#pinned) button.setAttribute('aria-pressed', String(each === id));
    if (this.tool) this.tool.value = id && !this.#pinned.has(id) ? id : '';
    const tool = this.tools.find((each) => each.id === id);
    this.onPlaceholder(tool?.placeholderOverride ?? t('composer.placeholder'));
  }
}

/**
 * The model to begin with: the one that was chosen last, the default one, the first one.
 * @param {ModelOption[]} models
 * @param {string | null} chosen
 */
export function initialModel(models, chosen) {
  const offered = models.filter(({ disabled }) => !disabled);
  const model = offered.find(({ id }) => id === chosen) ?? offered.find((each) => each.default) ?? offered[0];
  return model?.id;
}
