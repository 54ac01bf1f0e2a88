// What is known of a conversation beside its messages: who is in it and by which
// addresses, its state and timers, its attributes.
import { fill, h, icon } from '../dom.js';
import { addressElement, fromNow, moment, timeElement } from '../format.js';
import { badge, copyButton, iconButton, toast } from '../ui.js';
import { addParticipant, removeParticipant } from './dialogs.js';
import { avatar, channelBadge, personChannel, personName } from './people.js';
import { changeState, editAttributes, editNames, editTimers } from './settings.js';
import { isOpen } from './windows.js';

const states = { active: 'good', inactive: 'warn', closed: '', initializing: 'info' };

/** The panel. close hides it; changed is called after each change that it made. */
export class Panel {
  #shown = '';

  constructor(close, changed) {
    this.changed = changed;
    this.content = h('div', { class: 'panel-content' });
    this.element = h('aside', { class: 'panel', 'aria-label': 'About the conversation', id: 'panel' },
      h('header', { class: 'panel-head' }, h('h2', {}, 'About'), iconButton('close', 'Close', { onclick: close })), this.content);
  }

  /** Shows a conversation; nothing happens where nothing has changed. */
  show({ conversation, people, windows }) {
    const minute = Math.floor(Date.now() / 60000); // of the times that are told from now on
    const from = JSON.stringify([conversation, people, [...windows], minute]);
    if (from === this.#shown) return;
    this.#shown = from;
    Object.assign(this, { conversation, people, windows });
    this.#draw();
  }

  #draw() {
    const focused = this.element.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
    fill(this.content, this.#state(), this.#participants(), this.#attributes(), this.#names());
    if (focused) this.element.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  // A part with its name and, while the conversation can be changed, a button for that.
  #part(name, action, ...content) {
    return h('section', { class: 'panel-part' }, h('div', { class: 'panel-row' }, h('h3', {}, name), action?.mark,
      action && this.conversation.state !== 'closed' ? h('button', {
        type: 'button', class: 'button quiet', 'aria-label': action.label, onclick: () => this.#change(action.work),
      }, icon(action.icon ?? 'edit', 'small'), action.text ?? 'Edit') : null), content);
  }

  async #change(work) {
    if (await work()) this.changed();
  }

  #state() {
    const { state, timers } = this.conversation;
    const timer = (name, at) => (at ? [h('dt', {}, name), h('dd', {}, timeElement(at, moment), ' ', h('span', { class: 'muted' }, `(${fromNow(at)})`))] : null);
    const to = (next, text) => h('button', { type: 'button', class: 'button', onclick: () => this.#change(() => changeState(this.#path, next)) }, text);
    return this.#part('State', { label: 'Edit the timers', text: 'Timers', icon: 'clock', mark: badge(state, states[state] ?? ''), work: () => editTimers(this.#path) },
      timers?.date_inactive || timers?.date_closed ? h('dl', { class: 'facts' }, timer('Inactive', timers.date_inactive), timer('Closed', timers.date_closed))
        : state === 'closed' ? null : h('p', { class: 'muted' }, 'No timer runs.'),
      state === 'closed' ? null : h('div', { class: 'panel-actions' }, state === 'inactive' ? to('active', 'Make active') : to('inactive', 'Make inactive'), to('closed', 'Close')));
  }

  get #path() {
    return `/v1/Services/${this.conversation.chat_service_sid}/Conversations/${this.conversation.sid}`;
  }

  #participants() {
    const known = [...new Set(this.people.flatMap((person) => [person.messaging_binding?.proxy_address, person.messaging_binding?.projected_address]).filter(Boolean))];
    return this.#part(`Participants (${this.people.length})`, { text: 'Add', label: 'Add a participant', icon: 'plus', work: () => this.#add(known) },
      this.people.length ? h('ul', { class: 'people' }, this.people.map((person) => this.#person(person)))
        : h('p', { class: 'muted' }, this.conversation.state === 'closed' ? 'Nobody.' : 'Nobody is in this conversation yet. Add the people who shall talk.'));
  }

  async #add(known) {
    const added = await addParticipant(this.#path, known);
    if (added) toast(`${personName(added)} takes part now.`);
    return added;
  }

  async #remove(person) {
    await removeParticipant(this.#path, person);
    this.changed();
  }

  #person(person) {
    const binding = person.messaging_binding;
    const name = personName(person);
    const window = this.windows.get(person.sid);
    const row = (label, address) => (address ? [h('dt', {}, label), h('dd', {}, addressElement(address))] : null);
    return h('li', { class: 'person' }, avatar(name, 'small'), h('div', { class: 'person-main' },
      h('div', { class: 'person-name' }, h('bdi', { dir: 'auto' }, name), channelBadge(personChannel(person)),
        this.conversation.state === 'closed' ? null : iconButton('close', `Remove ${name}`, { class: 'person-remove', onclick: () => this.#remove(person) })),
      h('dl', { class: 'facts' },
        person.identity && person.identity !== name ? [h('dt', {}, 'Identity'), h('dd', {}, h('bdi', {}, person.identity))] : null,
        row('Address', binding?.address), row('Writes to', binding?.proxy_address), row('Seen as', binding?.projected_address),
        person.last_read_timestamp ? [h('dt', {}, 'Has read'), h('dd', {}, timeElement(person.last_read_timestamp, moment))] : null,
        window ? [h('dt', {}, 'Window'), h('dd', {}, isOpen(window) ? badge(`open, closes ${fromNow(window.open_until)}`, 'good') : badge('closed: templates only', 'warn'))] : null)));
  }

  #attributes() {
    let text = this.conversation.attributes || '{}';
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // shown as it is
    }
    return this.#part('Attributes', { label: 'Edit the attributes', work: () => editAttributes(this.#path, text) },
      text === '{}' ? h('p', { class: 'muted' }, 'None.') : h('pre', { class: 'code', tabindex: '0', 'aria-label': 'Attributes' }, text));
  }

  #names() {
    const { sid, chat_service_sid: service, friendly_name: friendly, unique_name: unique, date_created: created } = this.conversation;
    const named = (label, value) => (value ? [h('dt', {}, label), h('dd', { class: 'with-copy' }, h('code', {}, value), copyButton(value, `Copy ${label}`))] : null);
    return this.#part('Names', { label: 'Edit the names', work: () => editNames(this.#path, this.conversation) },
      h('dl', { class: 'facts' }, friendly ? [h('dt', {}, 'Name'), h('dd', {}, h('bdi', { dir: 'auto' }, friendly))] : null, named('Conversation', sid), named('Unique name', unique), named('Service', service),
        h('dt', {}, 'Created'), h('dd', {}, timeElement(created, moment))));
  }
}
