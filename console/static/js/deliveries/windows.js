// WhatsApp's windows: until when each person may be sent free text. Those that close
// first come first, and their time runs down.
import { fill, h, icon, Rows } from '../dom.js';
import { each } from '../api.js';
import { addressElement, moment, timeElement } from '../format.js';
import { badge, empty, failure } from '../ui.js';
import { placeholder } from './table.js';

const most = 2000; // windows that are looked at
const day = 24 * 3600000;

/** The table of windows. */
export class Windows {
  #rows = new Rows();
  #list = [];
  #newest = 0;
  #drawn = false;
  #clock = null;

  constructor() {
    this.body = h('tbody');
    this.table = h('table', { class: 'table cards' }, h('thead', {}, h('tr', {}, ['Person', 'Your number', 'Wrote last', 'Closes in'].map((name) => h('th', { scope: 'col' }, name)), h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Conversation')))), this.body);
    this.note = h('p', { class: 'muted windows-note' }, 'For 24 hours after a person has written, WhatsApp lets free text through. Then only templates pass.');
    this.place = h('div', { class: 'table-frame' }, placeholder());
    this.element = h('section', { class: 'card', 'aria-label': 'WhatsApp windows' }, this.note, this.place);
  }

  /** Shows them. */
  async show() {
    this.#clock ??= setInterval(() => this.#tick(), 1000);
    await this.refresh();
  }

  /** Nobody looks any more. */
  hide() {
    clearInterval(this.#clock);
    this.#clock = null;
  }

  /** Asks again. */
  async refresh() {
    const mine = ++this.#newest;
    try {
      const list = [];
      for await (const one of each('/bridged/v1/windows', { PageSize: 1000 }, 'windows')) {
        list.push(one);
        if (list.length >= most) break;
      }
      if (mine !== this.#newest) return;
      const open = list.filter((one) => one.open).sort((a, b) => a.open_until.localeCompare(b.open_until));
      const closed = list.filter((one) => !one.open).sort((a, b) => b.open_until.localeCompare(a.open_until));
      this.#list = [...open, ...closed];
      this.#draw();
    } catch (error) {
      if (mine === this.#newest && !this.#drawn) failure(this.place, error, () => this.refresh());
    }
  }

  #draw() {
    this.#drawn = true;
    if (!this.#list.length) {
      if (!this.place.querySelector('.empty')) fill(this.place, empty({ icon: 'clock', title: 'No windows', text: 'When somebody writes to you on WhatsApp, it is shown here how long you may answer freely.' }));
      return;
    }
    if (this.table.parentNode !== this.place) fill(this.place, this.table);
    this.#rows.show(this.body, this.#list.map((one) => this.#rows.row(one.id, one, () => this.#row(one))));
    this.#tick();
  }

  #row(one) {
    const cell = (label, ...content) => h('td', { dataset: { label } }, content);
    return h('tr', { dataset: { until: one.open_until } },
      cell('Person', addressElement(one.address)), cell('Your number', addressElement(one.proxy_address)), cell('Wrote last', timeElement(one.last_inbound)),
      cell('Closes in', h('span', { class: 'remaining' }, h('progress', { max: '1', value: 0, 'aria-hidden': 'true' }), h('time', { datetime: one.open_until, title: moment(one.open_until) }))),
      h('td', { class: 'cell-actions' }, one.conversation_sid ? h('a', { class: 'button', href: `/console/inbox/${one.conversation_sid}` }, icon('chat', 'small'), 'Answer') : badge('in no conversation')));
  }

  // The time of each, to the second.
  #tick() {
    for (const row of this.body.children) {
      const left = new Date(row.dataset.until) - Date.now();
      const [bar, text] = row.querySelector('.remaining').children;
      const kind = left <= 0 ? 'closed' : left < 3600000 ? 'soon' : left < 4 * 3600000 ? 'later' : 'long';
      row.dataset.window = kind;
      bar.hidden = left <= 0;
      bar.value = Math.max(0, Math.min(1, left / day));
      text.textContent = left <= 0 ? 'Closed: templates only' : remaining(left);
    }
  }
}

function remaining(ms) {
  const seconds = Math.ceil(ms / 1000);
  const two = (n) => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
