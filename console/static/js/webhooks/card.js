// One of those who are told of events: how it is, what waits for it, and what was
// last asked and answered. A card is changed in its place, so that the focus stays.
import { fill, h, icon } from '../dom.js';
import { post, withQuery, get } from '../api.js';
import { bodyNodes, fromNow, plural, timeElement } from '../format.js';
import { badge, confirm, copyButton, toast } from '../ui.js';
import { before, eventCount } from './events.js';

const healths = {
  closed: ['Works', 'good', 'tick'], open: ['Left alone', 'bad', 'alert'], probing: ['Being tried', 'warn', 'refresh'],
};
const kinds = { account: 'Account', service: 'Service', webhook: 'Conversation', trigger: 'Conversation, by keyword', studio: 'Conversation, a flow' };
const lettersShown = 50;

/** How long something took. */
const took = (milliseconds) => (milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`);

export class Card {
  #lettersKnown = null;

  /** edit changes the configuration; null where this page does not. */
  constructor(sid, { edit }) {
    this.sid = sid;
    this.name = h('h2', { class: 'hook-name', id: `hook-${sid}` });
    this.kind = h('span');
    this.health = h('span', { class: 'hook-health', role: 'status' });
    this.urls = h('dl', { class: 'facts hook-urls' });
    this.numbers = h('dl', { class: 'hook-numbers' });
    this.error = h('p', { class: 'hook-error', dir: 'auto' });
    this.trouble = h('div', { class: 'notice bad hook-trouble', hidden: true });
    this.troubleText = h('p');
    this.resume = h('button', { type: 'button', class: 'button', onclick: () => this.#resume() }, icon('refresh', 'small'), 'Resume now');
    this.trouble.append(this.troubleText, this.resume);
    this.letters = h('div', { class: 'notice warn hook-trouble', hidden: true });
    this.lettersText = h('p');
    this.redrive = h('button', { type: 'button', class: 'button', onclick: () => this.#redrive() }, icon('refresh', 'small'), 'Redrive dead letters');
    this.letters.append(this.lettersText, this.redrive);
    this.test = h('button', { type: 'button', class: 'button', onclick: () => this.#test() }, icon('send', 'small'), 'Send a test');
    this.answer = h('div', { class: 'hook-answer', role: 'status' });
    this.element = h('article', { class: 'card hook', 'aria-labelledby': `hook-${sid}`, dataset: { target: sid } },
      h('div', { class: 'hook-head' }, this.name, this.kind, this.health,
        h('div', { class: 'hook-actions' }, this.test,
          edit ? h('button', { type: 'button', class: 'button', onclick: edit }, 'Change') : null)),
      this.trouble, this.letters, this.urls, this.numbers, this.error, this.answer);
  }

  /** Shows a target (null: it has no URL after a change) and its configuration (null: not known here). */
  show({ name, link, target, configuration }) {
    if (this.shown !== name) fill(this.name, link ? h('a', { href: link }, h('bdi', {}, name)) : h('bdi', {}, name));
    this.shown = name;
    const kind = target?.kind ?? (this.sid.startsWith('IS') ? 'service' : 'account');
    fill(this.kind, badge(kinds[kind] ?? kind));
    this.test.hidden = !target;
    this.#showHealth(target);
    this.#showURLs(target, configuration);
    this.#showNumbers(target);
    this.#showTrouble(target);
    if (target && this.#lettersKnown !== target.failed) {
      this.#lettersKnown = target.failed;
      this.#askLetters();
    }
  }

  #showHealth(target) {
    const [text, kind, mark] = target ? healths[target.health] ?? [target.health, '', 'alert'] : ['Only asked before', '', 'clock'];
    const quiet = target && target.health === 'closed' && !target.last_call;
    const shown = quiet ? 'Not called yet' : text;
    if (this.health.dataset.says === shown) return;
    this.health.dataset.says = shown;
    this.health.dataset.health = target?.health ?? '';
    fill(this.health, badge([icon(quiet ? 'clock' : mark, 'small'), shown], quiet ? 'info' : kind));
  }

  #showURLs(target, known) {
    const rows = [];
    const say = (title, ...content) => rows.push(h('dt', {}, title), h('dd', {}, content));
    const method = target?.method ?? known?.method ?? 'POST';
    const url = (text) => [h('span', { class: 'hook-method' }, method), ' ', h('code', { dir: 'ltr' }, text)];
    if (target) say('After a change', ...url(target.called_url));
    if (known?.pre_webhook_url) say('Before a change', ...url(masked(known.pre_webhook_url)));
    if (known) say('Events', this.#events(known.filters));
    const text = JSON.stringify([target?.called_url, method, known?.pre_webhook_url, known?.filters]);
    if (text === this.urlsShown) return;
    this.urlsShown = text;
    fill(this.urls, rows);
  }

  #events(filters) {
    if (!filters.length) return h('span', { class: 'hook-none' }, 'None is chosen, so nothing is told. Change it to choose some.');
    const said = [[filters.filter((one) => !before(one)), 'after'], [filters.filter(before), 'before']].filter(([some]) => some.length)
      .map(([some, when]) => `${some.length} ${when} a change`).join(', ');
    return h('details', { class: 'hook-events' }, h('summary', {}, `${filters.length} of ${eventCount}: ${said}`),
      h('ul', { class: 'hook-filters' }, filters.map((one) => h('li', {}, h('code', {}, one)))));
  }

  #showNumbers(target) {
    this.numbers.hidden = !target;
    if (!target) return;
    const last = target.last_call;
    const text = JSON.stringify([target.backlog, target.date_oldest && fromNow(target.date_oldest), last, last && fromNow(last.date), target.succeeded, target.failed]);
    if (text === this.numbersShown) return;
    this.numbersShown = text;
    const item = (title, value, more, kind) => h('div', { class: `hook-number ${kind ?? ''}`.trim() }, h('dt', {}, title), h('dd', {}, h('strong', {}, value), more ? h('span', { class: 'muted' }, more) : null));
    fill(this.error, last?.error ? bodyNodes(last.error) : null);
    fill(this.numbers,
      item('Waiting', target.backlog.toLocaleString(), target.date_oldest ? ['the oldest from ', timeElement(target.date_oldest, fromNow)] : 'nothing is behind', target.backlog ? 'warn' : ''),
      item('Last request', last ? h('code', {}, last.event_type) : 'None yet', last ? timeElement(last.date, fromNow) : 'since the start'),
      item('Its response', last ? response(last) : '–', last ? `after ${took(last.milliseconds)}` : null, last?.error ? 'bad' : ''),
      item('Calls', `${target.succeeded.toLocaleString()} taken`, `${target.failed.toLocaleString()} failed, since the start`, ''));
  }

  #showTrouble(target) {
    const open = target && target.health !== 'closed';
    this.trouble.hidden = !open;
    if (!open) return;
    const waiting = target.backlog ? `${plural(target.backlog, 'event waits', 'events wait')} and will be told in order.` : 'Nothing waits for it.';
    const next = target.health === 'probing' ? 'A call finds out now whether it works again.'
      : target.date_next_probe ? `A call finds out at ${clock(target.date_next_probe)} whether it works again.` : '';
    const text = `It failed five times in a row or more, and is left alone. ${next} ${waiting}`;
    if (this.troubleText.textContent !== text) this.troubleText.textContent = text;
  }

  async #askLetters() {
    try {
      const page = await get(withQuery('/bridged/v1/dead-letters', { Target: this.sid, PageSize: lettersShown }));
      const n = page.dead_letters.length;
      this.letters.hidden = !n;
      const many = page.meta?.next_page_url ? `More than ${n}` : n.toLocaleString();
      this.lettersText.textContent = `${many} ${n === 1 ? 'event was' : 'events were'} given up. Redriven, they are told behind what waits already.`;
    } catch {
      this.#lettersKnown = null; // asked again with the next refresh
    }
  }

  async #resume() {
    await this.#busy(this.resume, async () => {
      await post(`/bridged/v1/webhooks/${this.sid}/resume`);
      toast('It is called again now.');
      this.changed?.();
    });
  }

  async #redrive() {
    const sure = await confirm({ title: 'Redrive dead letters?', action: 'Redrive', text: 'What was given up is told again. Its server may have heard of some of it before.' });
    if (!sure) return;
    await this.#busy(this.redrive, async () => {
      let taken = 0;
      const refused = [];
      for (let after = null; ;) {
        const answer = await post('/bridged/v1/dead-letters', { Target: this.sid, After: after });
        taken += answer.redriven.length;
        refused.push(...answer.refused);
        after = answer.after;
        if (after === null) break;
      }
      toast(`${plural(taken, 'event is', 'events are')} told again.`);
      if (refused.length) toast(`${plural(refused.length, 'one stays', 'stay')}: ${refused[0].reason}`, 'bad');
      await this.#askLetters();
      this.changed?.();
    });
  }

  async #test() {
    fill(this.answer, h('p', { class: 'muted' }, 'Waiting for the answer, five seconds at the most…'));
    await this.#busy(this.test, async () => {
      const trial = await post(`/bridged/v1/webhooks/${this.sid}/test`);
      fill(this.answer, this.#trial(trial));
      this.changed?.();
    }, (error) => fill(this.answer, h('p', { class: 'notice bad' }, error.message)));
  }

  #trial({ call, content_type: type, body }) {
    return h('section', { class: 'trial', 'aria-label': 'The answer to the test' },
      h('div', { class: 'trial-head' },
        h('strong', {}, call.error ? 'The test was not taken' : 'The test was taken'), badge(response(call), call.error ? 'bad' : 'good'),
        h('span', { class: 'muted' }, `after ${took(call.milliseconds)}, at ${clock(call.date)}`), body ? copyButton(body, 'Copy the answer') : null,
        h('button', { type: 'button', class: 'button quiet', onclick: () => {
          fill(this.answer);
          this.test.focus();
        } }, 'Close')),
      call.error ? h('p', { class: 'trial-error' }, h('bdi', {}, bodyNodes(call.error))) : null,
      h('p', { class: 'muted' }, `It was told of a message that there is not (${call.event_type}, with Test=true).${type ? ` Its answer is ${type}:` : ''}`),
      body ? h('pre', { class: 'code', dir: 'auto', tabindex: '0', 'aria-label': 'Body of the answer' }, bodyNodes(body)) : h('p', { class: 'muted' }, 'The answer has no body.'));
  }

  async #busy(button, work, failed = (error) => toast(error.message, 'bad')) {
    if (button.getAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    try {
      await work();
    } catch (error) {
      failed(error);
    } finally {
      button.removeAttribute('aria-disabled');
    }
  }
}

/** What a call was answered with. */
const response = (call) => (call.status === null ? 'No answer' : `Status ${call.status}`);

const withSeconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const clock = (iso) => withSeconds.format(new Date(iso));

// A password in a URL is shown to nobody.
function masked(text) {
  try {
    const url = new URL(text);
    if (url.password) url.password = 'xxxxx';
    return url.password ? url.href : text;
  } catch {
    return text;
  }
}
