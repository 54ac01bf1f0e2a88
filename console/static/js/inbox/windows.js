// WhatsApp's windows: until when each person may be sent free text.
import { each } from '../api.js';
import { h, icon } from '../dom.js';
import { fromNow, moment } from '../format.js';
import { personChannel, personName } from './people.js';

const soon = 4 * 3600 * 1000; // a window that closes within it is told in the composer

/** Reads the windows of a conversation, by SID of the participant. */
export async function readWindows(conversation, people) {
  const found = new Map();
  if (!people.some((person) => personChannel(person) === 'whatsapp')) return found;
  for await (const one of each('/bridged/v1/windows', { ConversationSid: conversation, PageSize: 100 }, 'windows')) found.set(one.participant_sid, one);
  return found;
}

/** Whether a window is open now, by the clock of the browser. */
export const isOpen = (window) => new Date(window.open_until) > Date.now();

/**
 * What somebody who writes should know of the windows; null where all are open for
 * long. template is called when a template is asked for.
 */
export function windowNotice(windows, people, template) {
  const known = people.filter((person) => windows.has(person.sid));
  const names = (list) => h('bdi', {}, list.map(personName).join(', '));
  const closed = known.filter((person) => !isOpen(windows.get(person.sid)));
  if (closed.length) {
    return h('div', { class: 'notice warn window-notice' }, icon('clock', 'small'),
      h('span', {}, 'The WhatsApp window of ', names(closed), ' is closed: only an approved template gets through.'),
      h('button', { type: 'button', class: 'button quiet', onclick: template }, 'Choose a template'));
  }
  const silent = people.filter((person) => personChannel(person) === 'whatsapp' && !windows.has(person.sid));
  if (silent.length) {
    return h('div', { class: 'notice window-notice' }, icon('clock', 'small'),
      h('span', {}, names(silent), ' has not written yet: WhatsApp may take only an approved template.'),
      h('button', { type: 'button', class: 'button quiet', onclick: template }, 'Choose a template'));
  }
  const until = Math.min(...known.map((person) => new Date(windows.get(person.sid).open_until)));
  if (!known.length || until - Date.now() > soon) return null;
  const at = new Date(until).toISOString();
  return h('div', { class: 'notice window-notice', title: moment(at) }, icon('clock', 'small'), h('span', {}, `The WhatsApp window closes ${fromNow(at)}.`));
}
