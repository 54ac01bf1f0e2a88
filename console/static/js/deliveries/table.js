// The table of deliveries, newest first; each row opens into all that is known of it.
import { fill, h, icon, Rows } from '../dom.js';
import { get, nextPage, withQuery } from '../api.js';
import { addressElement, brief, channelName, parseAddress, timeElement } from '../format.js';
import { badge, empty, failure } from '../ui.js';
import { Detail } from './detail.js';
import { asked } from './filters.js';
import { discard, redrive } from './mend.js';
import { Selection } from './selection.js';
import { codeElement, stateBadge } from './words.js';

const path = '/bridged/v1/deliveries';
const pageSize = 50;
const nothing = {
  failed: { icon: 'tick', title: 'Nothing has failed', text: 'Every delivery has reached its carrier and its person, or is on its way. What fails is shown here, with the reason.' },
  waiting: { icon: 'tick', title: 'Nothing waits', text: 'No delivery is in line: what was written is out.' },
  all: { icon: 'delivery', title: 'No deliveries yet', text: 'As soon as somebody writes in a conversation, what goes out to its people is listed here.' },
};

/** The table of one state. */
export class DeliveryTable {
  #rows = new Rows();
  #details = new Map(); // of the rows that are open, by SID
  #made = new Map();
  #pages = 1;
  #newest = 0;
  #query = new URLSearchParams();
  #drawn = '';

  constructor(state) {
    this.state = state;
    this.selection = new Selection([
      ['Redrive selected', 'primary', async (ids) => { await redrive(ids); await this.refresh(); return true; }],
      ['Discard selected', 'danger', async (ids) => { const done = await discard(ids); await this.refresh(); return done; }],
    ]);
    this.body = h('tbody');
    this.table = h('table', { class: 'table cards' }, h('thead', {}, h('tr', {},
      h('th', { scope: 'col', class: 'check' }, this.selection.all), ['When', 'To', 'From', 'State', 'Why'].map((name) => h('th', { scope: 'col' }, name)),
      h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Attempts')))), this.body);
    this.more = h('button', { type: 'button', class: 'button quiet', hidden: true, onclick: () => { this.#pages++; this.refresh(); } }, 'Show more');
    this.place = h('div', { class: 'table-frame' }, placeholder());
    this.element = h('section', { class: 'card', 'aria-label': 'Deliveries' }, this.selection.bar, this.place, h('div', { class: 'table-foot' }, this.more));
  }

  /** Shows what a URL asks for. */
  async show(query) {
    if (String(query) !== String(this.#query)) {
      this.#query = query;
      this.#pages = 1;
      this.selection.clear();
    }
    await this.refresh();
  }

  /** Asks again. What is open stays open. */
  async refresh() {
    const mine = ++this.#newest;
    const { only, form, find, filtered } = asked(this.#query);
    try {
      const found = only ? await this.#one(only) : await this.#list({ State: this.state, ...form, ...find });
      if (mine !== this.#newest) return;
      this.more.hidden = !found.next;
      this.#draw(found.list, filtered);
      for (const one of this.#details.values()) one.refresh();
    } catch (error) {
      if (mine !== this.#newest || this.#drawn === String(this.#query) && !(error.status === 400)) return;
      this.#drawn = '';
      failure(this.place, error, () => this.refresh());
    }
  }

  async #one(sid) {
    try {
      return { list: [await get(`${path}/${sid}`)], next: null };
    } catch (error) {
      if (error.status !== 404) throw error;
      return { list: [], next: null };
    }
  }

  async #list(form) {
    const list = [];
    let next = withQuery(path, { ...form, PageSize: pageSize });
    for (let n = 0; n < this.#pages && next; n++) {
      const page = await get(next);
      list.push(...page.deliveries);
      next = nextPage(page);
    }
    return { list, next };
  }

  #draw(list, filtered) {
    this.#drawn = String(this.#query);
    const there = new Set(list.map((one) => one.sid));
    for (const sid of this.#details.keys()) if (!there.has(sid)) this.#details.delete(sid);
    this.selection.keep(list.map((one) => one.dead_letter_id).filter(Boolean));
    if (!list.length) {
      const text = filtered ? { icon: 'search', title: 'Nothing found', text: 'No delivery of this kind passes the filters. Clear them, or look under “All”.' } : nothing[this.state];
      if (this.place.querySelector('.empty h2')?.textContent !== text.title) fill(this.place, empty(text));
      return;
    }
    if (this.table.parentNode !== this.place) fill(this.place, this.table);
    const rows = [];
    for (const one of list) {
      const { attempts: _, status_reports: __, date_updated: ___, ...from } = one;
      rows.push(this.#rows.row(one.sid, [from, this.#details.has(one.sid)], () => this.#row(one)));
      if (this.#details.has(one.sid)) rows.push(this.#rows.row(`${one.sid}+`, one.sid, () => this.#opened(one.sid)));
    }
    const focus = document.activeElement?.closest?.('tr')?.dataset.sid;
    const lost = focus && document.activeElement.className;
    this.#rows.show(this.body, rows);
    if (focus && !this.body.contains(document.activeElement)) {
      [...this.body.querySelectorAll('tr')].find((row) => row.dataset.sid === focus)?.querySelector(lost.includes('open-row') ? '.open-row' : 'input')?.focus();
    }
    this.#made = new Map(list.map((one) => [one.sid, one]));
  }

  #row(one) {
    const cell = (label, ...content) => h('td', { dataset: { label } }, content);
    const open = this.#details.has(one.sid);
    const to = parseAddress(one.address);
    const row = h('tr', { dataset: { sid: one.sid }, class: open ? 'is-open' : '', onclick: (event) => event.target.closest('a, button, input, label') || getSelection().toString() || this.#toggle(one.sid) },
      h('td', { class: 'check' }, one.dead_letter_id ? this.selection.box(one.dead_letter_id, `Select the delivery to ${to.text}`) : null),
      cell('When', timeElement(one.date_created, brief)),
      cell('To', addressElement(one.address), badge(channelName(to.channel))),
      cell('From', addressElement(one.proxy_address), h('span', { class: 'cell-note' }, one.channel)),
      cell('State', stateBadge(one)),
      cell('Why', one.error_code ? codeElement(one.error_code) : one.reason ? h('span', { dir: 'auto' }, one.reason) : h('span', { class: 'muted' }, '–')),
      h('td', { class: 'cell-actions' }, h('button', {
        type: 'button', class: 'icon-button open-row', 'aria-expanded': String(open), 'aria-label': `Attempts to ${to.text}`, title: 'Attempts', onclick: () => this.#toggle(one.sid),
      }, icon('chevron'))));
    return row;
  }

  #opened(sid) {
    return h('tr', { class: 'opened' }, h('td', { colspan: '7' }, this.#details.get(sid).element));
  }

  #toggle(sid) {
    if (!this.#details.delete(sid)) this.#details.set(sid, new Detail(sid, () => this.refresh()));
    this.#draw([...this.#made.values()], true);
  }
}

export const placeholder = () => h('div', { class: 'placeholder', 'aria-busy': 'true' }, [1, 2, 3, 4].map(() => h('span', { class: 'skeleton line' })));
