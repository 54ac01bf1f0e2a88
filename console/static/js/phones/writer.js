// Where the owner of a phone writes. What is written is kept until it is sent.
import { fill, h, icon } from '../dom.js';
import { keep, recall } from '../prefs.js';
import { iconButton } from '../ui.js';
import { keepFile, newID, send } from './book.js';
import { hasStopped, keyOf } from './threads.js';

const mostFile = 16 << 20; // bytes, as the simulator takes them

export class Writer {
  #photos = [];
  #attempt = null; // what was sent last without an answer, and its id
  #busy = false;
  #people = [];
  #barrier = '';

  /** sent is called when something was sent. */
  constructor(address, sent) {
    this.address = address;
    this.sent = sent;
    this.text = h('textarea', {
      class: 'writer-text', rows: '1', placeholder: 'Message', 'aria-label': 'Message', dir: 'auto', maxlength: '32768',
      oninput: () => this.#changed(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#paste(event),
    });
    this.chooser = h('input', { type: 'file', multiple: true, accept: 'image/*,video/*,audio/*,.pdf', hidden: true, 'aria-label': 'Photos', onchange: () => this.#add([...this.chooser.files]) });
    this.camera = iconButton('photo', 'Send a photo', { onclick: () => this.chooser.click() });
    this.button = iconButton('send', 'Send', { class: 'primary', onclick: () => this.send() });
    this.word = h('button', { type: 'button', class: 'writer-word', onclick: () => this.#say(this.word.textContent) });
    this.attached = h('ul', { class: 'writer-photos', 'aria-label': 'Photos to send' });
    this.wrong = h('p', { class: 'field-error writer-error', role: 'alert', hidden: true });
    this.barred = h('p', { class: 'writer-barred', role: 'status', hidden: true });
    this.element = h('form', { class: 'writer', 'aria-label': 'Write', onsubmit: (event) => event.preventDefault() },
      this.barred, this.wrong, this.attached,
      h('div', { class: 'writer-line' }, this.camera, this.chooser, this.text, this.word, this.button));
  }

  get #draft() {
    return `phone.${this.address}.${keyOf(this.#people)}`;
  }

  /** Writes to other people from now on, who have said these messages. */
  open(people, messages) {
    this.word.textContent = hasStopped(messages) ? 'START' : 'STOP';
    this.word.title = hasStopped(messages) ? 'Ask for messages again' : 'Ask for no more messages';
    if (keyOf(people) === keyOf(this.#people)) return;
    this.#people = people;
    this.text.value = recall(this.#draft, '');
    this.#photos = [];
    this.#refuse('');
    this.#show();
  }

  /** Says why nothing goes out; an empty text lets it go out again. */
  bar(reason) {
    this.#barrier = reason;
    this.barred.textContent = reason;
    this.barred.hidden = !reason;
    this.#show();
  }

  focus() {
    this.text.focus();
  }

  #changed() {
    keep(this.#draft, this.text.value);
    this.#refuse('');
    this.#show();
  }

  #key(event) {
    if (event.key !== 'Enter' || event.isComposing || event.shiftKey) return;
    event.preventDefault();
    this.send();
  }

  #paste(event) {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.#add([...event.clipboardData.files]);
  }

  #add(chosen) {
    this.chooser.value = '';
    for (const file of chosen) {
      if (file.size > mostFile) {
        this.#refuse(`${file.name} is larger than the 16 MB that a phone sends.`);
        continue;
      }
      const entry = { file, url: null, shown: file.type.startsWith('image/') ? URL.createObjectURL(file) : '' };
      this.#photos.push(entry);
      keepFile(file).then((url) => {
        entry.url = url;
      }, (error) => {
        this.#photos = this.#photos.filter((other) => other !== entry);
        this.#refuse(`${file.name}: ${error.message}`);
      }).finally(() => this.#show());
    }
    this.#show();
    this.text.focus();
  }

  #show() {
    fill(this.attached, this.#photos.map((entry) => h('li', {},
      entry.shown ? h('img', { src: entry.shown, alt: entry.file.name }) : icon('file'),
      entry.url ? null : h('span', { class: 'spinner', role: 'status', 'aria-label': 'Uploading' }),
      iconButton('close', `Remove ${entry.file.name}`, {
        onclick: () => {
          this.#photos = this.#photos.filter((other) => other !== entry);
          this.#show();
        },
      }))));
    this.attached.hidden = !this.#photos.length;
    const idle = !this.#busy && !this.#barrier && this.#people.length > 0;
    const something = this.text.value.trim() || this.#photos.length;
    this.button.disabled = !idle || !something || !this.#photos.every((entry) => entry.url);
    this.word.disabled = !idle;
    this.word.hidden = Boolean(something);
    this.button.hidden = !something;
  }

  #refuse(text) {
    fill(this.wrong, text ? [icon('alert', 'small'), text] : []);
    this.wrong.hidden = !text;
  }

  /** Sends what is written. */
  async send() {
    if (this.button.disabled) return;
    const gone = await this.#deliver({ body: this.text.value, media_urls: this.#photos.map((entry) => entry.url) });
    if (!gone) return;
    this.text.value = '';
    this.#photos.forEach((entry) => entry.shown && URL.revokeObjectURL(entry.shown));
    this.#photos = [];
    keep(this.#draft, null);
    this.#show();
  }

  #say(word) {
    return this.#deliver({ body: word });
  }

  /** Answers with a choice that a message offers. */
  answer(message, choice) {
    return this.#barrier ? this.#refuse(this.#barrier) : this.#deliver({ reply_to: message.id, choice: choice.id });
  }

  // What is tried again has the id of the first try: it is one message.
  async #deliver(what) {
    const message = { from: this.address, to: this.#people, ...what };
    const said = JSON.stringify(message);
    if (this.#attempt?.said !== said) this.#attempt = { said, id: newID(this.address) };
    this.#busy = true;
    this.text.readOnly = true;
    this.#refuse('');
    this.#show();
    try {
      await send({ ...message, id: this.#attempt.id });
      this.#attempt = null;
      this.sent();
      return true;
    } catch (error) {
      this.#refuse(error.message);
      return false;
    } finally {
      this.#busy = false;
      this.text.readOnly = false;
      this.#show();
    }
  }
}
