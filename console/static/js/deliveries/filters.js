// The filters, which are kept in the URL: search by address or SID, channel, code, time.
import { h, icon } from '../dom.js';
import { each } from '../api.js';
import { errorName } from '../format.js';

const hours = [['', 'Any time'], ['1', 'Last hour'], ['24', 'Last 24 hours'], ['168', 'Last 7 days']];
const isSID = /^(DY|CH|IM)[0-9a-fA-F]{32}$/;
const isAddress = /^(whatsapp:)?\+?[0-9 ().-]{6,24}$|^(whatsapp|messenger):\S+$/;

/** The bar. Each change moves the router. */
export class Filters {
  constructor(router) {
    this.router = router;
    this.search = h('input', {
      class: 'input', type: 'search', placeholder: 'Address, or SID of a delivery, message or conversation', autocomplete: 'off', spellcheck: 'false',
      'aria-label': 'Search by address or SID', 'aria-describedby': 'search-wrong', onkeydown: (event) => this.#key(event), onchange: () => this.#find(), oninput: () => this.#refuse(''),
    });
    this.wrong = h('p', { class: 'field-error', id: 'search-wrong', role: 'alert', hidden: true });
    this.channel = h('select', { class: 'select small', 'aria-label': 'Channel', onchange: () => this.#set('channel', this.channel.value) }, h('option', { value: '' }, 'Every channel'));
    this.since = h('select', { class: 'select small', 'aria-label': 'Time', onchange: () => this.#set('hours', this.since.value) }, hours.map(([value, text]) => h('option', { value }, text)));
    this.code = h('input', { class: 'input small', inputmode: 'numeric', maxlength: '6', placeholder: 'Error code', 'aria-label': 'Error code', autocomplete: 'off', onchange: () => this.#setCode() });
    this.codeName = h('span', { class: 'muted code-name' });
    this.clear = h('button', { type: 'button', class: 'button quiet', hidden: true, onclick: () => router.go(`${router.url()}?view=${router.query.get('view') ?? 'failed'}`) }, 'Clear');
    this.finder = h('div', { class: 'finder' }, h('div', { class: 'search' }, icon('search'), this.search, h('kbd', { 'aria-hidden': 'true' }, '/')), this.wrong);
    this.element = h('div', { class: 'delivery-filters', role: 'group', 'aria-label': 'Filters' }, this.finder, this.channel, this.since, this.code, this.codeName, this.clear);
    this.#loadChannels();
  }

  /** Shows what the URL has. */
  follow(query, view) {
    this.element.hidden = view === 'windows';
    this.finder.hidden = view === 'letters';
    if (document.activeElement !== this.search) this.search.value = query.get('search') ?? '';
    this.#choose(query.get('channel') ?? '');
    this.since.value = query.get('hours') ?? '';
    this.code.value = query.get('code') ?? '';
    for (const control of [this.channel, this.since]) control.classList.toggle('is-set', Boolean(control.value));
    this.clear.hidden = !['search', 'channel', 'hours', 'code'].some((name) => query.get(name));
    this.codeName.textContent = '';
    const code = query.get('code');
    if (code) errorName(code).then((name) => { if (this.code.value === code) this.codeName.textContent = name; });
  }

  #choose(channel) {
    if (channel && ![...this.channel.options].some((one) => one.value === channel)) this.channel.append(h('option', { value: channel }, channel));
    this.channel.value = channel;
  }

  async #loadChannels() {
    try {
      const names = new Set();
      for await (const number of each('/bridged/v1/numbers', { PageSize: 50 }, 'numbers')) names.add(number.channel);
      const known = new Set([...this.channel.options].map((one) => one.value));
      this.channel.append(...[...names].filter((name) => !known.has(name)).map((name) => h('option', { value: name }, name)));
    } catch {
      // the table says that the server cannot be reached
    }
  }

  #set(name, value) {
    const query = this.router.query;
    if (value) query.set(name, value);
    else query.delete(name);
    this.router.go(`${this.router.url()}?${query}`);
  }

  #setCode() {
    const digits = this.code.value.trim();
    const wrong = digits && !/^[1-9]\d{0,5}$/.test(digits);
    this.code.toggleAttribute('aria-invalid', wrong);
    if (wrong) this.code.setAttribute('aria-invalid', 'true');
    this.codeName.textContent = wrong ? 'An error code is a number, such as 30003.' : '';
    if (!wrong) this.#set('code', digits);
  }

  #key(event) {
    if (event.key === 'Enter') this.#find();
    if (event.key !== 'Escape') return;
    this.search.value = '';
    this.#find();
  }

  #find() {
    const text = this.search.value.trim();
    if (text && !isSID.test(text) && !isAddress.test(text)) {
      this.#refuse('Give an address, such as +15550200001 or whatsapp:+15550300002, or a SID that begins with DY, IM or CH.');
      return;
    }
    this.#refuse('');
    this.#set('search', text);
  }

  #refuse(text) {
    this.wrong.textContent = text;
    this.wrong.hidden = !text;
    if (text) this.search.setAttribute('aria-invalid', 'true');
    else this.search.removeAttribute('aria-invalid');
  }
}

/** What the filters of a URL ask the API for; a delivery that is named is `only`. */
export function asked(query) {
  const text = query.get('search') ?? '';
  const sid = isSID.test(text) ? text : '';
  const since = Number(query.get('hours'));
  const address = sid || !text ? null : text.replace(/(?!^whatsapp:)[ ().-]/g, '').replace(/^(whatsapp:)?(?=\d)/, '$1+');
  return {
    only: sid.startsWith('DY') ? sid : '',
    form: {
      Channel: query.get('channel') || null, ErrorCode: query.get('code') || null,
      Since: since ? new Date(Math.floor(Date.now() / 60000) * 60000 - since * 3600000).toISOString().replace(/\.\d+/, '') : null,
    },
    find: { Address: address, ConversationSid: sid.startsWith('CH') ? sid : null, MessageSid: sid.startsWith('IM') ? sid : null },
    filtered: ['search', 'channel', 'hours', 'code'].some((name) => query.get(name)),
  };
}
