// One delivery in full: every attempt and report, with the carrier's own words.
import { fill, h, icon } from '../dom.js';
import { get } from '../api.js';
import { addressElement, bodyNodes, fromNow, moment, size, timeElement } from '../format.js';
import { badge, copyButton, failure } from '../ui.js';
import { discard, redrive } from './mend.js';
import { codeElement } from './words.js';

const outcomes = { accepted: ['taken by the carrier', 'good'], refused: ['refused', 'bad'], unknown: ['outcome unknown', 'warn'], pending: ['under way', 'info'] };
const kinds = { delivered: 'good', read: 'info', failed: 'bad', undelivered: 'bad' };
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
const fileKinds = { kept: '', converted: 'info', linked: 'info', failed: 'bad' };

/** Fills an element with a delivery; changed is called after each change that it made. */
export class Detail {
  #shown = '';

  constructor(sid, changed) {
    Object.assign(this, { sid, changed });
    this.element = h('div', { class: 'detail', 'aria-busy': 'true' }, h('span', { class: 'skeleton line' }), h('span', { class: 'skeleton line short' }));
    this.refresh();
  }

  /** Asks for it again. */
  async refresh() {
    try {
      const found = await get(`/bridged/v1/deliveries/${this.sid}`);
      const text = JSON.stringify(found);
      if (text === this.#shown) return;
      this.#shown = text;
      this.#draw(found);
    } catch (error) {
      if (!this.#shown) failure(this.element, error, () => this.refresh());
    }
    this.element.removeAttribute('aria-busy');
  }

  #draw(found) {
    const focus = this.element.contains(document.activeElement) ? document.activeElement.textContent : null;
    fill(this.element, this.#actions(found), found.reason ? h('p', { class: 'notice warn', dir: 'auto' }, bodyNodes(found.reason)) : null,
      h('div', { class: 'detail-pair' },
        h('section', {}, h('h3', {}, 'Attempts'), found.attempts.length ? h('ol', { class: 'attempts' }, found.attempts.map((one) => attempt(one, found.parts))) : h('p', { class: 'muted' }, 'None was made.')),
        h('section', {}, h('h3', {}, 'What the carrier reported'), found.status_reports.length ? h('ol', { class: 'attempts' }, found.status_reports.map(report)) : h('p', { class: 'muted' }, 'Nothing.'), files(found.files), facts(found))));
    if (focus) [...this.element.querySelectorAll('a, button')].find((one) => one.textContent === focus)?.focus();
  }

  #actions(found) {
    const letter = found.dead_letter_id;
    return h('div', { class: 'detail-actions' },
      letter ? h('button', { type: 'button', class: 'button primary', onclick: async (event) => {
        event.target.disabled = true;
        await redrive([letter]);
        this.#after();
      } }, icon('refresh', 'small'), 'Redrive') : null,
      letter ? h('button', { type: 'button', class: 'button danger', onclick: async () => (await discard([letter])) && this.#after() }, 'Discard') : null,
      found.conversation_sid ? h('a', { class: 'button', href: `/console/inbox/${found.conversation_sid}` }, icon('chat', 'small'), 'Open the conversation') : null);
  }

  async #after() {
    await this.refresh();
    this.changed();
  }
}

function attempt(one, parts) {
  const [text, kind] = outcomes[one.outcome] ?? [one.outcome, ''];
  return h('li', { class: 'attempt' },
    h('div', { class: 'attempt-head' }, h('strong', {}, `No. ${one.number}`), badge(text, kind), one.status && one.status !== 'sent' ? badge(one.status, kinds[one.status] ?? '') : null,
      one.throttled ? badge('asked to slow down', 'warn') : null, h('span', { class: 'muted' }, exactly(one.date_started), one.date_ended ? `, took ${took(one)}` : '', parts > 1 ? `, part ${one.part + 1} of ${parts}` : '')),
    said(one));
}

function report(one) {
  return h('li', { class: 'attempt' },
    h('div', { class: 'attempt-head' }, badge(one.status ?? 'unknown', kinds[one.status] ?? ''), h('span', { class: 'muted' }, exactly(one.date_reported ?? one.date_received))), said(one));
}

// The code by its name, and the carrier's own words.
function said({ error_code: code, carrier_code: theirs, carrier_message: words }) {
  return [code ? h('div', { class: 'attempt-code' }, codeElement(code)) : null,
    theirs || words ? h('blockquote', { class: 'words', dir: 'auto' }, theirs && theirs !== String(code) ? [h('code', {}, theirs), ' '] : null, words ? bodyNodes(words) : null) : null];
}

const exactly = (iso) => h('time', { datetime: iso, title: moment(iso) }, clock.format(new Date(iso)));

function took({ date_started: from, date_ended: to }) {
  const ms = new Date(to) - new Date(from);
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
}

function files(list) {
  if (!list.length) return null;
  return [h('h3', {}, 'Files'), h('ul', { class: 'attempts' }, list.map((one) => h('li', { class: 'attempt' },
    h('div', { class: 'attempt-head' }, badge(one.outcome, fileKinds[one.outcome] ?? ''), h('bdi', { dir: 'auto' }, one.filename || one.content_type || one.sid), one.size ? h('span', { class: 'muted' }, size(one.size)) : null),
    one.reason ? h('p', { class: 'muted' }, one.reason) : null)))];
}

function facts(found) {
  const row = (label, ...value) => [h('dt', {}, label), h('dd', {}, value)];
  const sid = (label, value) => (value ? row(label, h('span', { class: 'sid' }, h('code', {}, value), copyButton(value, `Copy the SID of the ${label.toLowerCase()}`))) : null);
  return h('dl', { class: 'facts' }, row('From', addressElement(found.proxy_address)),
    found.date_due ? row('Next try', timeElement(found.date_due, moment), ' ', h('span', { class: 'muted' }, `(${fromNow(found.date_due)})`)) : null,
    sid('Delivery', found.sid), sid('Message', found.message_sid), found.provider_id ? row('Carrier’s id', h('code', {}, found.provider_id)) : null);
}
