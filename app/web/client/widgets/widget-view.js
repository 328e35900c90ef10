/** Shows a ChatKit widget. An update leaves what it does not change as it is, and so what is written in fields. */

import { MarkdownBody } from '../text/markdown-body.js';
import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { renderChart } from './chart.js';
import { fill, layOutBox, limitRows, setBusy, statusOf } from './container-parts.js';
import {
  renderButton, renderCheckbox, renderDatePicker, renderEditableText, renderInput, renderLabel, renderRadioGroup, renderSelect,
  renderTextarea, valuesOf,
} from './controls.js';
import { cantShow, renderBadge, renderDivider, renderIcon, renderImage, renderSpacer, renderText } from './display.js';
import { layOut } from './layout.js';
import { color } from './tokens.js';
import { childrenOf, loadingOf, withValues } from './widget-tree.js';

/**
 * @typedef {import('./widget-tree.js').Component} Component
 * @typedef {import('../protocol/chatkit').WidgetRoot} WidgetRoot
 * @typedef {import('../protocol/chatkit').ActionConfig} ActionConfig
 * @typedef {{type: string, payload?: unknown}} Action
 *
 * A component that is shown. `slot` holds the elements of its children.
 * @typedef {{component: Component, element: HTMLElement, slot?: HTMLElement, children?: Shown[],
 *   markdown?: MarkdownBody}} Shown
 */

let views = 0;
const SHOWN_ROWS = 5; // of a list that leaves it to the page

export class WidgetView {
  element = h('div', { class: 'widget-frame' });
  #prefix = `widget-${++views}`;
  /** @type {Shown | null} */
  #root = null;
  /** @type {Set<string>}  Names of fields that a `Label` describes. */
  #labelled = new Set();

  /** @param {(action: Action, config: ActionConfig) => Promise<void>} onAction */
  constructor(onAction) {
    this.onAction = onAction;
    /** @type {import('./controls.js').Scope} */
    this.scope = {
      fieldId: (name) => `${this.#prefix}-${name}`,
      labelId: (name) => (this.#labelled.has(name) ? `${this.#prefix}-label-${name}` : undefined),
      act: (config, cause, origin, values) => this.#act(config, cause, origin, values),
    };
  }

  /** @param {WidgetRoot} root */
  update(root) {
    this.#labelled = new Set(labelsIn(root));
    this.#root = this.#shown(root, this.#root);
    if (this.element.firstChild !== this.#root.element) this.element.replaceChildren(this.#root.element);
  }

  /**
   * @param {Component} component
   * @param {Shown | null | undefined} known  What stands in its place.
   * @returns {Shown}
   */
  #shown(component, known) {
    if (known && (known.component === component || JSON.stringify(known.component) === JSON.stringify(component))) return known;
    const isSame = known && ownOf(known.component) === ownOf(component);
    const shown = isSame ? known : this.#render(component, known);
    shown.component = component;
    if (!shown.slot) return shown;
    const old = known?.children; // also of a card that is drawn anew: what is written in its fields stays
    shown.children = childrenOf(component).map((child, index) => this.#shown(child, old?.[index]));
    fill(shown.slot, shown.children.map(({ element }) => element));
    if (component.type === 'ListView') limitRows(shown.slot, typeof component.limit === 'number' ? component.limit : SHOWN_ROWS);
    return shown;
  }

  /**
   * @param {Component} component
   * @param {Shown | null | undefined} known
   * @returns {Shown}
   */
  #render(component, known) {
    if (component.type === 'Markdown') {
      const markdown = known?.markdown ?? new MarkdownBody({ text: '' });
      markdown.update({ text: String(component.value ?? ''), isComplete: !component.streaming });
      return { component, markdown, element: markdown.element };
    }
    try {
      const element = this.#leaf(component);
      return element ? { component, element } : this.#container(component);
    } catch (error) {
      // A widget comes from an agent's author: what does not keep to its type must not end the answer.
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      return { component, element: cantShow(component.type) };
    }
  }

  /** @param {Component} component */
  #leaf(component) {
    const { scope } = this;
    switch (component.type) {
      case 'Text':
        if (component.editable) return renderEditableText({ ...component, editable: component.editable }, scope);
        return renderText(component);
      case 'Title':
      case 'Caption':
        return renderText(component);
      case 'Label': return renderLabel(component, scope);
      case 'Badge': return renderBadge(component);
      case 'Icon': return renderIcon(component);
      case 'Image': return renderImage(component);
      case 'Divider': return renderDivider(component);
      case 'Spacer': return renderSpacer(component);
      case 'Chart': return renderChart(component);
      case 'Button': return renderButton(component, scope);
      case 'Input': return renderInput(component, scope);
      case 'Textarea': return renderTextarea(component, scope);
      case 'Select': return renderSelect(component, scope);
      case 'DatePicker': return renderDatePicker(component, scope);
      case 'Checkbox': return renderCheckbox(component, scope);
      case 'RadioGroup': return renderRadioGroup(component, scope);
      default: return null;
    }
  }

