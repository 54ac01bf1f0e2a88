// The bubbles of a thread, as the phone's own program draws them.
import { h, icon } from '../dom.js';
import { bodyNodes, day, parseAddress, time, timeElement } from '../format.js';
import { hue } from '../inbox/people.js';

const here = ['/bridged/v1/media/', '/bridged/v1/simulator/media/'];

/**
 * The rows of a thread. tap(message, choice) answers one that offers something;
 * group says that its writers are named.
 */
export function bubbles(rows, thread, { whatsapp, group, tap }) {
  const list = [];
  const answered = new Set(thread.messages.map((message) => message.reply_to).filter(Boolean));
  const lastSent = thread.messages.findLast((message) => message.direction === 'sent');
  let before = null;
  for (const message of thread.messages) {
    if (!before || day(before.at) !== day(message.at)) {
      list.push(rows.row(`day ${message.at.slice(0, 10)}`, day(message.at), () => h('li', { class: 'phone-day' }, h('span', {}, day(message.at)))));
      before = null;
    }
    const follows = before?.direction === message.direction && before.from === message.from;
    const shown = { whatsapp, group, follows, answered: answered.has(message.id), last: message === lastSent };
    list.push(rows.row(`${message.direction} ${message.id}`, [message, shown], () => bubble(message, shown, tap)));
    before = message;
  }
  return list;
}

function bubble(message, { whatsapp, group, follows, answered, last }, tap) {
  const own = message.direction === 'sent';
  const author = parseAddress(message.from).text;
  return h('li', { class: `said ${own ? 'own' : 'other'} ${follows ? 'follows' : ''} ${hue(author)}`, dataset: { direction: message.direction } },
    h('div', { class: 'said-bubble' },
      h('span', { class: group && !own && !follows ? 'said-author' : 'visually-hidden' }, h('bdi', { dir: 'ltr' }, own ? 'You' : author)),
      message.media.map(photo),
      message.body ? h('p', { class: 'said-body', dir: 'auto' }, bodyNodes(message.body)) : null,
      whatsapp ? h('span', { class: 'said-foot' }, timeElement(message.at, time), own ? carried() : null) : null,
      message.choices ? choices(message, answered, tap) : null),
    !whatsapp && own && last ? h('span', { class: 'said-state' }, h('span', { class: 'visually-hidden' }, 'The last one: '), `Sent ${time(message.at)}`) : null);
}

// The carrier has it, and hands it to bridged before it says so.
const carried = () => h('span', { class: 'said-ticks', role: 'img', 'aria-label': 'Delivered' }, icon('ticks', 'small'));

function photo(address) {
  const { pathname, search } = new URL(address, location.href);
  if (!here.some((prefix) => pathname.startsWith(prefix))) {
    return h('a', { class: 'said-file', href: address, target: '_blank', rel: 'noopener noreferrer' }, icon('file', 'small'), h('bdi', {}, 'A file elsewhere'));
  }
  const source = pathname + search; // the console may be open under another name
  const image = h('img', { class: 'said-photo', src: source, alt: 'Photo', decoding: 'async' });
  const link = h('a', { class: 'said-media', href: source, target: '_blank', rel: 'noopener' }, image);
  image.addEventListener('error', () => link.replaceWith(h('a', { class: 'said-file', href: source, download: '' }, icon('file', 'small'), 'A file')));
  return link;
}

function choices(message, answered, tap) {
  return h('div', { class: 'said-choices', role: 'group', 'aria-label': message.list || 'Answers' },
    message.list ? h('span', { class: 'said-list' }, icon('list', 'small'), message.list) : null,
    message.choices.map((choice) => h('button', { type: 'button', disabled: answered, onclick: () => tap(message, choice) },
      h('bdi', { dir: 'auto' }, choice.title), choice.description ? h('small', { dir: 'auto' }, choice.description) : null)));
}
