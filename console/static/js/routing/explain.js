// "Where would this go?": asks the rules, and draws the way through them.
import { fill, h, icon } from '../dom.js';
import { get } from '../api.js';
import { addressElement, parseAddress } from '../format.js';
import { badge, copyButton, field } from '../ui.js';

// The rules in their order, as questions.
const questions = {
  receiver: 'Is it written to one of our numbers?',
  sender: 'Is it written by somebody else?',
  'number group': 'Is it a group text, and is there a conversation of the group?',
  conversation: 'Does a live conversation have the two numbers?',
  'address configuration': 'Does our number make a conversation?',
  'messaging service': 'Does its messaging service make one?',
  'inbound webhook': 'Does an inbound webhook hear of it?',
};
const ends = {
  conversation: { icon: 'chat', kind: 'good', text: 'Into a conversation' },
  'new conversation': { icon: 'plus', kind: 'good', text: 'Into a new conversation' },
  webhook: { icon: 'webhook', kind: 'info', text: 'To the inbound webhook' },
  unrouted: { icon: 'alert', kind: 'bad', text: 'Nowhere: it is kept as unrouted' },
  dropped: { icon: 'close', kind: 'warn', text: 'Nowhere: it is dropped' },
};

/** The form and the way. What was asked is in the URL, so that it can be sent to others. */
export class Explain {
  #asked = '';
  #newest = 0;

