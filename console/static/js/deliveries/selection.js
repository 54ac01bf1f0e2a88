// Rows that are chosen by check boxes, and what can be done with all of them.
import { h } from '../dom.js';
import { plural } from '../format.js';

/** A selection of ids. actions are [text, class, does(ids)]; does returns whether it is over. */
export class Selection {
  #chosen = new Set();
  #there = [];
  #boxes = new Map();

  constructor(actions) {
    this.all = h('input', { type: 'checkbox', 'aria-label': 'Select all', hidden: true, onchange: () => this.#chooseAll() });
    this.text = h('span', { role: 'status' });
    this.bar = h('div', { class: 'selection', hidden: true }, this.text, actions.map(([text, kind, does]) => h('button', {
      type: 'button', class: `button ${kind}`, onclick: async (event) => {
        event.target.disabled = true;
        const done = await does([...this.#chosen]).finally(() => { event.target.disabled = false; });
        if (done) this.clear();
      },
    }, text)));
  }

  /** A check box of one. */
  box(id, label) {
    const box = h('input', { type: 'checkbox', 'aria-label': label, onchange: () => {
      if (box.checked) this.#chosen.add(id);
      else this.#chosen.delete(id);
      this.#draw();
    } });
    box.checked = this.#chosen.has(id);
    this.#boxes.set(id, box);
    return box;
  }

  /** Says which are there; those that are gone are not chosen any more. */
  keep(ids) {
    this.#there = ids;
    const there = new Set(ids);
    for (const id of this.#chosen) if (!there.has(id)) this.#chosen.delete(id);
    for (const id of this.#boxes.keys()) if (!there.has(id)) this.#boxes.delete(id);
    this.#draw();
  }

  clear() {
    this.#chosen.clear();
    this.#draw();
  }

  #chooseAll() {
    this.#chosen = new Set(this.all.checked ? this.#there : []);
    this.#draw();
  }

  #draw() {
    for (const [id, box] of this.#boxes) box.checked = this.#chosen.has(id);
    this.all.hidden = !this.#there.length;
    this.all.checked = this.#there.length > 0 && this.#chosen.size === this.#there.length;
    this.all.indeterminate = this.#chosen.size > 0 && this.#chosen.size < this.#there.length;
    this.bar.hidden = !this.#chosen.size;
    this.text.textContent = `${plural(this.#chosen.size, 'dead letter', 'dead letters')} selected`;
  }
}
