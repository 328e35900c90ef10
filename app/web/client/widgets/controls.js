/** Draws the components that a person works: buttons and the fields of forms. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { styleText } from './display.js';
import { widgetIcon } from './icons.js';

/**
 * @template {import('../protocol/chatkit').WidgetComponent['type']} T
 * @typedef {import('./display.js').Component<T>} Component
 */
/**
 * @typedef {import('../protocol/chatkit').ActionConfig} ActionConfig
 *
 * What a control has to know of the widget it is in.
 * @typedef {object} Scope
 * @property {(name: string) => string} fieldId
 * @property {(name: string) => string | undefined} labelId  Of the `Label` that describes a field, if there is one.
 * @property {(action: ActionConfig, cause: import('./widget-tree.js').Cause, origin: HTMLElement,
 *   values?: import('./widget-tree.js').FormValues) => Promise<void>} act
 */

/**
 * @param {Component<'Button'>} widget
 * @param {Scope} scope
 */
export function renderButton(widget, { act }) {
  const { label, iconStart, iconEnd, onClickAction, submit } = widget;
  const color = widget.color ?? (widget.style === 'primary' ? 'primary' : 'secondary');
  const variant = widget.variant ?? (color === 'secondary' ? 'outline' : 'solid');
  /** @type {HTMLButtonElement} */
  const button = h('button', {
    type: submit ? 'submit' : 'button', class: 'widget-button', disabled: widget.disabled,
    'aria-label': label ? null : (iconStart ?? iconEnd ?? t('widget.button')).replaceAll('-', ' '),
    dataset: { tone: color, variant, size: widget.size ?? 'md', ...(widget.iconSize ? { iconSize: widget.iconSize } : {}) },
    on: { click: () => onClickAction && void act(onClickAction, 'click', button) },
  }, iconStart && widgetIcon(iconStart), label && h('span', { dir: 'auto', text: label }), iconEnd && widgetIcon(iconEnd));
  button.classList.toggle('is-pill', widget.pill !== false);
  button.classList.toggle('is-uniform', Boolean(widget.uniform));
  button.classList.toggle('is-block', Boolean(widget.block));
  return button;
}

/**
 * @param {Component<'Input'>} widget
 * @param {Scope} scope
 */
export function renderInput(widget, scope) {
  const input = h('input', {
    ...fieldProps(widget, scope), type: widget.inputType ?? 'text', value: widget.defaultValue, pattern: widget.pattern,
  });
  return readied(input, widget);
}

/**
 * @param {Component<'Textarea'>} widget
 * @param {Scope} scope
 */
export function renderTextarea(widget, scope) {
  const area = h('textarea', { ...fieldProps(widget, scope), rows: widget.rows ?? 3, text: widget.defaultValue ?? '' });
  area.classList.toggle('is-growing', Boolean(widget.autoResize));
  if (widget.maxRows) area.style.maxHeight = `calc(${Number(widget.maxRows)}lh + 1.2rem)`;
  if (widget.pattern) holdToPattern(area, widget.pattern);
  return readied(area, widget);
}

/**
 * A text that can be written over, in its place.
 * @param {Component<'Text'> & {editable: import('../protocol/chatkit').EditableProps}} widget
 * @param {Scope} scope
 */
export function renderEditableText(widget, scope) {
  const { editable } = widget;
  const input = h('input', {
    ...fieldProps(editable, scope), type: 'text', value: widget.value, pattern: editable.pattern,
    autocomplete: editable.autoComplete ?? 'off',
  });
  input.classList.add('is-inline');
  styleText(input, widget);
  return readied(input, editable);
}

/**
 * @param {Component<'Select'>} widget
 * @param {Scope} scope
 */
export function renderSelect(widget, scope) {
  const { options, defaultValue, placeholder, clearable, onChangeAction } = widget;
  /** @type {HTMLSelectElement} */
  const select = h('select', {
    ...fieldProps(widget, scope), placeholder: null,
    on: { change: () => onChangeAction && void scope.act(onChangeAction, 'change', select, { [widget.name]: select.value || null }) },
  },
    (placeholder !== undefined || clearable || defaultValue === undefined) &&
      h('option', { value: '', disabled: !clearable, hidden: !clearable, selected: true, text: placeholder ?? t('widget.choose') }),
    ...options.map(({ value, label, disabled, description }) =>
      h('option', { value, disabled, selected: value === defaultValue, text: description ? `${label} – ${description}` : label })));
  select.classList.toggle('is-block', Boolean(widget.block));
  return select;
}

/**
 * @param {Component<'DatePicker'>} widget
 * @param {Scope} scope
 */
