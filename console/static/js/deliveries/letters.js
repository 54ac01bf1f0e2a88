// Dead letters: everything that was given up, deliveries and other tasks.
import { fill, h, icon, Rows } from '../dom.js';
import { get, nextPage, withQuery } from '../api.js';
import { addressElement, bodyNodes, brief, timeElement } from '../format.js';
import { badge, empty, failure } from '../ui.js';
import { Detail } from './detail.js';
import { asked } from './filters.js';
import { discard, redrive, redriveAll } from './mend.js';
import { Selection } from './selection.js';
import { placeholder } from './table.js';
import { codeElement } from './words.js';

const path = '/bridged/v1/dead-letters';
const pageSize = 50;
const receiver = /^(?:sms:)?((?:whatsapp:)?\+\d+)>/; // in the key of a pair

/** What was given up, in words. */
function topic({ topic: name, channel }) {
  if (name.startsWith('outbound')) return ['A delivery', channel];
  return { fetch: ['A file of an inbound message'], calls: ['An inbound webhook'], webhooks: ['An event for a webhook'], populate: ['A conversation with participants'] }[name] ?? [`A task of bridged: ${name}`];
}

/** The table of dead letters, oldest first. */
export class Letters {
  #rows = new Rows();
  #open = new Map(); // details by the letter's id
  #list = [];
  #pages = 1;
  #newest = 0;
  #query = new URLSearchParams();
  #drawn = false;

