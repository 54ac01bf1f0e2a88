// Where the operator writes. What is written is kept in the browser until the server
// has it, so that neither a lost connection nor a closed tab loses it.
import { fill, h, icon } from '../dom.js';
import { post, upload } from '../api.js';
import { size } from '../format.js';
import { keep, recall } from '../prefs.js';
import { iconButton, toast } from '../ui.js';
import { grouped, native, personName } from './people.js';
import { chooseTemplate } from './templates.js';
import { windowNotice } from './windows.js';

const ownName = 'Somebody else…';

/** Whom the operator writes as, unless a conversation says otherwise. */
export const identity = () => recall('identity', 'operator');

// Gives what is sent a key, the same one as long as it is the same that is tried again.
function attemptKey() {
  let last = { said: null, key: null };
  return (form) => {
    const said = JSON.stringify(form);
    if (last.said !== said) last = { said, key: crypto.getRandomValues(new Uint32Array(4)).join('-') };
    return last.key;
  };
}

/** The composer of one conversation. sent is called after each message. */
export class Composer {
  #files = [];
  #sending = false;
  #keyOf = attemptKey();

  constructor(conversation, people, sent) {
    this.conversation = conversation;
    this.sent = sent;
    this.text = h('textarea', {
      class: 'composer-text', rows: '1', placeholder: 'Write a message', 'aria-label': 'Message', dir: 'auto', maxlength: '32768',
      value: recall(this.#draft, ''), oninput: () => this.#changed(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#paste(event),
    });
    this.author = h('select', { class: 'select small', 'aria-label': 'Write as', onchange: () => this.#choose() });
    this.chooser = h('input', { type: 'file', multiple: true, hidden: true, onchange: () => this.#add([...this.chooser.files]) });
    this.attached = h('ul', { class: 'composer-files', 'aria-label': 'Files' });
    this.wrong = h('p', { class: 'field-error composer-error', role: 'alert', hidden: true });
    this.notice = h('div', { class: 'composer-notice' });
    this.button = iconButton('send', 'Send', { class: 'primary composer-send', onclick: () => this.send() });
    this.form = h('form', {
      class: 'composer', 'aria-label': 'Write a message', onsubmit: (event) => event.preventDefault(),
      ondragover: (event) => event.preventDefault(), ondrop: (event) => this.#drop(event),
    }, h('div', { class: 'composer-as' }, h('span', { class: 'muted' }, 'Write as'), this.author), this.attached, this.wrong,
    this.notice, h('div', { class: 'composer-line' }, iconButton('clip', 'Attach files', { onclick: () => this.chooser.click() }),
      iconButton('template', 'Send a template', { onclick: () => this.template() }), this.chooser, this.text, this.button));
    this.people(people);
    this.#show();
  }

  get #draft() {
    return `draft.${this.conversation.sid}`;
  }

  focus() {
    this.text.focus();
  }

  /** Offers those that the operator may write as. */
  people(list) {
    const before = this.author.value;
    const group = list.some(grouped);
    const names = group ? list.map((person) => person.messaging_binding?.projected_address).filter(Boolean)
      : [...new Set([identity(), ...list.filter((person) => !native(person)).map((person) => person.identity || person.messaging_binding?.projected_address)])];
    const label = (name) => {
      const person = list.find((one) => one.messaging_binding?.projected_address === name || one.identity === name);
      return person ? personName(person) : name;
    };
    fill(this.author, names.map((name) => h('option', { value: name }, label(name))), group ? null : h('option', { value: ownName }, ownName));
    this.author.value = names.includes(before) ? before : names[0];
  }

  /** Tells until when free text gets through. */
  windows(windows, people) {
    const notice = windowNotice(windows, people, () => this.template());
    if ((notice?.textContent ?? '') !== this.notice.textContent) fill(this.notice, notice);
  }

  /** Sends a template in the place of what is written, which stays. */
  async template() {
    const key = attemptKey();
    const message = await chooseTemplate((form) => post(this.#messages, { Author: this.author.value, ...form }, { headers: { 'Idempotency-Key': key(form) } }));
    if (message) this.sent(message);
  }

  get #messages() {
    const { chat_service_sid: service, sid } = this.conversation;
    return `/v1/Services/${service}/Conversations/${sid}/Messages`;
  }

  #choose() {
    if (this.author.value !== ownName) {
      if (!this.author.value.startsWith('+')) keep('identity', this.author.value);
      return;
    }
    const input = h('input', { class: 'input composer-name', 'aria-label': 'Name to write as', placeholder: 'Name', maxlength: '256' });
    const done = () => {
      const name = input.value.trim();
      if (name) keep('identity', name);
      input.replaceWith(this.author);
      const chosen = name || identity();
      if (![...this.author.options].some((option) => option.value === chosen)) this.author.prepend(h('option', { value: chosen }, chosen));
      this.author.value = chosen;
    };
    input.addEventListener('blur', done, { once: true });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.text.focus();
    });
    this.author.replaceWith(input);
    input.focus();
  }

  #changed() {
    keep(this.#draft, this.text.value);
    this.#refuse('');
    this.#show();
  }

  #key(event) {
    const touch = matchMedia('(pointer: coarse)').matches;
    if (event.key !== 'Enter' || event.isComposing || event.shiftKey || (touch && !event.ctrlKey)) return;
    event.preventDefault();
    this.send();
  }

  #paste(event) {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.#add([...event.clipboardData.files]);
  }

