// The form for the webhooks of the account or of a service.
import { fill, h, icon } from '../dom.js';
import { get, post } from '../api.js';
import { dialog, field, toast } from '../ui.js';
import { before, eventsAfter, eventsBefore, groups } from './events.js';

/** Where the webhooks of the account or of a service are set. */
export const configurationPath = (scope) => (scope.startsWith('IS') ? `/v1/Services/${scope}/Configuration/Webhooks` : '/v1/Configuration/Webhooks');

/**
 * Opens the form. scopes are [SID, name] of the account and the services to choose
 * from; chosen is the first that is shown. The promise is the SID that was saved.
 */
export function configure(scopes, chosen) {
  return dialog('Webhooks', (body, close, box) => {
    box.classList.add('webhook-dialog');
    new Form(body, close, scopes, chosen).open();
  });
}

class Form {
  #place = h('div', { class: 'stack' });
  #opened = 0;

  constructor(body, close, scopes, chosen) {
    this.close = close;
    const choices = h('select', { class: 'select', onchange: () => this.open() },
      scopes.map(([sid, name]) => h('option', { value: sid, selected: sid === chosen }, name)));
    this.scope = field({
      label: 'Of', control: choices,
      hint: 'A service that has webhooks of its own uses them instead of the account’s.',
    });
    body.append(h('div', { class: 'stack' }, this.scope, this.#place));
  }

  async open() {
    const turn = ++this.#opened;
    const path = configurationPath(this.scope.control.value);
    fill(this.#place, h('p', { class: 'muted', role: 'status' }, 'Asking…'));
    try {
      const known = await get(path);
      if (turn === this.#opened) this.#show(path, known);
    } catch (error) {
      if (turn === this.#opened) {
        fill(this.#place, h('p', { class: 'notice bad', role: 'alert' }, error.message),
          h('button', { type: 'button', class: 'button', onclick: () => this.open() }, icon('refresh', 'small'), 'Try again'));
      }
    }
  }

  #show(path, known) {
    const input = (value) => h('input', { class: 'input', type: 'url', inputmode: 'url', autocomplete: 'off', spellcheck: 'false', value: value ?? '' });
    this.after = field({ label: 'URL after a change', hint: 'Is told what has happened, and called again until it answers. Empty: nobody is told.', control: input(known.post_webhook_url) });
    this.ask = field({ label: 'URL before a change', hint: 'Is asked first, and may change or refuse it. Empty: nobody is asked.', control: input(known.pre_webhook_url) });
    this.method = field({
      label: 'Method', control: h('select', { class: 'select' }, ['POST', 'GET'].map((one) => h('option', { selected: one === known.method }, one))),
    });
    const fresh = !known.post_webhook_url && !known.pre_webhook_url && !known.filters.length;
    const chosen = new Set(fresh ? eventsAfter : known.filters);
    this.boxes = new Map();
    const events = h('fieldset', { class: 'events' }, h('legend', {}, 'Events'),
      h('div', { class: 'events-pick' },
        [['All that happened', eventsAfter], ['All that is about to', eventsBefore]].map(([text, some]) =>
          h('button', { type: 'button', class: 'chip-button', onclick: () => this.#check(some, true) }, text)),
        h('button', { type: 'button', class: 'chip-button', onclick: () => this.#check([...this.boxes.keys()], false) }, 'None')),
      h('div', { class: 'events-groups' }, groups.map((group) => this.#group(group, chosen))));
    this.hint = h('p', { class: 'notice warn', role: 'status', hidden: true });
    this.wrong = h('p', { class: 'notice bad', role: 'alert', hidden: true });
    this.button = h('button', { type: 'submit', class: 'button primary' }, 'Save');
    fill(this.#place, h('form', {
      class: 'stack', novalidate: true, onchange: () => this.#advise(), oninput: () => this.#advise(),
      onsubmit: (event) => {
        event.preventDefault();
        this.#save(path);
      },
    }, this.after, this.ask, this.method, events, this.hint, this.wrong, h('div', { class: 'form-foot' }, this.button)));
    this.#advise();
    if (!matchMedia('(pointer: coarse)').matches) this.after.control.focus();
  }

  #group([title, events], chosen) {
    return h('fieldset', { class: 'event-group' }, h('legend', {}, title), events.map(([name, does]) => {
      const box = h('input', { type: 'checkbox', value: name, checked: chosen.has(name) });
      this.boxes.set(name, box);
      return h('label', { class: 'event-choice' }, box, h('span', { class: 'event-words' },
        h('span', {}, does), h('code', {}, name)));
    }));
  }

  #check(some, checked) {
    for (const name of some) this.boxes.get(name).checked = checked;
    this.#advise();
  }

  #chosen() {
    return [...this.boxes].filter(([, box]) => box.checked).map(([name]) => name);
  }

  // What is allowed, and yet hardly meant.
  #advise() {
    const chosen = this.#chosen();
    const told = this.after.control.value.trim(), asked = this.ask.control.value.trim();
    let text = '';
    if (told && !chosen.some((name) => !before(name))) text = 'No event that has happened is chosen, so the URL after a change would never be called.';
    else if (asked && !chosen.some(before)) text = 'No event that is about to happen is chosen, so the URL before a change would never be asked.';
    this.hint.hidden = !text;
    this.hint.textContent = text;
  }

  async #save(path) {
    this.wrong.hidden = true;
    const bad = [[this.after, 'URL after a change'], [this.ask, 'URL before a change']].filter(([one]) => !good(one.control.value.trim()));
    bad.forEach(([one]) => one.refuse('This is no URL: write it in full, with https:// or http:// before the name of its server.'));
    bad[0]?.[0].control.focus();
    if (bad.length) return;
    this.button.disabled = true;
    try {
      const chosen = this.#chosen();
      await post(path, {
        PostWebhookUrl: this.after.control.value.trim(), PreWebhookUrl: this.ask.control.value.trim(),
        Method: this.method.control.value, Filters: chosen.length ? chosen : [''],
      });
      toast('Saved. It holds from the next event on.');
      this.close(this.scope.control.value);
    } catch (error) {
      this.#refused(error);
    } finally {
      this.button.disabled = false;
    }
  }

  #refused(error) {
    const about = [['PostWebhookUrl', this.after], ['PreWebhookUrl', this.ask], ['Method', this.method]].find(([name]) => error.message.includes(name))?.[1];
    about?.refuse(error.message);
    about?.control.focus();
    this.wrong.hidden = Boolean(about);
    this.wrong.textContent = error.message;
  }
}

function good(text) {
  if (!text) return true;
  try {
    return /^https?:$/.test(new URL(text).protocol) && /^https?:\/\/./i.test(text) && !/\s/.test(text);
  } catch {
    return false;
  }
}
