// "Try it": makes a masked conversation, a group text and a number that makes
// conversations by itself, on the simulator, as a script would. What is there already
// is found, so that a second time changes nothing.
import { ApiError, each, get, post } from './api.js';
import { fill, h, icon } from './dom.js';
import { recall } from './prefs.js';
import { entries, ownNumbers, remember } from './phones/book.js';

const people = {
  ada: { address: 'whatsapp:+15550200101', name: 'Ada' },
  ben: { address: '+15550200102', name: 'Ben' },
  cleo: { address: '+15550200103', name: 'Cleo' },
  dan: { address: '+15550200104', name: 'Dan' },
  eve: { address: '+15550200105', name: 'Eve' },
  finn: { address: '+15550200106', name: 'Finn' },
};
const mostTimes = 20; // conversations that were tried and closed

/** Whether this browser has its phones. */
export const tried = () => {
  const here = new Set(entries().filter((entry) => !entry.away).map((entry) => entry.address));
  return Object.values(people).every((person) => here.has(person.address));
};

const steps = [
  ['A masked conversation between WhatsApp and SMS', masked],
  ['A group text of three phones and a number of yours', group],
  ['A number that makes a conversation when somebody new writes', autocreating],
];

/** The button, and beneath it how far it has come. done is called when all is there. */
export function tryPanel(done) {
  const states = steps.map(([text]) => h('li', {}, h('span', { class: 'try-mark' }), text));
  const list = h('ul', { class: 'try-steps' }, states);
  const wrong = h('p', { class: 'notice bad', role: 'alert', hidden: true });
  const button = h('button', { type: 'button', class: 'button primary', onclick: start }, 'Try it');
  const mark = (place, ...shown) => fill(states[place].firstChild, shown);
  steps.forEach((_, place) => mark(place, h('span', { class: 'try-dot' })));

  async function start() {
    button.disabled = true;
    wrong.hidden = true;
    let place = 0;
    try {
      const numbers = await chooseNumbers();
      for (; place < steps.length; place++) {
        mark(place, h('span', { class: 'spinner', role: 'status', 'aria-label': 'At work' }));
        await steps[place][1](numbers);
        mark(place, icon('tick', 'small'));
      }
      introduce(numbers);
      await done();
    } catch (error) {
      mark(place, icon('alert', 'small'));
      wrong.textContent = `${error.message} What is there already stays: try again.`;
      wrong.hidden = false;
    } finally {
      button.disabled = false;
    }
  }
  const element = h('div', { class: 'try' }, list, wrong, button);
  element.start = start;
  return element;
}

async function chooseNumbers() {
  const all = await ownNumbers();
  const sms = all.filter((number) => number.startsWith('+1'));
  const whatsapp = all.find((number) => number.startsWith('whatsapp:'));
  if (!whatsapp || sms.length < 2) {
    throw new ApiError('It takes one simulated WhatsApp number and two simulated SMS numbers that begin with +1, as there are without a configuration file.');
  }
  return { whatsapp, masked: sms[0], group: sms[1], autocreating: sms[2] ?? sms[1] };
}

async function masked({ whatsapp, masked: sms }) {
  const conversation = await converse('try-masked', 'Try it: masked');
  await join(conversation, people.ada, { 'MessagingBinding.Address': people.ada.address, 'MessagingBinding.ProxyAddress': whatsapp });
  await join(conversation, people.ben, { 'MessagingBinding.Address': people.ben.address, 'MessagingBinding.ProxyAddress': sms });
}

// As page 37 of the reference has it: ours is there by a chat identity.
async function group({ group: number }) {
  const conversation = await converse('try-group', 'Try it: group text');
  await join(conversation, null, { Identity: recall('identity', 'operator'), 'MessagingBinding.ProjectedAddress': number });
  for (const person of [people.cleo, people.dan, people.eve]) await join(conversation, person, { 'MessagingBinding.Address': person.address });
}

async function autocreating({ autocreating: number }) {
  const path = '/v1/Configuration/Addresses';
  const there = await found(() => get(`${path}/${encodeURIComponent(number)}`));
  if (there?.auto_creation?.enabled) return;
  const form = { 'AutoCreation.Enabled': true, 'AutoCreation.Type': 'default' };
  if (there) await post(`${path}/${there.sid}`, form);
  else await post(path, { Type: 'sms', Address: number, FriendlyName: 'Try it: makes conversations', ...form });
}

// The conversation with a unique name. One that was closed stays so: another follows.
async function converse(name, friendly) {
  for (let n = 1; n <= mostTimes; n++) {
    const unique = n === 1 ? name : `${name}-${n}`;
    const there = await found(() => get(`/v1/Conversations/${unique}`));
    if (!there) return post('/v1/Conversations', { UniqueName: unique, FriendlyName: friendly });
    if (there.state !== 'closed') return there;
  }
  throw new ApiError(`There are ${mostTimes} closed conversations of this kind: remove some.`);
}

// Adds somebody who is not there yet.
async function join(conversation, person, form) {
  const path = `/v1/Conversations/${conversation.sid}/Participants`;
  const own = form['MessagingBinding.Address'] ?? form['MessagingBinding.ProjectedAddress'];
  for await (const { messaging_binding: binding } of each(path, { PageSize: 100 }, 'participants')) {
    if ([binding?.address, binding?.projected_address].includes(own)) return;
  }
  await post(path, { ...form, Attributes: person ? JSON.stringify({ name: person.name }) : null });
}

// What is not there is null.
async function found(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

// The phones, each with the thread in which to begin.
function introduce({ whatsapp, masked: sms, group: number, autocreating: fresh }) {
  const { ada, ben, cleo, dan, eve, finn } = people;
  const add = (person, about, to) => remember(person.address, { name: person.name, about, to, away: false });
  add(ada, 'Writes to Ben, whose number she never sees', [whatsapp]);
  add(ben, 'Has Ada’s messages as texts', [sms]);
  const group = [cleo, dan, eve];
  for (const person of group) {
    const rest = group.filter((other) => other !== person);
    add(person, `In a group text with ${rest.map((other) => other.name).join(' and ')}`, [...rest.map((other) => other.address), number]);
  }
  add(finn, 'New here: writing makes a conversation', [fresh]);
}
