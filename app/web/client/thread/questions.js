/** Questions that an answer asks back: a form, and then what was answered. */

import { h } from '../ui/dom.js';
import { t } from '../words.js';
import { messageRow } from './message-row.js';
import { submissionOf } from './submission.js';

/**
 * @typedef {import('../protocol/chatkit').StructuredInputItem} Questions
 * @typedef {import('../protocol/chatkit').StructuredInput} Question
 * @typedef {import('./submission.js').Submission} Submission
 */

/**
 * @param {Questions} first
 * @param {import('./item-view.js').ItemActions} actions
 * @returns {import('./item-view.js').ItemView}
 */
export function questions(first, actions) {
  const element = messageRow('assistant', first, t('answer.by'));
  const body = h('div', { class: 'questions' });
  element.append(body);
  let shown = '';
  /** @param {import('./thread-state.js').Item} item */
  const update = (item) => {
    if (item.type !== 'structured_input' || item.status === shown) return;
    shown = item.status;
    body.replaceChildren(item.status === 'pending' ? form(item, actions) : answers(item));
  };
  update(first);
  return { element, update };
}

/**
 * @param {Questions} item
 * @param {import('./item-view.js').ItemActions} actions
 */
function form(item, actions) {
  const fields = item.inputs.map((question) => field(question, `${item.id}-${question.id}`));
  /** @param {Submission} submission */
  const submit = async (submission) => {
    element.inert = true;
    element.setAttribute('aria-busy', 'true');
    try {
      await actions.answerQuestions(item, submission);
    } finally {
      element.inert = false;
      element.removeAttribute('aria-busy');
    }
  };
  /** @type {HTMLFormElement} */
  const element = h('form', { class: 'questions-form', 'aria-label': t('questions'), on: {
    submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      void submit(submissionOf(Object.fromEntries(fields.map(({ id, read }) => [id, read()]))));
    },
  } },
    ...fields.map(({ element }) => element),
    h('div', { class: 'questions-foot' },
      h('button', {
        type: 'button', class: 'button', text: t('questions.skip'),
        on: { click: () => void submit({ status: 'skipped', answers: {} }) },
      }),
      h('button', { class: 'button button-primary', text: t('questions.send') })));
  return element;
}

/**
 * @param {Question} question
 * @param {string} name
 */
function field(question, name) {
  if (question.type === 'freeform') {
    const area = h('textarea', { class: 'text-input', rows: 3, dir: 'auto', id: name, 'aria-describedby': question.description && `${name}-about` });
    const element = h('div', { class: 'question' },
      h('label', { for: name, dir: 'auto', text: question.question }),
      question.description && h('p', { class: 'question-about', id: `${name}-about`, dir: 'auto', text: question.description }),
      area);
    return { id: question.id, element, read: () => [area.value] };
  }
  const { multiple } = question;
  const boxes = question.options.map(({ value }) => h('input', { type: multiple ? 'checkbox' : 'radio', name, value }));
  const other = h('input', { class: 'text-input', type: 'text', dir: 'auto', placeholder: t('questions.other'), 'aria-label': t('questions.other') });
  if (!multiple) {
    other.addEventListener('input', () => {
      for (const box of boxes) if (other.value) box.checked = false;
    });
    for (const box of boxes) box.addEventListener('change', () => (other.value = ''));
  }
  const element = h('fieldset', { class: 'question' },
    h('legend', { dir: 'auto', text: question.question }),
    ...boxes.map((box) => h('label', { class: 'widget-choice' }, box, h('span', { dir: 'auto', text: box.value }))),
    other);
  return { id: question.id, element, read: () => [...boxes.filter(({ checked }) => checked).map(({ value }) => value), other.value] };
}

/** @param {Questions} item */
function answers({ inputs }) {
  return h('dl', { class: 'questions-answered' }, ...inputs.flatMap(({ question, answer }) => [
    h('dt', { dir: 'auto', text: question }),
    h('dd', { dir: 'auto', text: answer && !answer.skipped ? answer.values.join(', ') : t('questions.skipped') }),
  ]));
}
