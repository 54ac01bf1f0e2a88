// Ticks: how far a message has come, and to whom.
import { fill, h, icon } from '../dom.js';
import { each, get } from '../api.js';
import { addressElement, channelName, errorName, parseAddress, plural, timeElement, moment } from '../format.js';
import { badge, popover } from '../ui.js';
import { personChannel, personName } from './people.js';

/** What a summary of deliveries comes to: its state, and a sentence. */
export function progress(delivery) {
  const { total } = delivery;
  const to = total === 1 ? '' : ` to all ${total}`;
  const failed = delivery.failed !== 'none' || delivery.undelivered !== 'none';
  if (failed) {
    const all = delivery.failed === 'all' || delivery.undelivered === 'all';
    return { state: 'failed', icon: 'alert', text: all ? 'Not delivered' : `Not delivered to all ${total}` };
  }
  if (delivery.read === 'all') return { state: 'read', icon: 'ticks', text: `Read${total === 1 ? '' : ` by all ${total}`}` };
  if (delivery.delivered === 'all') return { state: 'delivered', icon: 'ticks', text: `Delivered${to}` };
  if (delivery.sent === 'all') return { state: 'sent', icon: 'tick', text: `Sent${to}` };
  return { state: 'waiting', icon: 'clock', text: `Waiting${total > 1 ? `, ${total} receivers` : ''}` };
}

/** The ticks of a message; null where it went to nobody outside. */
export function ticks(message, people) {
  if (!message.delivery?.total) return null;
  const shown = progress(message.delivery);
  const button = h('button', {
    type: 'button', class: 'ticks', dataset: { state: shown.state }, 'aria-label': `${shown.text}. Show the receivers.`,
  }, icon(shown.icon, 'small'), shown.state === 'failed' ? h('span', {}, shown.text) : null);
  popover(button, (box) => showReceivers(box, message, people));
  return button;
}

const kinds = { read: 'info', delivered: 'good', sent: '', failed: 'bad', undelivered: 'bad' };

async function showReceivers(box, message, people) {
  fill(box, h('p', { class: 'muted', role: 'status' }, 'Asking…'));
  try {
    const receipts = [];
    const path = `/v1/Services/${message.chat_service_sid}/Conversations/${message.conversation_sid}/Messages/${message.sid}/Receipts`;
    for await (const receipt of each(path, { PageSize: 50 }, 'delivery_receipts')) receipts.push(receipt);
    fill(box, h('h3', {}, plural(receipts.length, 'receiver', 'receivers')),
      h('ul', { class: 'receivers' }, receipts.map((receipt) => receiver(receipt, people))));
  } catch (error) {
    fill(box, h('p', { class: 'notice bad' }, error.message));
  }
}

function receiver(receipt, people) {
  const person = people.find((one) => one.sid === receipt.participant_sid);
  const status = receipt.status ?? 'waiting';
  const row = h('li', {},
    h('div', { class: 'receiver-head' }, h('strong', {}, h('bdi', {}, person ? personName(person) : 'Somebody who left')), badge(status, kinds[status] ?? 'warn')),
    person?.messaging_binding?.address ? h('div', { class: 'muted' }, where(person)) : null,
    h('div', { class: 'muted' }, timeElement(receipt.date_updated, moment)));
  if (receipt.error_code) row.append(reason(receipt));
  return row;
}

// The address, unless that is what the person is called.
function where(person) {
  const { address } = person.messaging_binding;
  return parseAddress(address).text === personName(person) ? channelName(personChannel(person)) : addressElement(address, { channel: true });
}

// The name of the code at once, the carrier's own words when they are there.
function reason(receipt) {
  const words = h('p', { class: 'receiver-reason' }, `Error ${receipt.error_code}`);
  errorName(receipt.error_code).then((name) => {
    words.prepend(h('strong', {}, name), ' ');
  });
  get(`/bridged/v1/deliveries/${receipt.sid}`).then((delivery) => {
    const said = delivery.reason || delivery.attempts?.findLast((one) => one.carrier_message)?.carrier_message
      || delivery.status_reports?.findLast((one) => one.carrier_message)?.carrier_message;
    if (said) words.after(h('p', { class: 'muted', dir: 'auto' }, said));
  }).catch(() => null); // the code says enough
  return words;
}