export function renderDatePicker(widget, scope) {
  const { onChangeAction } = widget;
  /** @type {HTMLInputElement} */
  const input = h('input', {
    ...fieldProps(widget, scope), type: 'date', value: dayOf(widget.defaultValue), min: dayOf(widget.min), max: dayOf(widget.max),
    required: widget.clearable === false,
    on: { change: () => onChangeAction && void scope.act(onChangeAction, 'change', input, { [widget.name]: input.value || null }) },
  });
  return input;
}

/**
 * @param {Component<'Checkbox'>} widget
 * @param {Scope} scope
 */
export function renderCheckbox(widget, scope) {
  const { name, label, defaultChecked, disabled, required, onChangeAction } = widget;
  /** @type {HTMLInputElement} */
  const box = h('input', {
    type: 'checkbox', name, id: scope.fieldId(name), checked: defaultChecked, disabled, required,
    'aria-label': label || scope.labelId(name) ? null : name,
    on: { change: () => onChangeAction && void scope.act(onChangeAction, 'change', box, { [name]: box.checked }) },
  });
  return label ? h('label', { class: 'widget-choice' }, box, h('span', { dir: 'auto', text: label })) : box;
}

/**
 * @param {Component<'RadioGroup'>} widget
 * @param {Scope} scope
 */
export function renderRadioGroup(widget, scope) {
  const { name, options = [], ariaLabel, defaultValue, direction = 'col', disabled, required, onChangeAction } = widget;
  const labelledBy = ariaLabel ? undefined : scope.labelId(name);
  /** @type {HTMLElement} */
  const group = h('div', {
    class: `widget-radios widget-${direction}`, role: 'radiogroup', id: scope.fieldId(name),
    'aria-labelledby': labelledBy, 'aria-label': labelledBy ? null : (ariaLabel ?? name),
  }, ...options.map((option) => h('label', { class: 'widget-choice' },
    h('input', {
      type: 'radio', name, value: option.value, checked: option.value === defaultValue, disabled: disabled || option.disabled, required,
      on: { change: () => onChangeAction && void scope.act(onChangeAction, 'change', group, { [name]: option.value }) },
    }),
    h('span', { dir: 'auto', text: option.label }))));
  return group;
}

/**
 * @param {Component<'Label'>} widget
 * @param {Scope} scope
 */
export function renderLabel(widget, scope) {
  const label = h('label', {
    class: 'widget-label', for: scope.fieldId(widget.fieldName), id: scope.labelId(widget.fieldName), dir: 'auto',
    text: widget.value, dataset: widget.size ? { size: widget.size } : {},
  });
  styleText(label, widget);
  return label;
}

/**
 * The values of the named fields of a form.
 * @param {HTMLFormElement} form
 */
export function valuesOf(form) {
  /** @type {import('./widget-tree.js').FormValues} */
  const values = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement)) continue;
    if (!field.name || field.disabled) continue;
    if (field instanceof HTMLInputElement && field.type === 'checkbox') values[field.name] = field.checked;
    else if (!(field instanceof HTMLInputElement) || field.type !== 'radio') values[field.name] = field.value;
    else if (field.checked || !(field.name in values)) values[field.name] = field.checked ? field.value : null;
  }
  return values;
}

/**
 * @param {{name: string, placeholder?: string, required?: boolean, disabled?: boolean, size?: string,
 *   allowAutofillExtensions?: boolean}} widget
 * @param {Scope} scope
 */
function fieldProps({ name, placeholder, required, disabled, size = 'md' }, { fieldId, labelId }) {
  return {
    class: 'widget-field', name, id: fieldId(name), placeholder, required, disabled, dir: 'auto', autocomplete: 'off',
    'aria-label': labelId(name) ? null : placeholder || name, dataset: { size },
  };
}

/**
 * @template {HTMLInputElement | HTMLTextAreaElement} F
 * @param {F} field
 * @param {{autoFocus?: boolean, autoSelect?: boolean}} widget
 */
function readied(field, { autoFocus, autoSelect }) {
  if (autoSelect) field.addEventListener('focus', () => field.select());
  if (autoFocus) requestAnimationFrame(() => field.focus()); // once it is in the page
  return field;
}

/**
 * Text areas have no `pattern` of their own.
 * @param {HTMLTextAreaElement} area
 * @param {string} pattern
 */
function holdToPattern(area, pattern) {
  const expression = new RegExp(`^(?:${pattern})$`, 'v');
  const check = () => area.setCustomValidity(area.value && !expression.test(area.value) ? t('widget.pattern') : '');
  area.addEventListener('input', check);
  check();
}

/** @param {string | undefined} time  ISO 8601. */
function dayOf(time) {
  return time?.slice(0, 10);
}
