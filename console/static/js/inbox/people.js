// Who takes part in a conversation, as operators see them.
import { h } from '../dom.js';
import { channelName, parseAddress } from '../format.js';
import { badge } from '../ui.js';

/** Whether a participant is reached through a carrier. */
export const native = (person) => Boolean(person.messaging_binding?.address);

/** Whether a participant is a member of a group text. */
export const grouped = (person) => Boolean(person.messaging_binding) && !person.messaging_binding.proxy_address;

/** What one participant is called: the name in its attributes, its identity or number. */
export function personName(person) {
  const given = attributes(person);
  for (const name of [given.name, given.display_name, given.friendly_name, person.identity]) {
    if (typeof name === 'string' && name.trim()) return name;
  }
  const binding = person.messaging_binding ?? {};
  return parseAddress(binding.address || binding.projected_address || person.sid).text;
}

export function attributes(resource) {
  try {
    const value = JSON.parse(resource.attributes || '{}');
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

/** How a participant takes part: sms, whatsapp, group or chat. */
export function personChannel(person) {
  if (grouped(person)) return 'group';
  return native(person) ? parseAddress(person.messaging_binding.address).channel : 'chat';
}

/** The channels of a conversation, each once. */
export const channels = (people) => [...new Set(people.map(personChannel))];

/** What a conversation is called. */
export function title({ conversation, participants }) {
  if (conversation.friendly_name) return conversation.friendly_name;
  if (conversation.unique_name) return conversation.unique_name;
  const people = participants.filter(native);
  const names = (people.length ? people : participants).map(personName);
  return names.length ? names.join(', ') : 'Nobody yet';
}

/** The participant that wrote a message; undefined where none of those here did. */
export const authorOf = (message, people) => people.find((person) => person.sid === message.participant_sid)
  ?? people.find((person) => person.identity !== null && person.identity === message.author)
  ?? people.find((person) => [person.messaging_binding?.address, person.messaging_binding?.projected_address].includes(message.author));

/** Whether a message came from outside, and not from one of ours. */
export function foreign(message, people) {
  const author = authorOf(message, people);
  return author ? native(author) : /^(whatsapp:)?\+\d+$/.test(message.author);
}

export const authorName = (message, people) => {
  const author = authorOf(message, people);
  return author ? personName(author) : parseAddress(message.author).text;
};

/** A colour of eight for a name, always the same. */
export function hue(name) {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)) % 9973;
  return `hue-${sum % 8}`;
}

/** A disc with initials, or with the last two digits of a number. */
export function avatar(name, size = '') {
  const letters = name.match(/\p{L}/gu) ? name.split(/[\s,._-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word)).slice(0, 2).map((word) => [...word][0]).join('')
    : name.replace(/\D/g, '').slice(-2);
  return h('span', { class: `avatar ${size} ${hue(name)}`, 'aria-hidden': 'true' }, letters.toLocaleUpperCase() || '?');
}

/** The badge of a channel. */
export const channelBadge = (channel) => badge(channelName(channel), { whatsapp: 'good', sms: 'info' }[channel] ?? '');