  constructor(router) {
    this.router = router;
    const input = (props) => h('input', { class: 'input', autocomplete: 'off', spellcheck: 'false', inputmode: 'tel', ...props });
    this.numbers = h('datalist', { id: 'our-numbers' });
    this.from = field({ label: 'From', hint: 'Who writes', control: input({ placeholder: '+15550200001' }) });
    this.to = field({ label: 'To', hint: 'Your number, or several', control: input({ list: 'our-numbers', placeholder: '+15550100001' }) });
    this.button = h('button', { type: 'submit', class: 'button primary' }, icon('route', 'small'), 'Show the way');
    this.way = h('div', { class: 'way-place', 'aria-live': 'polite' }, this.#hint());
    this.element = h('section', { class: 'card', 'aria-labelledby': 'explain-title' },
      h('header', { class: 'card-head' }, h('h2', { id: 'explain-title' }, 'Where would this go?')),
      h('form', { class: 'explain-form', novalidate: true, onsubmit: (event) => this.#submit(event) }, this.from, this.to, this.button, this.numbers), this.way);
  }

  /** Offers our numbers. */
  know(numbers) {
    fill(this.numbers, numbers.map((one) => h('option', { value: one.address }, parseAddress(one.address).text)));
  }

  /** Asks for addresses, as if they had been written into the form. */
  ask(from, to) {
    this.router.go(this.router.url() + `?${new URLSearchParams([['from', from], ...to.map((one) => ['to', one])])}`);
  }

  /** Shows what the URL asks for. */
  async follow() {
    const { query } = this.router;
    const [from, to] = [query.get('from') ?? '', query.getAll('to')];
    this.from.control.value = from;
    this.to.control.value = to.join(', ');
    if (!from || !to.length) return;
    await this.#show(from, to);
    this.element.scrollIntoView({ block: 'nearest' });
  }

  /** Asks again, because something has changed. */
  async again() {
    const { query } = this.router;
    if (query.get('from') && query.get('to')) await this.#show(query.get('from'), query.getAll('to'), true);
  }

  #hint() {
    return h('p', { class: 'muted way-hint' }, 'The same rules are asked as for a real message, one after the other, until one decides. Nothing is sent.');
  }

  #submit(event) {
    event.preventDefault();
    const from = this.from.control.value.trim();
    const to = this.to.control.value.split(/[\s,;]+/).filter(Boolean);
    this.from.refuse(from ? '' : 'Say who writes.');
    this.to.refuse(to.length ? '' : 'Say to which number.');
    const wrong = [this.from, this.to].find((one) => one.control.hasAttribute('aria-invalid'));
    if (wrong) return wrong.control.focus();
    const url = `${this.router.url()}?${new URLSearchParams([['from', from], ...to.map((one) => ['to', one])])}`;
    if (url === location.pathname + location.search) this.#show(from, to);
    else this.router.go(url);
  }

  async #show(from, to, quiet = false) {
    const mine = ++this.#newest;
    if (!quiet) this.button.disabled = true;
    try {
      const found = await get('/bridged/v1/routing/explain', { From: from, To: to });
      if (mine !== this.#newest) return;
      const text = JSON.stringify([from, to, found]);
      if (text !== this.#asked) this.#draw(from, to, found);
      this.#asked = text;
    } catch (error) {
      if (mine !== this.#newest || quiet) return;
      this.#asked = '';
      this.#refuse(error);
    } finally {
      this.button.disabled = false;
    }
  }

  // A mistake is told beside the field that the sentence names.
  #refuse(error) {
    const about = error.status === 400 ? (/\bFrom\b/.test(error.message) ? this.from : this.to) : null;
    fill(this.way, about ? this.#hint() : h('p', { class: 'notice bad', role: 'alert' }, error.message));
    about?.refuse(error.message);
    about?.control.focus();
  }

  #draw(from, to, found) {
    const names = Object.keys(questions);
    const last = found.rules.at(-1)?.rule;
    const left = last && names.includes(last) && found.destination !== 'unrouted' ? names.slice(names.indexOf(last) + 1) : [];
    const end = ends[found.destination] ?? { icon: 'alert', kind: '', text: found.destination };
    fill(this.way, h('ol', { class: 'way', 'aria-label': 'The way of the message' },
      h('li', { class: 'way-step start' }, h('span', { class: 'way-dot' }, icon('phone', 'small')),
        h('div', { class: 'way-text' }, h('strong', {}, addressElement(from)), h('span', { class: 'muted' }, ' writes to '), to.map((one, n) => [n ? ', ' : '', addressElement(one)]))),
      found.rules.map((one) => h('li', { class: `way-step ${one.decides ? 'decides' : 'passes'}`, dataset: { rule: one.rule } },
        h('span', { class: 'way-dot' }, one.decides ? icon('tick', 'small') : null),
        h('div', { class: 'way-text' }, h('div', { class: 'way-question' }, questions[one.rule] ?? one.rule, one.decides ? badge('decides', end.kind) : null), h('p', { class: 'muted' }, sentence(one.reason))))),
      h('li', { class: `way-step end ${end.kind}`, dataset: { destination: found.destination } }, h('span', { class: 'way-dot' }, icon(end.icon, 'small')),
        h('div', { class: 'way-text' }, h('strong', {}, end.text), this.#where(found))),
      left.map((name) => h('li', { class: 'way-step left' }, h('span', { class: 'way-dot' }), h('div', { class: 'way-text' }, h('span', { class: 'visually-hidden' }, 'Not asked: '), questions[name])))));
  }

  // What the end leads to.
  #where(found) {
    const sid = (label, value) => (value ? h('span', { class: 'sid' }, h('span', { class: 'muted' }, label), ' ', h('code', {}, value), copyButton(value, `Copy the SID of the ${label}`)) : null);
    if (found.destination === 'unrouted') return h('p', { class: 'muted' }, 'It is not lost: set up the number or make a conversation, then re-inject it.');
    return h('div', { class: 'way-where' },
      found.conversation_sid ? h('a', { class: 'button', href: `/console/inbox/${found.conversation_sid}` }, icon('chat', 'small'), 'Open the conversation') : null,
      found.destination === 'new conversation' ? h('p', { class: 'muted' }, found.address_configuration_sid ? "Made by the number's address configuration." : 'Made by the messaging service.') : null,
      found.destination === 'webhook' || found.destination === 'new conversation' ? sid('messaging service', found.messaging_service_sid) : null);
  }
}

const sentence = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1) + (text.endsWith('.') ? '' : '.');
