// One phone: its threads, one of them open, and the switches beside it.
import { fill, h, icon, Rows } from '../dom.js';
import { bodyNodes, brief, channelName, oneLine, parseAddress, time } from '../format.js';
import { hue } from '../inbox/people.js';
import { badge, iconButton, toast } from '../ui.js';
import { messages, switches, turn } from './book.js';
import { bubbles } from './bubbles.js';
import { newMessage } from './dialogs.js';
import { keyOf, strangers, threads } from './threads.js';
import { Writer } from './writer.js';

/** A phone. ours are numbers of ours; away takes the phone off the page. */
export class Phone {
  #handset = null;
  #messages = [];
  #shown = -1; // what the messages were read at
  #begun = []; // people to whom nothing was written yet
  #open = null; // the key of the thread that is open; null for the list
  #rows = new Rows();
  #asking = null;
  #seen = new Map(); // how many messages of a thread were looked at
  #atEnd = true;
  #first = true; // whether the messages that are there now are still to be read

  constructor(entry, ours, away) {
    this.entry = entry;
    this.address = entry.address;
    this.ours = ours;
    const parsed = parseAddress(entry.address);
    this.whatsapp = parsed.channel === 'whatsapp';
    this.name = entry.name || parsed.text;
    this.writer = new Writer(entry.address, () => this.refresh());
    this.clock = h('span', {}, time(new Date().toISOString()));
    this.bars = h('span', { class: 'phone-bars' });
    this.back = iconButton('back', 'All messages', { onclick: () => this.#go(null) });
    this.title = h('h3', { class: 'phone-title' });
    this.under = h('p', { class: 'phone-under' });
    this.begin = iconButton('plus', 'New message', { onclick: () => this.#begin() });
    this.list = h('ol', { class: 'phone-list', 'aria-label': `Messages on the phone of ${this.name}` });
    this.scroller = h('div', { class: 'phone-scroll', tabindex: '0', role: 'region', 'aria-label': `Screen of ${this.name}` }, this.list);
    this.scroller.addEventListener('load', () => this.#atEnd && this.#toEnd(), true); // a photo takes room when it is there
    this.scroller.addEventListener('scroll', () => {
      this.#atEnd = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 40;
    }, { passive: true });
    this.switches = h('div', { class: 'phone-switches', role: 'group', 'aria-label': `What the phone of ${this.name} does` });
    this.element = h('section', { class: `phone ${this.whatsapp ? 'is-whatsapp' : 'is-sms'}`, dataset: { address: entry.address }, 'aria-label': `${this.name}, ${channelName(parsed.channel)}` },
      h('header', { class: 'phone-label' },
        h('div', { class: 'phone-who' }, h('h2', {}, h('bdi', { dir: 'auto' }, this.name)), badge(channelName(parsed.channel), this.whatsapp ? 'good' : 'info'),
          iconButton('close', `Put the phone of ${this.name} away`, { onclick: away })),
        h('p', {}, entry.about || (entry.name ? h('bdi', { dir: 'ltr' }, parsed.text) : 'A simulated handset'))),
      h('div', { class: 'phone-frame' },
        h('div', { class: 'phone-status', 'aria-hidden': 'true' }, this.clock, h('span', { class: 'phone-notch' }), this.bars),
        h('div', { class: 'phone-head' }, this.back, h('div', { class: 'phone-names' }, this.title, this.under), this.begin),
        this.scroller, this.writer.element),
      this.switches);
    if (entry.to) {
      this.#begun.push(entry.to);
      this.#open = keyOf(entry.to);
    }
    this.#draw();
    this.#drawSwitches();
  }

  /** Whether the phone is the one that an entry describes now. */
  isOf(entry) {
    return ['name', 'about', 'to'].every((part) => JSON.stringify(entry[part]) === JSON.stringify(this.entry[part]));
  }

  /** Takes what the simulator says of the phone; reads its messages where they have changed. */
  async hear(handset) {
    const before = JSON.stringify(this.#handset?.behaviour);
    this.#handset = handset;
    if (JSON.stringify(handset.behaviour) !== before) this.#drawSwitches();
    if (handset.changed !== this.#shown) await this.refresh(handset.changed);
  }

  /** Reads the messages. */
  async refresh(changed = -1) {
    const mine = Symbol('asking');
    this.#asking = mine;
    const list = await messages(this.address).catch(() => null); // the bar says that the connection is lost
    if (!list || mine !== this.#asking) return;
    this.#messages = list;
    this.#shown = changed;
    if (this.#first) this.#settle();
    this.#draw();
  }

  // What was there before the page is no news; an only thread is open.
  #settle() {
    this.#first = false;
    const all = this.#threads;
    for (const thread of all) this.#seen.set(thread.key, thread.messages.length);
    if (this.#open === null && all.length === 1) this.#open = all[0].key;
  }

  get #threads() {
    const found = threads(this.#messages, this.address);
    for (const people of this.#begun) {
      if (!found.some((thread) => thread.key === keyOf(people))) found.unshift({ key: keyOf(people), people: keyOf(people).split(' '), messages: [] });
    }
    return found;
  }

  #go(key) {
    this.#open = key;
    this.#rows.clear();
    this.#draw();
    if (key) this.writer.focus();
    else this.scroller.focus();
  }

  async #begin() {
    const people = await newMessage(this.address, this.ours);
    if (!people) return;
    if (!this.#threads.some((thread) => thread.key === keyOf(people))) this.#begun.push(people);
    this.#go(keyOf(people));
  }

  #draw() {
    const all = this.#threads;
    const thread = all.find((one) => one.key === this.#open);
    this.clock.textContent = time(new Date().toISOString());
    this.back.hidden = !thread;
    this.begin.hidden = Boolean(thread);
    this.writer.element.hidden = !thread;
    this.list.classList.toggle('is-thread', Boolean(thread));
    if (thread) this.#drawThread(thread, all);
    else this.#drawList(all);
  }

  #drawThread(thread, all) {
    const group = thread.people.length > 1;
    const unread = all.filter((other) => other !== thread && other.messages.length > (this.#seen.get(other.key) ?? 0)).length;
    this.back.classList.toggle('has-news', unread > 0);
    this.back.setAttribute('aria-label', unread ? `All messages, ${unread} unread` : 'All messages');
    fill(this.title, thread.people.map((one, place) => [place ? ', ' : null, h('bdi', { dir: 'ltr' }, parseAddress(one).text)]));
    fill(this.under, group ? `Group text, ${thread.people.length + 1} people` : this.whatsapp ? 'Business account' : 'Text message');
    const end = this.#atEnd;
    const fresh = thread.messages.length !== this.#seen.get(thread.key);
    this.#seen.set(thread.key, thread.messages.length);
    const about = this.#rows.row('about', [thread.people, this.ours], () => this.#about(thread, group));
    this.#rows.show(this.list, [about, ...bubbles(this.#rows, thread, {
      whatsapp: this.whatsapp, group, tap: (message, choice) => this.writer.answer(message, choice),
    })]);
    if (end || fresh) this.#toEnd();
    this.writer.open(thread.people, thread.messages);
  }

  // What this person can know of the others. It says what the screen shows, and no more.
  #about(thread, group) {
    const seen = strangers(thread, this.ours);
    if (group) {
      return h('li', { class: 'phone-about' }, icon('people', 'small'), h('span', {}, 'A group text: everybody in it sees ',
        thread.people.map((one, place) => [place ? ', ' : null, h('bdi', { dir: 'ltr' }, parseAddress(one).text)]), ' and this person’s number.'));
    }
    return h('li', { class: 'phone-about' }, icon(seen.length ? 'alert' : 'mask', 'small'),
      h('span', {}, seen.length ? 'This number is none of yours.'
        : ['All this person sees is your number ', h('bdi', { dir: 'ltr' }, parseAddress(thread.people[0]).text), '. Nobody else’s is visible.']));
  }

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#atEnd = true;
  }

  #drawList(all) {
    fill(this.title, this.whatsapp ? 'Chats' : 'Messages');
    fill(this.under);
    const rows = all.map((thread) => {
      const last = thread.messages.at(-1);
      const news = thread.messages.length > (this.#seen.get(thread.key) ?? 0);
      const name = thread.people.map((one) => parseAddress(one).text).join(', ');
      return h('li', {}, h('button', { type: 'button', class: `phone-row ${news ? 'is-news' : ''}`, onclick: () => this.#go(thread.key) },
        h('span', { class: `avatar ${hue(name)}`, 'aria-hidden': 'true' }, thread.people.length > 1 ? icon('people', 'small') : thread.people[0].slice(-2)),
        h('span', { class: 'phone-row-text' }, h('strong', {}, h('bdi', { dir: 'ltr' }, name)),
          h('span', { dir: 'auto' }, last ? (last.body ? bodyNodes(oneLine(last.body, 60)) : 'Photo') : 'No messages yet')),
        last ? h('span', { class: 'phone-row-time' }, brief(last.at)) : null, news ? h('span', { class: 'dot', role: 'img', 'aria-label': 'Unread' }) : null));
    });
    const none = h('li', { class: 'phone-none' }, h('p', {}, 'Nothing here yet.'),
      h('button', { type: 'button', class: 'button', onclick: () => this.#begin() }, icon('plus', 'small'), 'Write a message'));
    this.#rows.show(this.list, rows.length ? rows : [none]);
  }

  #drawSwitches() {
    const state = switches(this.entry, this.#handset?.behaviour);
    this.entry = { ...this.entry, ...state };
    fill(this.bars, state.off ? 'No service' : icon('signal', 'small'));
    this.element.classList.toggle('is-off', state.off);
    this.writer.bar(state.off ? 'No coverage: nothing goes out or comes in.' : state.blocked ? 'This person has blocked you. Nothing comes in.' : '');
    const make = (name, label, hint) => {
      const control = h('button', {
        type: 'button', role: 'switch', class: 'switch', 'aria-checked': String(state[name]), title: hint, dataset: { switch: name },
        onclick: () => this.#turn(name, !state[name]),
      }, h('span', { class: 'switch-knob', 'aria-hidden': 'true' }), label);
      return control;
    };
    const focused = document.activeElement?.dataset?.switch;
    const within = this.switches.contains(document.activeElement);
    fill(this.switches, make('off', 'No coverage', 'What is sent to this phone fails: unreachable handset'),
      make('blocked', 'Blocked', 'The person has blocked your numbers'),
      this.whatsapp ? make('reads', 'Reads at once', 'What arrives is reported as read') : null);
    if (within) this.switches.querySelector(`[data-switch="${focused}"]`)?.focus();
  }

  async #turn(name, on) {
    const wanted = { ...switches(this.entry, this.#handset?.behaviour), [name]: on };
    try {
      const handset = await turn(this.address, this.#handset?.behaviour, wanted);
      this.entry = { ...this.entry, ...wanted };
      this.#handset = handset;
      this.#drawSwitches();
    } catch (error) {
      toast(error.message, 'bad');
    }
  }
}