  #drop(event) {
    event.preventDefault();
    this.#add([...event.dataTransfer.files]);
  }

  // A file goes up at once, so that sending is quick.
  #add(chosen) {
    this.chooser.value = '';
    for (const file of chosen) {
      const entry = { file, sid: null, wrong: '' };
      this.#files.push(entry);
      upload(this.conversation.chat_service_sid, file).then((stored) => {
        entry.sid = stored.sid;
      }, (error) => {
        entry.wrong = error.message;
      }).finally(() => this.#show());
    }
    this.#show();
    this.text.focus();
  }

  #show() {
    fill(this.attached, this.#files.map((entry) => h('li', { class: `composer-file ${entry.wrong ? 'bad' : ''}` },
      entry.sid || entry.wrong ? icon(entry.wrong ? 'alert' : 'file', 'small') : h('span', { class: 'spinner', role: 'status', 'aria-label': 'Uploading' }),
      h('span', {}, h('bdi', {}, entry.file.name), h('small', {}, entry.wrong || size(entry.file.size))),
      iconButton('close', `Remove ${entry.file.name}`, {
        onclick: () => {
          this.#files = this.#files.filter((other) => other !== entry);
          this.#show();
        },
      }))));
    this.attached.hidden = !this.#files.length;
    const ready = this.#files.every((entry) => entry.sid);
    this.button.disabled = this.#sending || !ready || (!this.text.value.trim() && !this.#files.length);
  }

  #refuse(text) {
    fill(this.wrong, text ? [icon('alert', 'small'), text] : []);
    this.wrong.hidden = !text;
  }

  /**
   * Sends what is written. A message that is tried again has the key of the first try,
   * so that it is never there twice, whatever became of the first answer.
   */
  async send() {
    if (this.button.disabled) return;
    const text = this.text.value;
    const form = { Author: this.author.value, Body: text || null, MediaSid: this.#files.map((entry) => entry.sid) };
    this.#sending = true;
    this.text.readOnly = true;
    this.#refuse('');
    this.#show();
    try {
      const message = await post(this.#messages, form, { headers: { 'Idempotency-Key': this.#keyOf(form) } });
      this.#keyOf = attemptKey();
      this.text.value = '';
      this.#files = [];
      keep(this.#draft, null);
      this.sent(message);
    } catch (error) {
      this.#refuse(error.message);
      if (!this.form.isConnected) toast(error.message, 'bad');
    } finally {
      this.#sending = false;
      this.text.readOnly = false;
      this.#show();
      if (this.form.isConnected && document.activeElement === document.body) this.text.focus();
    }
  }
}
