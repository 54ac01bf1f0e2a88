// What is known of a conversation beside its messages: who is in it and by which
// addresses, its state and timers, its attributes.
import { fill, h, icon } from '../dom.js';
import { get, post } from '../api.js';
import { addressElement, fromNow, moment, timeElement } from '../format.js';
import { badge, confirm, copyButton, iconButton, toast } from '../ui.js';
import { addParticipant, removeParticipant } from './dialogs.js';
import { avatar, channelBadge, personChannel, personName } from './people.js';

const states = { active: 'good', inactive: 'warn', closed: '', initializing: 'info' };

/** The panel. close hides it; changed is called after each change that it made. */
export class Panel {
  #shown = '';
  #windows = new Map(); // by SID of the participant

  constructor(close, changed) {
    this.changed = changed;
    this.content = h('div', { class: 'panel-content' });
    this.element = h('aside', { class: 'panel', 'aria-label': 'About the conversation', id: 'panel' },
      h('header', { class: 'panel-head' }, h('h2', {}, 'About'), iconButton('close', 'Close', { onclick: close })), this.content);
  }

  /** Shows a conversation; nothing happens where nothing has changed. */
  show({ conversation, people }) {
    const from = JSON.stringify([conversation, people]);
    if (from === this.#shown) return;
    const another = conversation.sid !== this.conversation?.sid;
    this.#shown = from;
    Object.assign(this, { conversation, people });
    if (another) this.#windows.clear();
    this.#draw();
    this.#loadWindows();
  }

  // Until when WhatsApp lets free text through to each person.
  async #loadWindows() {
    const { sid } = this.conversation;
    if (!this.people.some((person) => personChannel(person) === 'whatsapp')) return;
    const page = await get('/bridged/v1/windows', { ConversationSid: sid, PageSize: 100 }).catch(() => null); // it is only told beside
    if (!page || sid !== this.conversation.sid) return;
    for (const one of page.windows) this.#windows.set(one.participant_sid, one);
    this.#draw();
  }

  #draw() {
    fill(this.content, this.#state(), this.#participants(), this.#attributes(), this.#names());
  }

  #state() {
    const { state, timers } = this.conversation;
    const timer = (name, at) => (at ? [h('dt', {}, name), h('dd', {}, timeElement(at, moment), ' ', h('span', { class: 'muted' }, `(${fromNow(at)})`))] : null);
    return h('section', { class: 'panel-part' },
      h('div', { class: 'panel-row' }, h('h3', {}, 'State'), badge(state, states[state] ?? ''),
        state === 'closed' ? null : h('button', { type: 'button', class: 'button quiet', onclick: () => this.#close() }, 'Close')),
      timers?.date_inactive || timers?.date_closed ? h('dl', { class: 'facts' }, timer('Inactive', timers.date_inactive), timer('Closed', timers.date_closed))
        : h('p', { class: 'muted' }, 'No timer runs.'));
  }

  async #close() {
    const sure = await confirm({
      title: 'Close this conversation?', action: 'Close it', danger: true,
      text: 'It stays closed: nobody can write in it any more. What its people write from then on goes where your routing says.',
    });
    if (!sure) return;
    try {
      await post(this.#path, { State: 'closed' });
      this.changed();
      toast('The conversation is closed.');
    } catch (error) {
      toast(error.message, 'bad');
    }
  }

  get #path() {
    return `/v1/Services/${this.conversation.chat_service_sid}/Conversations/${this.conversation.sid}`;
  }

  #participants() {
    const known = [...new Set(this.people.flatMap((person) => [person.messaging_binding?.proxy_address, person.messaging_binding?.projected_address]).filter(Boolean))];
    return h('section', { class: 'panel-part' }, h('div', { class: 'panel-row' }, h('h3', {}, `Participants (${this.people.length})`),
      this.conversation.state === 'closed' ? null : h('button', { type: 'button', class: 'button quiet', onclick: () => this.#add(known) }, icon('plus', 'small'), 'Add')),
      this.people.length ? h('ul', { class: 'people' }, this.people.map((person) => this.#person(person)))
        : h('p', { class: 'muted' }, this.conversation.state === 'closed' ? 'Nobody.' : 'Nobody is in this conversation yet. Add the people who shall talk.'));
  }

  async #add(known) {
    const added = await addParticipant(this.#path, known);
    if (!added) return;
    toast(`${personName(added)} takes part now.`);
    this.changed();
  }

  async #remove(person) {
    await removeParticipant(this.#path, person);
    this.changed();
  }

  #person(person) {
    const binding = person.messaging_binding;
    const name = personName(person);
    const window = this.#windows.get(person.sid);
    const row = (label, address) => (address ? [h('dt', {}, label), h('dd', {}, addressElement(address))] : null);
    return h('li', { class: 'person' }, avatar(name, 'small'), h('div', { class: 'person-main' },
      h('div', { class: 'person-name' }, h('bdi', { dir: 'auto' }, name), channelBadge(personChannel(person)),
        this.conversation.state === 'closed' ? null : iconButton('close', `Remove ${name}`, { class: 'person-remove', onclick: () => this.#remove(person) })),
      h('dl', { class: 'facts' },
        person.identity && person.identity !== name ? [h('dt', {}, 'Identity'), h('dd', {}, h('bdi', {}, person.identity))] : null,
        row('Address', binding?.address), row('Writes to', binding?.proxy_address), row('Seen as', binding?.projected_address),
        person.last_read_timestamp ? [h('dt', {}, 'Has read'), h('dd', {}, timeElement(person.last_read_timestamp, moment))] : null,
        window ? [h('dt', {}, 'Window'), h('dd', {}, window.open ? badge(`open, closes ${fromNow(window.open_until)}`, 'good') : badge('closed: templates only', 'warn'))] : null)));
  }

  #attributes() {
    let text = this.conversation.attributes || '{}';
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // shown as it is
    }
    return h('section', { class: 'panel-part' }, h('h3', {}, 'Attributes'),
      text === '{}' ? h('p', { class: 'muted' }, 'None.') : h('pre', { class: 'code', tabindex: '0', 'aria-label': 'Attributes' }, text));
  }

  #names() {
    const { sid, chat_service_sid: service, unique_name: unique, date_created: created } = this.conversation;
    const named = (label, value) => (value ? [h('dt', {}, label), h('dd', { class: 'with-copy' }, h('code', {}, value), copyButton(value, `Copy ${label}`))] : null);
    return h('section', { class: 'panel-part' }, h('h3', {}, 'Identifiers'),
      h('dl', { class: 'facts' }, named('Conversation', sid), named('Unique name', unique), named('Service', service),
        h('dt', {}, 'Created'), h('dd', {}, timeElement(created, moment))));
  }
}