  constructor() {
    this.discarded = h('button', { type: 'button', class: 'chip-button', 'aria-pressed': 'false', onclick: () => this.#flip() }, 'Discarded ones');
    this.everything = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => this.#all() }, icon('refresh', 'small'), 'Redrive all of these');
    this.selection = new Selection([
      ['Redrive selected', 'primary', async (ids) => { await redrive(ids); await this.refresh(); return true; }],
      ['Discard selected', 'danger', async (ids) => { const done = await discard(ids); await this.refresh(); return done; }],
    ]);
    this.body = h('tbody');
    this.table = h('table', { class: 'table cards' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col', class: 'check' }, this.selection.all),
      ['When', 'What', 'Why', 'Its last words'].map((name) => h('th', { scope: 'col' }, name)), h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Mend')))), this.body);
    this.more = h('button', { type: 'button', class: 'button quiet', hidden: true, onclick: () => { this.#pages++; this.refresh(); } }, 'Show more');
    this.place = h('div', { class: 'table-frame' }, placeholder());
    this.element = h('section', { class: 'card', 'aria-label': 'Dead letters' }, h('div', { class: 'letters-top' }, this.discarded, this.everything), this.selection.bar, this.place, h('div', { class: 'table-foot' }, this.more));
  }

  get #gone() {
    return this.discarded.getAttribute('aria-pressed') === 'true';
  }

  #flip() {
    this.discarded.setAttribute('aria-pressed', String(!this.#gone));
    this.selection.clear();
    this.#pages = 1;
    this.refresh();
  }

  async #all() {
    const { form } = asked(this.#query);
    await redriveAll(form, Object.values(form).some(Boolean));
    await this.refresh();
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

  /** Asks again. */
  async refresh() {
    const mine = ++this.#newest;
    const { form } = asked(this.#query);
    try {
      const list = [];
      let next = withQuery(path, { ...form, State: this.#gone ? 'discarded' : 'open', PageSize: pageSize });
      for (let n = 0; n < this.#pages && next; n++) {
        const page = await get(next);
        list.push(...page.dead_letters);
        next = nextPage(page);
      }
      if (mine !== this.#newest) return;
      this.more.hidden = !next;
      this.#list = list;
      this.#draw();
      for (const one of this.#open.values()) one.refresh();
    } catch (error) {
      if (mine === this.#newest && !this.#drawn) failure(this.place, error, () => this.refresh());
    }
  }

  #draw() {
    this.#drawn = true;
    this.everything.hidden = this.#gone || !this.#list.length;
    this.selection.keep(this.#gone ? [] : this.#list.map((one) => one.id));
    if (!this.#list.length) {
      const filtered = Object.values(asked(this.#query).form).some(Boolean);
      const text = this.#gone ? { icon: 'tick', title: 'None was discarded', text: 'What somebody discards is kept here for 30 days, with the reason.' }
        : filtered ? { icon: 'search', title: 'Nothing found', text: 'No dead letter passes the filters. Clear them to see all.' }
          : { icon: 'tick', title: 'No dead letters', text: 'What is given up after all its attempts waits here until somebody redrives or discards it.' };
      if (this.place.querySelector('.empty h2')?.textContent !== text.title) fill(this.place, empty(text));
      return;
    }
    if (this.table.parentNode !== this.place) fill(this.place, this.table);
    const rows = [];
    for (const one of this.#list) {
      const open = this.#open.has(one.id);
      rows.push(this.#rows.row(one.id, [one, open], () => this.#row(one, open)));
      if (open) rows.push(this.#rows.row(`${one.id}+`, one.id, () => h('tr', { class: 'opened' }, h('td', { colspan: '6' }, this.#open.get(one.id).element))));
    }
    this.#rows.show(this.body, rows);
  }

  #row(one, open) {
    const cell = (label, ...content) => h('td', { dataset: { label } }, content);
    const [what, channel] = topic(one);
    const to = one.delivery_sid && receiver.exec(one.key);
    const note = (text) => (text ? h('span', { class: 'cell-note' }, text) : null);
    return h('tr', { dataset: { letter: one.id }, class: open ? 'is-open' : '' },
      h('td', { class: 'check' }, this.#gone ? null : this.selection.box(one.id, `Select no. ${one.id}`)),
      cell('When', timeElement(one.date_created, brief)),
      cell('What', h('strong', {}, what), to ? h('span', { class: 'cell-note' }, 'to ', addressElement(to[1])) : null, note(channel), one.payload && !one.delivery_sid ? note(h('bdi', { dir: 'auto' }, bodyNodes(one.payload.slice(0, 200)))) : null),
      cell('Why', one.error_code ? codeElement(one.error_code) : '–'),
      cell('Its last words', h('span', { class: 'letter-reason', dir: 'auto' }, bodyNodes(one.reason.slice(0, 600))),
        one.date_discarded ? h('p', { class: 'cell-note' }, badge('discarded'), ' ', h('span', { dir: 'auto' }, one.discard_reason), ` (${one.discarded_by}, `, timeElement(one.date_discarded), ')') : null),
      h('td', { class: 'cell-actions' }, this.#gone ? null : [
        h('button', { type: 'button', class: 'button redrive', 'aria-label': `Redrive no. ${one.id}`, onclick: (event) => this.#redrive(event.currentTarget, one.id) }, 'Redrive'),
        h('button', { type: 'button', class: 'button quiet discard', 'aria-label': `Discard no. ${one.id}`, onclick: () => this.#discard(one.id) }, 'Discard')],
      one.delivery_sid ? h('button', { type: 'button', class: 'icon-button open-row', 'aria-expanded': String(open), 'aria-label': `Attempts of no. ${one.id}`, title: 'Attempts', onclick: () => this.#toggle(one) }, icon('chevron')) : null));
  }

  async #redrive(button, id) {
    button.disabled = true;
    await redrive([id]);
    button.disabled = false;
    await this.refresh();
  }

  async #discard(id) {
    if (await discard([id])) await this.refresh();
  }

  #toggle(one) {
    if (!this.#open.delete(one.id)) this.#open.set(one.id, new Detail(one.delivery_sid, () => this.refresh()));
    this.#draw();
    [...this.body.querySelectorAll('tr')].find((row) => row.dataset.letter === String(one.id))?.querySelector('.open-row')?.focus();
  }
}
