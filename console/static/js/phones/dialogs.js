// What is asked before there is another phone, or another thread on one.
import { ApiError } from '../api.js';
import { h } from '../dom.js';
import { parseAddress } from '../format.js';
import { formDialog } from '../ui.js';
import { checked, freeNumbers, remember } from './book.js';

/** Adds a phone; returns its address, or undefined. taken are those that are there. */
export async function addPhone(taken, ours) {
  const types = [['sms', 'SMS and group texts'], ['whatsapp', 'WhatsApp']].filter(([type]) => ours.some((number) => parseAddress(number).channel === type));
  const free = freeNumbers(taken, 5);
  const suggested = h('datalist', { id: 'free-numbers' }, free.map((number) => h('option', { value: number })));
  document.body.append(suggested);
  const number = h('input', { class: 'input', type: 'tel', autocomplete: 'off', list: 'free-numbers' });
  number.value = free[0] ?? '';
  const added = await formDialog({
    title: 'Add a phone', action: 'Add', intro: 'It exists only in the simulator: nobody is called, and nothing costs anything.',
    fields: [
      { name: 'Type', label: 'It writes by', control: h('select', { class: 'select' }, types.map(([value, text]) => h('option', { value }, text))) },
      { name: 'Number', label: 'Its number', required: true, codes: [20001], control: number, hint: 'Any will do. Numbers with 555 belong to nobody; free ones are suggested.' },
      { name: 'Name', label: 'Whose it is', hint: 'Optional. Only you see it.' },
    ],
    submit: async ({ Type, Number, Name }) => {
      const address = await checked(Type, Number, ours);
      if (taken.has(address)) throw new ApiError('This phone is on the page already.', { code: 20001 });
      remember(address, { away: false, ...(Name ? { name: Name } : {}) });
      return address;
    },
  });
  suggested.remove();
  return added;
}

/** Asks to whom a phone writes; returns the addresses, or undefined. */
export function newMessage(address, ours) {
  const { channel } = parseAddress(address);
  const numbers = ours.filter((number) => parseAddress(number).channel === channel);
  return formDialog({
    title: 'New message', action: 'Write',
    fields: [
      {
        name: 'To', label: 'To', hint: 'A number of yours.',
        control: h('select', { class: 'select' }, numbers.map((number) => h('option', { value: number }, parseAddress(number).text))),
      },
      { name: 'Others', label: 'And to', when: () => channel === 'sms', codes: [20001], hint: 'Optional: more numbers, with commas between them. That makes it a group text.' },
    ],
    submit: async ({ To, Others }) => {
      const more = (Others ?? '').split(/[,;]/).map((text) => text.trim()).filter(Boolean);
      const people = new Set([To]);
      for (const text of more) {
        const number = text.replace(/[\s().-]/g, '');
        if (!/^\+[1-9]\d{6,14}$/.test(number)) throw new ApiError(`“${text}” is no number with its country code, such as +15550200001.`, { code: 20001 });
        if (number === address) throw new ApiError('This phone’s own number need not be among them.', { code: 20001 });
        people.add(number);
      }
      if (people.size > 10) throw new ApiError('A group text goes to ten people at most.', { code: 20001 });
      return [...people];
    },
  });
}
