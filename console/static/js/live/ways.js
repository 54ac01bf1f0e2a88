// The last messages, each with its way through the stages and the time that each took.
import { fill, h, icon, Rows } from '../dom.js';
import { get } from '../api.js';
import { addressElement, channelName, errorName, moment, oneLine, parseAddress, plural, timeElement } from '../format.js';
import { empty, failure } from '../ui.js';
import { duration } from './chart.js';

const most = 10;
const askEvery = 400; // milliseconds between two rounds of questions, at the least

const precise = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' });
const exactly = (iso) => timeElement(iso, (text) => precise.format(new Date(text)));

export class Ways {
  #messages = new Map(); // by SID, those that came last at the end: {message, trace, stale}
  #names = new Map(); // of conversations
  #rows = new Rows();
  #timer = null;
  paused = false;

  constructor() {
    this.list = h('ol', { class: 'ways-list' });
    this.element = h('section', { class: 'card ways', 'aria-labelledby': 'ways-title' },
      h('div', { class: 'ways-head' }, h('h2', { id: 'ways-title' }, 'The last messages'),
        h('p', { class: 'muted' }, 'Their way through bridged. What is routed is appended in the same commit, so these two are one stage.')), this.list);
  }

  /** Asks which messages came last. */
  async load() {
    try {
      const { conversations } = await get('/bridged/v1/inbox', { PageSize: 2 * most });
      const found = conversations.filter((one) => one.last_message).slice(0, most).reverse();
      this.#messages = new Map(found.map((one) => {
        this.#names.set(one.conversation.sid, one.conversation.friendly_name || one.conversation.unique_name);
        return [one.last_message.sid, { message: one.last_message, trace: this.#messages.get(one.last_message.sid)?.trace ?? null, stale: true }];
      }));
      await this.#ask();
    } catch (error) {
      if (!this.#messages.size) failure(this.list, error, () => this.load());
    }
  }

  hear({ type, resource }) {
    if (type === 'refresh') return this.load();
    if (this.paused || !resource) return;
    if (type === 'onMessageAdded') {
      this.#messages.set(resource.sid, { message: resource, trace: null, stale: true });
      while (this.#messages.size > most) this.#messages.delete(this.#messages.keys().next().value);
    } else if (type === 'onMessageRemoved') {
      this.#messages.delete(resource.sid);
    } else if (type === 'onDeliveryUpdated' && this.#messages.has(resource.message_sid)) {
      this.#messages.get(resource.message_sid).stale = true;
    } else {
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#ask();
    }, askEvery);
  }

  async #ask() {
    const stale = [...this.#messages.values()].filter((one) => one.stale);
    await Promise.all(stale.map(async (one) => {
      one.stale = false;
      try {
        one.trace = await get(`/bridged/v1/messages/${one.message.sid}/trace`);
      } catch (error) {
        if (error.status === 404) this.#messages.delete(one.message.sid);
        else one.stale = true; // asked again with the next event
      }
    }));
    await this.#askNames();
    this.#draw();
  }