  /**
   * @param {Component} component
   * @returns {Shown}
   */
  #container(component) {
    switch (component.type) {
      case 'Card': return this.#card(component);
      case 'ListView': return this.#list(component);
      case 'ListViewItem': return this.#row(component);
      case 'Form': return this.#box(component, this.#form(component.onSubmitAction, 'submit'));
      case 'Box': case 'Row': case 'Col': case 'Basic': case 'Transition':
        return this.#box(component, h('div'));
      default: {
        const { type } = /** @type {Component} */ (component);
        return { component, element: cantShow(type) };
      }
    }
  }

  /**
   * @param {Component} component
   * @param {HTMLElement} element
   * @returns {Shown}
   */
  #box(component, element) {
    layOutBox(element, component);
    return { component, element, slot: element };
  }

  /** @param {import('../protocol/chatkit').Card} card @returns {Shown} */
  #card(card) {
    const { asForm, status, confirm, cancel, collapsed, size = 'md', background, padding, theme } = card;
    const slot = h('div', { class: 'widget widget-col widget-card-body' });
    layOut(slot, padding === undefined ? {} : { padding });
    const confirmButton = confirm && h('button', { type: asForm ? 'submit' : 'button', class: 'button button-primary', text: confirm.label });
    if (confirm && !asForm) confirmButton?.addEventListener('click', () => void this.#act(confirm.action, 'confirm', slot));
    const element = asForm ? this.#form(confirm?.action, 'confirm') : h('div');
    element.className = 'widget-card';
    element.dataset.size = size;
    element.style.background = color(background) ?? '';
    if (theme) element.style.colorScheme = theme;
    const body = collapsed ? h('details', { class: 'widget-collapsed' }, h('summary', { text: t('widget.details') }), slot) : slot;
    element.append(...[status && statusOf(status), body].filter((part) => part !== undefined));
    if (confirm || cancel) {
      element.append(h('div', { class: 'widget-card-foot' },
        cancel && h('button', {
          type: 'button', class: 'button', text: cancel.label, on: { click: () => void this.#act(cancel.action, 'cancel', slot) },
        }),
        confirmButton));
    }
    return { component: card, element, slot };
  }

  /** @param {import('../protocol/chatkit').ListView} list @returns {Shown} */
  #list(list) {
    const slot = h('ul', { class: 'widget-rows' });
    const element = h('div', { class: 'widget-card widget-list' }, list.status && statusOf(list.status), slot);
    if (list.theme) element.style.colorScheme = list.theme;
    return { component: list, element, slot };
  }

  /** @param {import('../protocol/chatkit').ListViewItem} row @returns {Shown} */
  #row(row) {
    const { onClickAction, align = 'center', gap } = row;
    const slot = h('div', { class: 'widget widget-row' });
    layOut(slot, { align, gap: gap ?? 3 });
    const element = h('li', { class: 'widget-list-row' }, slot);
    if (onClickAction) {
      // Beside the content, which may have buttons of its own.
      const button = h('button', {
        type: 'button', class: 'widget-row-button', 'aria-label': textIn(row),
        on: { click: () => void this.#act(onClickAction, 'click', element) },
      });
      element.prepend(button);
    }
    return { component: row, element, slot };
  }

  /**
   * @param {ActionConfig | undefined} action
   * @param {'submit' | 'confirm'} cause
   */
  #form(action, cause) {
    /** @type {HTMLFormElement} */
    const form = h('form', { on: {
      submit: (/** @type {Event} */ event) => {
        event.preventDefault();
        event.stopPropagation();
        if (action) void this.#act(action, cause, form);
      },
    } });
    return form;
  }

  /**
   * @param {ActionConfig} config
   * @param {import('./widget-tree.js').Cause} cause
   * @param {HTMLElement} origin
   * @param {import('./widget-tree.js').FormValues} [own]  Of a field that may stand in no form.
   */
  async #act(config, cause, origin, own = {}) {
    const form = cause === 'cancel' ? null : origin.closest('form');
    const values = form && this.element.contains(form) ? { ...valuesOf(form), ...own } : own;
    const loading = loadingOf(config, cause);
    const busy = loading === 'container' ? this.element : loading === 'self' ? origin : null;
    if (busy?.getAttribute('aria-busy') === 'true') return;
    setBusy(busy, true);
    try {
      await this.onAction({ type: config.type, payload: withValues(config.payload, values) }, config);
    } finally {
      setBusy(busy, false);
    }
  }
}

/**
 * A component without its children, to compare.
 * @param {Component} component
 */
function ownOf(component) {
  return JSON.stringify({ ...component, children: undefined });
}

/**
 * @param {Component} component
 * @returns {string[]}
 */
function labelsIn(component) {
  const own = component.type === 'Label' ? [component.fieldName] : [];
  return [...own, ...childrenOf(component).flatMap(labelsIn)];
}

/**
 * The words in a component: the name of the row that it makes up.
 * @param {Component} component
 * @returns {string}
 */
function textIn(component) {
  const own = 'value' in component ? String(component.value) : 'label' in component ? String(component.label) : '';
  return [own, ...childrenOf(component).map(textIn)].filter(Boolean).join(' ');
}
