/** The page around the client: what it does for the client, and the events that it gets. Names are those of `<openai-chatkit>`. */

import { t } from './words.js';

/**
 * @typedef {import('@openai/chatkit').ChatKitOptions} ChatKitOptions
 * @typedef {import('./protocol/chatkit').WidgetItem} WidgetItem
 *
 * @typedef {object} HostOptions
 * @property {ChatKitOptions['onClientTool']} [onClientTool]  Runs the tools of the page.
 * @property {ChatKitOptions['widgets']} [widgets]  `onAction` takes the actions whose handler is the client.
 * @property {Pick<NonNullable<ChatKitOptions['entities']>, 'onClick'>} [entities]  `onClick` takes the mentions that are no file or chat.
 */

export class Host {
  /**
   * @param {HTMLElement} element  Gets the events: `chatkit.effect`, `chatkit.thread.change` and so on.
   * @param {HostOptions} options
   */
  constructor(element, { onClientTool, widgets, entities }) {
    this.element = element;
    this.onClientTool = onClientTool;
    this.onAction = widgets?.onAction;
    this.openEntity = entities?.onClick;
  }

  /**
   * Runs a tool of the page. The model gets its failure too: the answer goes on.
   * @param {{name: string, params: Record<string, unknown>}} call
   * @returns {Promise<unknown>}
   */
  async runTool(call) {
    if (!this.onClientTool) return { error: `This page has no tool "${call.name}".` };
    try {
      return (await this.onClientTool(call)) ?? {};
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * @param {{type: string, payload?: unknown}} action
   * @param {WidgetItem} item
   */
  async act({ type, payload }, { id, widget }) {
    if (!this.onAction) throw new Error(t('widget.no_handler', { name: type }));
    await this.onAction(
      { type, payload: /** @type {Record<string, unknown>} */ (payload) },
      { id, widget: /** @type {any} */ (widget) }, // the same JSON, typed by another package
    );
  }

  /**
   * @param {keyof import('@openai/chatkit').ChatKitEvents} type
   * @param {unknown} [detail]
   */
  tell(type, detail) {
    this.element.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