  async #askNames() {
    const unknown = [...new Set([...this.#messages.values()].map((one) => one.message.conversation_sid))].filter((sid) => !this.#names.has(sid));
    if (!unknown.length) return;
    try {
      const { conversations } = await get('/bridged/v1/inbox', { ConversationSid: unknown, PageSize: 100 });
      for (const { conversation } of conversations) this.#names.set(conversation.sid, conversation.friendly_name || conversation.unique_name);
    } catch {
      // it is called by its number then
    }
  }

  #draw() {
    const shown = [...this.#messages.values()].filter((one) => one.trace).reverse();
    if (!shown.length) {
      this.#rows.clear();
      fill(this.list, h('li', {}, empty({ icon: 'pulse', title: 'No messages yet', text: 'As soon as somebody writes, you see here how long each stage took.' })));
      return;
    }
    const rows = shown.map((one) => {
      const name = this.#names.get(one.message.conversation_sid) || one.message.conversation_sid;
      const old = this.list.querySelector(`[data-message="${CSS.escape(one.message.sid)}"] details`)?.open;
      return this.#rows.row(one.message.sid, [one.trace, name], () => way(one, name, old));
    });
    this.#rows.show(this.list, rows);
  }
}

function way({ message, trace }, name, open) {
  const text = oneLine(message.body ?? '', 120) || (message.media?.length ? plural(message.media.length, 'file', 'files') : 'A message without text');
  const stages = stagesOf(trace);
  const author = /^(whatsapp:)?\+/.test(message.author) ? addressElement(message.author) : h('bdi', {}, message.author);
  const first = stages[0], last = stages.findLast((one) => one.at !== null);
  return h('li', { class: 'way', dataset: { message: message.sid } },
    h('div', { class: 'way-head' },
      h('span', { class: 'way-author' }, author),
      h('a', { class: 'way-name', href: `/console/inbox/${message.conversation_sid}` }, h('bdi', {}, name)),
      h('time', { class: 'way-time muted', datetime: first.at, title: moment(first.at) }, precise.format(new Date(first.at)))),
    h('p', { class: 'way-text', dir: 'auto' }, text),
    h('ol', { class: 'stages' }, stages.map(stage)),
    trace.deliveries.length ? receivers(trace, open) : null,
    h('span', { class: 'visually-hidden' }, last === first ? '' : `${duration(Date.parse(last.at) - Date.parse(first.at))} in all.`));
}

/**
 * The stages of a message: {name, at, state, more}. One that all deliveries have to
 * reach is at the time of the last of them; at is null of one that is not reached.
 */
export function stagesOf(trace) {
  const { inbound, deliveries } = trace;
  const stages = [];
  if (inbound) stages.push({ name: 'Accepted', at: inbound.date_accepted, more: channelName(inbound.channel) });
  stages.push({ name: inbound ? 'Routed, appended' : 'Appended', at: trace.date_appended, more: inbound ? '' : 'written here' });
  if (!deliveries.length) return [...stages, { name: 'No receivers', at: null, none: true, more: 'nobody outside of chat' }];
  const failed = deliveries.filter((one) => one.date_failed);
  const reach = (title, field, needed) => {
    const there = deliveries.filter((one) => one[field]).map((one) => one[field]).sort((a, b) => Date.parse(a) - Date.parse(b));
    if (!there.length && !needed) return;
    const all = there.length === deliveries.length;
    stages.push({ name: title, at: there.at(-1) ?? null, part: !all && there.length > 0, more: deliveries.length > 1 ? `${there.length} of ${deliveries.length}` : channelName(deliveries[0].channel) });
  };
  const alive = failed.length < deliveries.length;
  reach('Sent', 'date_sent', alive);
  reach('Delivered', 'date_delivered', alive);
  reach('Read', 'date_read', false);
  if (failed.length) {
    const at = failed.map((one) => one.date_failed).sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
    stages.push({ name: 'Failed', at, bad: true, code: failed[0].error_code, more: deliveries.length > 1 ? `${failed.length} of ${deliveries.length}` : channelName(failed[0].channel) });
  }
  return stages;
}

// The time since the stage before it that was reached.
function stage(one, place, all) {
  const before = all.slice(0, place).findLast((other) => other.at !== null && !other.bad);
  const took = one.at && before ? duration(Math.max(0, Date.parse(one.at) - Date.parse(before.at))) : '';
  const state = one.bad ? 'bad' : one.at === null ? 'none' : one.part ? 'part' : 'done';
  const more = h('span', { class: 'stage-more' }, one.more);
  if (one.code) errorName(one.code).then((name) => { more.textContent = `${name} (${one.code})`; });
  return h('li', { class: 'stage', dataset: { stage: one.name.split(/[ ,]/)[0].toLowerCase(), state } },
    h('span', { class: 'stage-dot' }, one.bad ? icon('close', 'small') : one.at === null ? null : icon('tick', 'small')),
    h('span', { class: 'stage-words' },
      h('span', { class: 'stage-name' }, one.name),
      h('strong', { class: 'stage-took', title: one.at ? moment(one.at) : null }, took ? `+${took}` : one.at ? precise.format(new Date(one.at)) : one.none ? '' : 'not yet'),
      more));
}

function receivers(trace, open) {
  const cell = (iso) => h('td', {}, iso ? exactly(iso) : '–');
  const columns = [['Made', 'date_created'], ['Begun', 'date_started'], ['Sent', 'date_sent'], ['Delivered', 'date_delivered'], ['Read', 'date_read'], ['Failed', 'date_failed']];
  return h('details', { class: 'way-receivers', open }, h('summary', {}, plural(trace.deliveries.length, 'receiver', 'receivers'), trace.more_deliveries ? ' and more' : ''),
    h('div', { class: 'table-frame', tabindex: '0', role: 'region', 'aria-label': 'Times of each receiver' },
      h('table', { class: 'table' },
        h('thead', {}, h('tr', {}, ['Receiver', ...columns.map(([name]) => name), 'Attempts'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, trace.deliveries.map((one) => h('tr', {},
          h('th', { scope: 'row' }, channelName(parseAddress(one.address).channel), ' ', addressElement(one.address)), columns.map(([, field]) => cell(one[field])), h('td', {}, one.attempts)))))));
}
