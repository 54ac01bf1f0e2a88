// What changes a conversation itself: its names, attributes, timers and state.
import { h } from '../dom.js';
import { post } from '../api.js';
import { confirm, formDialog, toast } from '../ui.js';

const same = ''; // leaves a timer as it is
const other = 'other';
const durations = [
  [same, 'As it is'], ['PT0S', 'Never'], ['PT1H', 'After 1 hour'], ['PT4H', 'After 4 hours'], ['P1D', 'After 1 day'],
  ['P7D', 'After 7 days'], ['P30D', 'After 30 days'], [other, 'Another time…'],
];

/** An error that a field of a form is about, by the code that the field names. */
const wrong = (code, message) => Object.assign(new Error(message), { code });

/** Changes the names; returns the conversation, or undefined. */
export function editNames(path, { friendly_name: name, unique_name: unique }) {
  const input = (value) => h('input', { class: 'input', autocomplete: 'off', spellcheck: 'false', value: value ?? '' });
  return formDialog({
    title: 'Names', action: 'Save',
    fields: [
      { name: 'FriendlyName', label: 'Name', hint: 'What you call it. Its people never see it.', control: input(name), codes: [50000, 50003] },
      { name: 'UniqueName', label: 'Unique name', hint: 'Optional: by which scripts find it, such as order-1048.', control: input(unique), codes: [50004, 50353, 50390] },
    ],
    submit: (form) => post(path, form),
  });
}

/** Changes the attributes, which are JSON; returns the conversation, or undefined. */
export function editAttributes(path, text) {
  const control = h('textarea', { class: 'textarea code-input', rows: '12', spellcheck: 'false', autocomplete: 'off', dir: 'ltr', value: text });
  return formDialog({
    title: 'Attributes', action: 'Save',
    fields: [{
      name: 'Attributes', label: 'JSON', hint: 'What your application wants to know of the conversation, up to 16 KB.', control, codes: ['json', 50303, 50304],
    }],
    submit: ({ Attributes }) => {
      const given = Attributes || '{}';
      try {
        JSON.parse(given);
      } catch (error) {
        throw wrong('json', `This is no JSON: ${error.message}.`);
      }
      return post(path, { Attributes: given });
    },
  });
}

/** Changes the timers; returns the conversation, or undefined. */
export function editTimers(path) {
  const timer = (name, label, hint, ...codes) => {
    const choice = h('select', { class: 'select' }, durations.map(([value, text]) => h('option', { value }, text)));
    return [
      { name, label, hint, control: choice },
      {
        name: `${name} other`, label: `${label}, another time`, required: true, codes, when: (values) => values[name] === other,
        hint: 'As ISO 8601 has it: PT90M is 90 minutes, P2DT12H two days and a half.',
      },
    ];
  };
  return formDialog({
    title: 'Timers', action: 'Save', intro: 'They count from the last message.',
    fields: [
      ...timer('Timers.Inactive', 'Becomes inactive', 'The next message makes it active again.', 50375, 50379),
      ...timer('Timers.Closed', 'Is closed', 'For good: nobody can write in it any more.', 50376, 50380),
    ],
    submit: (values) => {
      const form = {};
      for (const name of ['Timers.Inactive', 'Timers.Closed']) {
        const chosen = values[name] === other ? values[`${name} other`].toUpperCase() : values[name];
        if (chosen !== same) form[name] = chosen;
      }
      return post(path, form);
    },
  });
}

const questions = {
  closed: {
    title: 'Close this conversation?', action: 'Close it', danger: true, done: 'The conversation is closed.',
    text: 'It stays closed: nobody can write in it any more. What its people write from then on goes where your routing says.',
  },
  inactive: {
    title: 'Make this conversation inactive?', action: 'Make it inactive', done: 'The conversation is inactive.',
    text: 'It rests until somebody writes, which makes it active again. The timer for closing goes on.',
  },
};

/** Asks where that is due, and changes the state; true when it is changed. */
export async function changeState(path, state) {
  const question = questions[state];
  if (question && !await confirm(question)) return false;
  try {
    await post(path, { State: state });
    toast(question?.done ?? 'The conversation is active.');
    return true;
  } catch (error) {
    toast(error.message, 'bad');
    return false;
  }
}
