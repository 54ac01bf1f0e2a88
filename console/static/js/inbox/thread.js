// The messages of one conversation, and where one writes.
import { coalesce, fill, h, icon, Rows } from '../dom.js';
import { each, get, nextPage, post } from '../api.js';
import { day } from '../format.js';
import { badge, empty, failure, iconButton, toast } from '../ui.js';
import { Composer, identity } from './composer.js';
import { bubble } from './message.js';
import { avatar, channelBadge, channels, foreign, title } from './people.js';
import { see } from './seen.js';
import { readWindows } from './windows.js';

const pageSize = 50;
const together = 5 * 60 * 1000; // messages of one author within it stand together
const nearEnd = 120; // pixels from the end that still count as the end

/** The thread of a conversation. changed is called with what is known of it. */
export class Thread {
  #messages = new Map(); // by SID
  #older = null;
  #oldest = false;
  #gone = false;
  #stale = new Set(); // messages whose deliveries have changed

  constructor(sid, { back, panel, changed }) {
    this.sid = sid;
    this.changed = changed;
    this.people = [];
    this.windows = null; // until they are read
    this.log = h('ol', { class: 'bubbles', role: 'log', 'aria-label': 'Messages' });
    this.top = h('div', { class: 'thread-top' });
    this.scroller = h('div', { class: 'thread-scroll', tabindex: '0', role: 'region', 'aria-label': 'Messages', onscroll: () => this.#scrolled() }, this.top, this.log);
    this.jump = iconButton('down', 'To the newest message', { class: 'thread-jump', hidden: true, onclick: () => this.#toEnd() });
    this.name = h('h1', { class: 'thread-name' });
    this.about = h('p', { class: 'thread-about' });
    this.face = h('span', {});
    this.foot = h('div', { class: 'thread-foot' });
    this.panelButton = panel;
    this.element = h('section', { class: 'thread', 'aria-label': 'Conversation' },
      h('header', { class: 'thread-head' }, iconButton('back', 'Back to the list', { class: 'only-narrow', onclick: back }), this.face,
        h('div', { class: 'thread-title' }, this.name, this.about), panel),
      h('div', { class: 'thread-body' }, this.scroller, this.jump), this.foot);
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.#loadOlder(), { root: this.scroller, rootMargin: '300px' }).observe(this.top);
    new ResizeObserver(() => this.atEnd && this.#toEnd()).observe(this.log);
    this.#minute = setInterval(() => this.#head(), 60000); // times that are told from now on
    this.refresh = coalesce(80, () => this.#refresh());
  }

  atEnd = true;
  #minute;

  get #path() {
    return `/v1/Services/${this.conversation.chat_service_sid}/Conversations/${this.sid}`;
  }

  /** Reads the conversation; false when there is none, which is shown then. */
  async open() {
    fill(this.foot, h('div', { class: 'composer-place', 'aria-hidden': 'true' }));
    try {
      const found = (await get('/bridged/v1/inbox', { ConversationSid: this.sid })).conversations[0];
      if (!found) return this.#missing();
      this.#conversation(found.conversation);
      await this.#members();
      const page = await get(`${this.#path}/Messages`, { Order: 'desc', PageSize: pageSize });
      this.#take(page.messages);
      this.#older = nextPage(page);
      this.#oldest = !this.#older;
    } catch (error) {
      failure(this.log, error, () => this.open());
      return false;
    }
    this.#write();
    this.#draw();
    this.#toEnd();
    this.#readWindows();
    return true;
  }

  #missing() {
    this.#gone = true;
    fill(this.foot);
    fill(this.name, 'Conversation');
    fill(this.log, empty({ icon: 'inbox', title: 'There is no such conversation', text: 'It may have been deleted. Choose another one from the list.' }));
    return false;
  }

  /** Ends what the thread does by itself. */
  close() {
    this.#gone = true;
    clearInterval(this.#minute);
  }

  focus() {
    this.composer?.focus();
  }

  /** Hears an event. */
  hear(event) {
    if (this.#gone || (event.type !== 'refresh' && event.conversation_sid !== this.sid)) return;
    if (event.type === 'onConversationRemoved') {
      this.#missing();
      return;
    }
    const of = event.resource?.message_sid;
    if (of && this.#messages.has(of)) this.#stale.add(of);
    if (event.type === 'onMessageRemoved' && this.#messages.delete(event.resource?.sid)) this.#draw();
    this.refresh();
  }

  async #refresh() {
    if (this.#gone || !this.conversation) return;
    const stale = [...this.#stale];
    this.#stale.clear();
    try {
      const [found, page] = await Promise.all([
        get(this.#path), get(`${this.#path}/Messages`, { Order: 'desc', PageSize: pageSize }), this.#members(),
      ]);
      if (this.#gone) return;
      const reached = this.#reaches(page.messages);
      const before = this.conversation.state;
      this.#conversation(found);
      if (before !== found.state) this.#write();
      if (!reached) { // more has come than one page: the thread begins anew
        this.#messages.clear();
        this.#older = nextPage(page);
      }
      const there = new Set(page.messages.map((message) => message.sid));
      const rest = await Promise.all(stale.filter((sid) => !there.has(sid)).map((sid) => get(`${this.#path}/Messages/${sid}`).catch(() => null)));
      this.#take([...page.messages, ...rest.filter(Boolean)]);
      this.#draw();
      this.#readWindows();
    } catch (error) {
      if (error.status === 404) this.#missing();
      else stale.forEach((sid) => this.#stale.add(sid));
    }
  }

  // Whether a page of the newest messages goes back to those that are here.
  #reaches(messages) {
    return !this.#messages.size || messages.length < pageSize || messages.some((message) => this.#messages.has(message.sid));
  }

  async #members() {
    const people = [];
    for await (const person of each(`${this.#path}/Participants`, { PageSize: 1000 }, 'participants')) people.push(person);
    const same = JSON.stringify(people) === JSON.stringify(this.people);
    this.people = people;
    if (same) return;
    this.composer?.people(people);
    this.#head();
    this.#drawn.clear(); // names may have changed
  }

  async #readWindows() {
    const windows = await readWindows(this.sid, this.people).catch(() => null); // it is only told beside
    if (!windows || this.#gone) return;
    this.windows = windows;
    this.#head();
  }

  #conversation(conversation) {
    this.conversation = conversation;
    this.#head();
  }

  #head() {
    if (!this.conversation) return;
    const name = title({ conversation: this.conversation, participants: this.people });
    fill(this.face, avatar(name));
    fill(this.name, h('bdi', { dir: 'auto' }, name));
    const { state } = this.conversation;
    fill(this.about, channels(this.people).map(channelBadge),
      state === 'active' ? null : badge(state, state === 'closed' ? '' : 'warn'));
    if (this.windows) this.composer?.windows(this.windows, this.people);
    this.#tell();
  }

  #tell() {
    this.changed({ conversation: this.conversation, people: this.people, windows: this.windows ?? new Map() });
  }

  // Closed is final: nobody writes any more.
  #write() {
    if (this.conversation.state === 'closed') {
      this.composer = null;
      fill(this.foot, h('p', { class: 'thread-closed' }, 'This conversation is closed for good. Its people can be in a new one.'));
      return;
    }
    if (this.composer) return;
    this.composer = new Composer(this.conversation, this.people, (message) => {
      this.#take([message]);
      this.atEnd = true;
      this.#draw();
      this.refresh();
    });
    if (this.windows) this.composer.windows(this.windows, this.people);
    fill(this.foot, this.composer.form);
  }

  #take(messages) {
    for (const message of messages) this.#messages.set(message.sid, message);
  }

  async #loadOlder() {
    if (this.#oldest || !this.#older || this.#gone) return;
    const next = this.#older;
    this.#older = null;
    fill(this.top, h('span', { class: 'spinner', role: 'status', 'aria-label': 'Loading older messages' }));
    try {
      const page = await get(next);
      this.#take(page.messages);
      this.#older = nextPage(page);
      this.#oldest = !this.#older;
      fill(this.top);
      const from = this.scroller.scrollHeight - this.scroller.scrollTop;
      this.#draw();
      this.scroller.scrollTop = this.scroller.scrollHeight - from; // what one reads stays where it is
    } catch (error) {
      this.#older = next;
      fill(this.top, h('button', { type: 'button', class: 'button quiet', onclick: () => this.#loadOlder() }, icon('refresh', 'small'), 'Load older messages'));
      toast(error.message, 'bad');
    }
  }

  #drawn = new Rows();

  #draw() {
    const list = [...this.#messages.values()].sort((a, b) => a.index - b.index);
    if (!list.length) {
      fill(this.log, h('li', {}, empty({ icon: 'chat', title: 'No messages yet', text: 'What is written here goes to everybody in the conversation.' })));
      return;
    }
    const rows = [];
    let before = null;
    for (const message of list) {
      const newDay = !before || day(before.date_created) !== day(message.date_created);
      if (newDay) rows.push(this.#drawn.row(`day ${day(message.date_created)}`, null, () => h('li', { class: 'day' }, h('span', {}, day(message.date_created)))));
      const follows = !newDay && before.author === message.author && new Date(message.date_created) - new Date(before.date_created) < together;
      rows.push(this.#drawn.row(message.sid, [message, follows], () => bubble(message, this.people, follows)));
      before = message;
    }
    this.#drawn.show(this.log, rows);
    this.#read(list.at(-1));
  }

  // What one looks at counts as read, also for others where one is a participant.
  #read(last) {
    if (!this.atEnd || document.hidden || !see(this.sid, last.index)) return;
    this.#tell();
    const own = this.people.find((person) => person.identity === identity());
    if (own && foreign(last, this.people) && (own.last_read_message_index ?? -1) < last.index) {
      post(`${this.#path}/Participants/${own.sid}`, { LastReadMessageIndex: last.index }).catch(() => null); // it stays unread elsewhere
    }
  }

  #scrolled() {
    this.atEnd = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < nearEnd;
    this.jump.hidden = this.atEnd;
  }

  #toEnd() {
    this.atEnd = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }
}
