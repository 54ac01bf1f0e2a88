// One message as a bubble.
import { h, icon } from '../dom.js';
import { bodyNodes, size, time, timeElement } from '../format.js';
import { authorName, foreign, hue } from './people.js';
import { ticks } from './receipts.js';

const foldFrom = 1500; // characters of a body that are shown at first
const shownImages = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** A bubble. follows says that it goes with the one above. */
export function bubble(message, people, follows) {
  const theirs = foreign(message, people);
  const name = authorName(message, people);
  const label = h('bdi', { class: 'bubble-author', dir: 'auto' }, name);
  return h('li', {
    class: `bubble-row ${theirs ? 'theirs' : 'ours'} ${follows ? 'follows' : ''} ${hue(name)}`, dataset: { sid: message.sid }, id: message.sid,
  }, h('article', { class: 'bubble', 'aria-label': `${name}, ${time(message.date_created)}` },
    follows ? h('span', { class: 'visually-hidden' }, label) : label,
    (message.media ?? []).map((file) => media(message, file)),
    body(message.body ?? ''),
    h('footer', { class: 'bubble-foot' },
      message.date_updated !== message.date_created && edited(message) ? h('span', {}, 'edited') : null,
      timeElement(message.date_created, time), ticks(message, people))));
}

// Receipts change date_updated of no message, but editing does.
const edited = (message) => new Date(message.date_updated) - new Date(message.date_created) > 1000;

function body(text) {
  if (!text) return null;
  const chars = [...text];
  if (chars.length <= foldFrom) return h('p', { class: 'bubble-body', dir: 'auto' }, bodyNodes(text));
  const shown = h('p', { class: 'bubble-body', dir: 'auto' }, bodyNodes(`${chars.slice(0, foldFrom).join('')}…`));
  const more = h('button', {
    type: 'button', class: 'button quiet', 'aria-expanded': 'false',
    onclick: () => {
      shown.replaceChildren(...bodyNodes(text));
      more.remove();
    },
  }, `Show all of it (${size(new Blob([text]).size)})`);
  return [shown, more];
}

function media(message, file) {
  const source = `/v1/Services/${message.chat_service_sid}/Media/${file.sid}/Content`;
  const name = file.filename || 'file';
  const type = file.content_type || '';
  if (shownImages.includes(type)) {
    const image = h('img', { class: 'bubble-image', src: source, alt: name, loading: 'lazy', decoding: 'async' });
    const link = h('a', { href: source, target: '_blank', rel: 'noopener', class: 'bubble-media' }, image);
    image.addEventListener('error', () => link.replaceWith(attached(source, name, file)));
    return link;
  }
  if (type.startsWith('audio/')) return h('audio', { class: 'bubble-media', controls: true, preload: 'metadata', src: source, 'aria-label': name });
  if (type.startsWith('video/')) return h('video', { class: 'bubble-image', controls: true, preload: 'metadata', src: source, 'aria-label': name });
  return attached(source, name, file);
}

function attached(source, name, file) {
  return h('a', { class: 'bubble-file', href: source, download: name },
    icon('file'), h('span', {}, h('bdi', { dir: 'auto' }, name), h('small', {}, [file.content_type, file.size ? size(file.size) : null].filter(Boolean).join(', '))));
}
