// The list of conversations: filters, search, what is unread, and pages as one scrolls.
import { coalesce, debounce, fill, h, icon, Rows } from '../dom.js';
import { each, get, nextPage } from '../api.js';
import { bodyNodes, channelName, oneLine, timeElement } from '../format.js';
import { keep, recall } from '../prefs.js';
import { badge, empty, failure, iconButton, toast } from '../ui.js';
import { identity } from './composer.js';
import { authorName, avatar, channelBadge, channels, foreign, title } from './people.js';
import { unread } from './seen.js';

const path = '/bridged/v1/inbox';
const pageSize = 40;
const mostHits = 50;

/** The list. It leads to conversations by links, which the router follows; create makes one. */
export class List {
  #entries = new Map(); // by SID
  #next = null;
  #loading = null;
  #changed = new Set();
  #hits = null; // of a search: text by SID of the conversation
  #filters = recall('filters', {});
  #newest = 0;

  constructor(router, create) {
    this.router = router;
    this.create = create;
    this.search = h('input', {
      class: 'input', type: 'search', id: 'search', placeholder: 'Search name, number, text', 'aria-label': 'Search conversations by name, number, identity or text',
      autocomplete: 'off', spellcheck: 'false', oninput: debounce(220, () => this.#find()),
      onkeydown: (event) => this.#searchKey(event),
    });
    this.rows = h('ul', { class: 'rows', onkeydown: (event) => this.#key(event) });
    this.more = h('button', { type: 'button', class: 'button quiet rows-more', hidden: true, onclick: () => this.#load() }, 'Show more');
    this.scroller = h('div', { class: 'rows-scroll' }, this.rows, this.more);
    this.note = h('p', { class: 'visually-hidden', role: 'status' });
    this.element = h('section', { class: 'inbox-list', 'aria-label': 'Conversations' },
      h('header', { class: 'list-head' },
        h('div', { class: 'list-top' }, h('div', { class: 'search' }, icon('search'), this.search, h('kbd', { 'aria-hidden': 'true' }, '/')),
          iconButton('plus', 'New conversation', { onclick: create })), this.#filterBar()),
      this.note, this.scroller);
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.#load(), { root: this.scroller, rootMargin: '400px' }).observe(this.more);
    this.#takeUp = coalesce(120, () => this.#fetchChanged());
  }

  #takeUp;

  #filterBar() {
    const choice = (name, label, options) => {
      const control = h('select', {
        class: 'select small', 'aria-label': label,
        onchange: () => this.#filter(name, control.value, control),
      }, h('option', { value: '' }, label), options.map(([value, text]) => h('option', { value }, text)));
      control.value = this.#filters[name] ?? '';
      control.classList.toggle('is-set', Boolean(control.value));
      return control;
    };
    this.services = choice('ChatServiceSid', 'Service', []);
    this.services.hidden = true;
    this.#loadServices();
    const only = h('button', {
      type: 'button', class: 'chip-button', 'aria-pressed': String(Boolean(this.#filters.unread)),
      onclick: () => {
        only.setAttribute('aria-pressed', String(!this.#filters.unread));
        this.#filter('unread', !this.#filters.unread);
      },
    }, 'Unread');
    return h('div', { class: 'filters', role: 'group', 'aria-label': 'Filters' }, only,
      choice('State', 'State', [['active', 'Active'], ['inactive', 'Inactive'], ['closed', 'Closed']]),
      choice('Channel', 'Channel', ['sms', 'whatsapp', 'group', 'chat'].map((name) => [name, channelName(name)])), this.services);
  }

  // The filter of services is there where there is a choice.
  async #loadServices() {
    try {
      const services = [];
      for await (const service of each('/v1/Services', { PageSize: 100 }, 'services')) services.push(service);
      if (services.length < 2) return;
      this.services.append(...services.map((service) => h('option', { value: service.sid }, service.friendly_name || service.sid)));
      this.services.value = this.#filters.ChatServiceSid ?? '';
      this.services.hidden = false;
    } catch {
      // the list itself says that the server cannot be reached
    }
  }

  #filter(name, value, control) {
    this.#filters[name] = value || undefined;
    control?.classList.toggle('is-set', Boolean(value));
    keep('filters', this.#filters);
    this.load();
  }

  get #query() {
    const { State, Channel, ChatServiceSid } = this.#filters;
    return { State, Channel, ChatServiceSid, PageSize: pageSize };
  }

  /** Fills the list from its beginning. */
  async load() {
    if (!this.#entries.size) this.#placeholders();
    const mine = ++this.#newest;
    try {
      if (this.#hits) return await this.#find();
      const page = await get(path, this.#query);
      if (mine !== this.#newest) return;
      this.#entries.clear();
      this.#take(page);
    } catch (error) {
      if (mine === this.#newest && !this.#entries.size) failure(this.rows, error, () => this.load());
    }
  }

  #take(page) {
    for (const entry of page.conversations) this.#entries.set(entry.conversation.sid, entry);
    this.#next = nextPage(page);
    this.#draw();
  }

  async #load() {
    if (!this.#next || this.#loading) return;
    const mine = this.#newest;
    try {
      this.#loading = get(this.#next);
      const page = await this.#loading;
      if (mine === this.#newest) this.#take(page);
    } catch (error) {
      toast(error.message, 'bad');
    } finally {
      this.#loading = null;
    }
  }

  /** Hears an event. */
  hear(event) {
    if (event.type === 'refresh') {
      if (!this.#hits) this.#refresh();
      return;
    }
    if (event.type === 'onConversationRemoved') {
      this.#entries.delete(event.conversation_sid);
      this.#draw();
      return;
    }
    if (event.conversation_sid) this.#changed.add(event.conversation_sid);
    this.#takeUp();
  }

  async #refresh() {
    const mine = this.#newest;
    try {
      const page = await get(path, this.#query);
      if (mine !== this.#newest || this.#hits) return;
      if (!this.#entries.size) return this.#take(page);
      for (const entry of page.conversations) this.#entries.set(entry.conversation.sid, entry);
      this.#draw();
    } catch {
      // the bar says that the connection is lost
    }
  }

  async #fetchChanged() {
    const sids = [...this.#changed].slice(0, 50);
    sids.forEach((sid) => this.#changed.delete(sid));
    const mine = this.#newest;
    try {
      const page = await get(path, { ...this.#query, ConversationSid: sids });
      if (mine !== this.#newest || this.#hits) return;
      const there = new Map(page.conversations.map((entry) => [entry.conversation.sid, entry]));
      for (const sid of sids) {
        if (there.has(sid)) this.#entries.set(sid, there.get(sid));
        else this.#entries.delete(sid);
      }
      this.#draw();
    } catch {
      sids.forEach((sid) => this.#changed.add(sid));
    }
    if (this.#changed.size) this.#takeUp();
  }

  async #find() {
    const text = this.search.value.trim();
    const mine = ++this.#newest;
    if (!text) {
      if (!this.#hits) return;
      this.#hits = null;
      this.#entries.clear();
      this.load();
      return;
    }
    try {
      const hits = new Map();
      const found = await get('/bridged/v1/search', { Query: text, Type: 'conversation,participant,message', PageSize: mostHits });
      for (const hit of found.results) if (hit.conversation_sid && !hits.has(hit.conversation_sid)) hits.set(hit.conversation_sid, hit);
      const page = hits.size ? await get(path, { ...this.#query, PageSize: 100, ConversationSid: [...hits.keys()] }) : { conversations: [] };
      if (mine !== this.#newest) return;
      this.#hits = hits;
      this.#entries.clear();
      this.#take({ conversations: page.conversations });
      this.note.textContent = `${page.conversations.length} found`;
    } catch (error) {
      if (mine !== this.#newest) return;
      this.#hits = new Map();
      if (error.status === 400) fill(this.rows, empty({ icon: 'search', title: 'This cannot be searched for', text: error.message }));
      else failure(this.rows, error, () => this.#find());
    }
  }

  #placeholders() {
    fill(this.rows, Array.from({ length: 8 }, () => h('li', { class: 'row', 'aria-hidden': 'true' },
      h('span', { class: 'avatar skeleton' }), h('span', { class: 'row-main' }, h('span', { class: 'skeleton line' }), h('span', { class: 'skeleton line short' })))));
  }

  /** Draws the rows anew: what was read, or who is looked at, may have changed. */
  draw() {
    this.#draw();
  }

  #draw() {
    const focused = document.activeElement?.closest?.('.row')?.dataset.sid;
    let entries = [...this.#entries.values()];
    if (!this.#hits) entries.sort((a, b) => b.date_active.localeCompare(a.date_active) || b.conversation.sid.localeCompare(a.conversation.sid));
    const current = this.router.segments[0];
    if (this.#filters.unread) entries = entries.filter((entry) => unread(entry, identity()) || entry.conversation.sid === current);
    this.more.hidden = !this.#next;
    if (!entries.length) {
      fill(this.rows, this.#nothing());
      return;
    }
    this.#drawn.show(this.rows, entries.map((entry) => {
      const { sid } = entry.conversation;
      const count = sid === current ? 0 : unread(entry, identity());
      const hit = this.#hits?.get(sid);
      const today = new Date().toDateString(); // which the times depend on
      return this.#drawn.row(sid, [entry, sid === current, String(count), hit, today], () => this.#row(entry, sid === current, count, hit));
    }));
    if (focused && document.activeElement === document.body) this.rows.querySelector(`[data-sid="${focused}"] a`)?.focus({ preventScroll: true });
    const waiting = entries.filter((entry) => unread(entry, identity())).length;
    document.title = `${waiting ? `(${waiting}) ` : ''}Inbox · bridged`;
  }

  #nothing() {
    const filtered = Object.values(this.#filters).some(Boolean);
    if (this.#hits) return empty({ icon: 'search', title: 'Nothing found', text: 'All words have to be there. Four digits find a number by its beginning or end.' });
    if (filtered) return empty({ icon: 'inbox', title: 'Nothing here', text: 'No conversation is as the filters say.' });
    return empty({ icon: 'chat', title: 'No conversations yet', text: 'They appear here when they are made by the API, or by somebody who writes to a number with an address configuration.', action: [
      h('a', { class: 'button primary', href: '/console/phones?try' }, icon('phone', 'small'), 'Try it on simulated phones'),
      h('button', { type: 'button', class: 'button', onclick: this.create }, icon('plus', 'small'), 'New conversation')] });
  }

  #drawn = new Rows();

  #row(entry, current, count, hit) {
    const name = title(entry);
    const { conversation, participants, last_message: last } = entry;
    return h('li', { class: `row ${count ? 'is-unread' : ''}`, dataset: { sid: conversation.sid } },
      h('a', { href: this.router.url(conversation.sid), 'aria-current': current ? 'true' : null },
        avatar(name), h('span', { class: 'row-main' },
          h('span', { class: 'row-top' }, h('bdi', { class: 'row-name', dir: 'auto' }, oneLine(name, 80)), timeElement(entry.date_active)),
          h('span', { class: 'row-text', dir: 'auto' }, hit ? snippet(hit, this.search.value) : lastLine(last, participants)),
          h('span', { class: 'row-foot' },
            channels(participants).map(channelBadge),
            conversation.state === 'active' ? null : badge(conversation.state, conversation.state === 'closed' ? '' : 'warn'),
            count === Infinity ? h('span', { class: 'dot', role: 'img', 'aria-label': 'Unread' }) : null,
            count && count !== Infinity ? h('span', { class: 'count', 'aria-label': `${count} unread` }, count > 99 ? '99+' : count) : null))));
  }

  #searchKey(event) {
    if (event.key === 'Escape') {
      if (this.search.value) {
        this.search.value = '';
        this.#find();
      } else {
        this.search.blur();
      }
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      this.rows.querySelector('a')?.focus();
    }
  }

  #key(event) {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    this.step(event.key === 'ArrowDown' ? 1 : -1);
  }

  /** Moves the focus by rows. */
  step(by) {
    const links = [...this.rows.querySelectorAll('.row a')];
    const at = links.indexOf(document.activeElement);
    const current = links.findIndex((link) => link.getAttribute('aria-current'));
    links.at(Math.min(links.length - 1, Math.max(0, (at >= 0 ? at : current) + by)))?.focus();
  }
}

function lastLine(last, people) {
  if (!last) return 'No messages yet';
  const who = foreign(last, people) ? null : h('span', { class: 'row-own' }, `${authorName(last, people)}: `);
  const files = last.media?.length ?? 0;
  return [who, files ? [icon('clip', 'small'), ' '] : null, oneLine(last.body ?? '') || (files ? last.media[0].filename || 'File' : '')];
}

// The words that were searched for, marked in what stands around them.
function snippet(hit, query) {
  const words = query.toLocaleLowerCase().split(/[\s"*]+/).filter(Boolean);
  const text = oneLine(hit.snippet, 200);
  const lower = text.toLocaleLowerCase();
  const at = words.map((word) => [lower.indexOf(word), word.length]).filter(([place]) => place >= 0).sort((a, b) => a[0] - b[0]);
  const parts = [];
  let from = 0;
  for (const [place, length] of at) {
    if (place < from || lower.length !== text.length) continue;
    parts.push(bodyNodes(text.slice(from, place)), h('mark', {}, text.slice(place, place + length)));
    from = place + length;
  }
  return [...parts, bodyNodes(text.slice(from))];
}
