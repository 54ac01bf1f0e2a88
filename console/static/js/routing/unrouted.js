// Messages that went nowhere: why, and a button that takes them up again.
import { fill, h, icon, Rows } from '../dom.js';
import { get, nextPage, post } from '../api.js';
import { addressElement, bodyNodes, moment, oneLine, plural, timeElement } from '../format.js';
import { empty, failure, toast } from '../ui.js';

const path = '/bridged/v1/unrouted';
const pageSize = 20;

/** The list, oldest first. why asks where one would go now; changed is called when one was taken up. */
export class Unrouted {
  #rows = new Rows();
  #pages = 1;
  #newest = 0;
  #shown = false;
  #busy = new Map(); // those that are being taken up, by their id

  constructor(why, changed) {
    Object.assign(this, { why, changed });
    this.list = h('ul', { class: 'unrouted' });
    this.more = h('button', { type: 'button', class: 'button quiet', hidden: true, onclick: () => { this.#pages++; this.load(); } }, 'Show more');
    this.place = h('div', { class: 'unrouted-place' }, h('div', { class: 'placeholder' }, h('span', { class: 'skeleton line' })));
    this.element = h('section', { class: 'card', 'aria-labelledby': 'unrouted-title' },
      h('header', { class: 'card-head' }, h('h2', { id: 'unrouted-title' }, 'Unrouted messages')), this.place);
  }

  /** Loads and shows as many pages as are shown already. */
  async load() {
    const mine = ++this.#newest;
    try {
      const entries = [];
      let next = `${path}?PageSize=${pageSize}`;
      for (let n = 0; n < this.#pages && next; n++) {
        const page = await get(next);
        entries.push(...page.unrouted);
        next = nextPage(page);
      }
      if (mine !== this.#newest) return;
      this.more.hidden = !next;
      this.#draw(entries);
    } catch (error) {
      if (mine === this.#newest && !this.#shown) failure(this.place, error, () => this.load());
    }
  }

  #draw(entries) {
    this.#shown = true;
    if (!entries.length) {
      if (!this.place.querySelector('.empty')) {
        fill(this.place, empty({ icon: 'tick', title: 'Nothing is unrouted', text: 'Every message that came in found its way. One that no conversation, configuration or webhook takes is kept here, with the reason.' }));
      }
      return;
    }
    if (this.list.parentNode !== this.place) fill(this.place, this.list, this.more);
    this.#rows.show(this.list, entries.map((one) => this.#rows.row(one.id, one, () => this.#row(one))));
  }

  #row(one) {
    const take = h('button', { type: 'button', class: 'button', onclick: () => this.#take(one, take) }, icon('refresh', 'small'), 'Re-inject');
    const files = one.media.length ? h('span', { class: 'cell-note' }, icon('clip', 'small'), ' ', plural(one.media.length, 'file', 'files')) : null;
    return h('li', { class: 'unrouted-row', dataset: { id: one.id } },
      h('div', { class: 'unrouted-head' }, addressElement(one.from), h('span', { class: 'muted' }, ' to '), [one.to, ...one.others].map((to, n) => [n ? ', ' : '', addressElement(to)]), timeElement(one.date_received)),
      one.body ? h('p', { class: 'unrouted-body', dir: 'auto' }, bodyNodes(oneLine(one.body, 300))) : null, files,
      h('p', { class: 'unrouted-reason' }, icon('alert', 'small'), h('span', {}, one.reason)),
      one.notes.map((note) => h('p', { class: 'muted' }, note)),
      h('div', { class: 'unrouted-foot' }, take, h('button', { type: 'button', class: 'button quiet', onclick: () => this.why(one) }, 'Where would it go now?')));
  }

  // What is taken up is out of the list until its routing is over: it comes back when
  // nobody wants it still.
  async #take(one, button) {
    if (this.#busy.has(one.id)) return;
    this.#busy.set(one.id, button);
    button.disabled = true;
    try {
      await post(`${path}/${one.id}`);
      toast(`The message of ${moment(one.date_received)} is taken up again.`);
    } catch (error) {
      toast(error.message, 'bad');
    }
    this.#busy.delete(one.id);
    button.disabled = false;
    await this.load();
    this.changed();
  }
}
