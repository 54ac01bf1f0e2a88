// A chart of lines over time: an SVG that is drawn anew with each sample, a legend
// with the values of now or of where the pointer is, and the same as a table.
import { fill, h } from '../dom.js';
import { keepFor } from './history.js';

const svg = 'http://www.w3.org/2000/svg';
const height = 168, left = 52, right = 10, top = 10, bottom = 22;
const leastShown = 60 * 1000; // milliseconds, while there are few samples
const gap = 7000; // milliseconds without a sample that break a line
const tableEvery = 10000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export class Chart {
  #samples = [];
  #series = [];
  #names = new Map(); // a series keeps its colour
  #items = new Map();
  #width = 0;
  #pointed = null;

  /** of is the name in samples; name says what a series is called; unit is '/s' or 'ms'. */
  constructor({ title, about, of, name, unit }) {
    Object.assign(this, { title, of, name, unit });
    this.canvas = element('svg', { class: 'chart-canvas', role: 'img', height });
    this.when = h('span', { class: 'chart-when muted' });
    this.legend = h('ul', { class: 'chart-legend' });
    this.body = h('tbody');
    this.head = h('tr');
    this.details = h('details', { class: 'chart-table', ontoggle: () => this.#fillTable() }, h('summary', {}, 'As a table'),
      h('div', { class: 'table-frame', tabindex: '0', role: 'region', 'aria-label': `${title}, as a table` },
        h('table', { class: 'table' }, h('caption', { class: 'visually-hidden' }, `${title}: ${about}`), h('thead', {}, this.head), this.body)));
    this.element = h('figure', { class: 'card chart' },
      h('figcaption', {}, h('h2', {}, title), h('p', { class: 'muted' }, about)), this.canvas, h('div', { class: 'chart-foot' }, this.legend, this.when), this.details);
    this.canvas.addEventListener('pointermove', (event) => this.#point(event));
    this.canvas.addEventListener('pointerleave', () => this.#point(null));
    new ResizeObserver(([entry]) => {
      this.#width = Math.round(entry.contentRect.width);
      this.#draw();
    }).observe(this.canvas);
  }

  /** Shows samples, of which the last is now. */
  show(samples) {
    this.#samples = samples;
    const keys = new Set(samples.flatMap((one) => Object.keys(one[this.of])));
    for (const key of keys) if (!this.#names.has(key)) this.#names.set(key, this.#names.size);
    this.#series = [...this.#names.keys()].filter((key) => keys.has(key));
    this.#draw();
    this.#fillTable();
  }

  #value(sample, key) {
    return sample?.[this.of][key] ?? null;
  }

  #say(value) {
    if (value === null) return '–';
    if (this.unit === '/s') return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })}/s`;
    return duration(value);
  }

  #draw() {
    if (!this.#width) return;
    const end = this.#samples.at(-1)?.at ?? Date.now();
    const values = this.#samples.flatMap((one) => this.#series.map((key) => this.#value(one, key))).filter((value) => value !== null);
    const most = ceiling(Math.max(this.unit === '/s' ? 1 : 4, ...values));
    const span = Math.min(keepFor, Math.max(leastShown, end - (this.#samples[0]?.at ?? end)));
    const x = (at) => left + (this.#width - left - right) * (1 - (end - at) / span);
    const y = (value) => top + (height - top - bottom) * (1 - value / most);
    this.scale = { x, y, end };
    this.canvas.setAttribute('viewBox', `0 0 ${this.#width} ${height}`);
    this.canvas.replaceChildren(...this.#axes(x, y, most, { end, span }), ...this.#series.flatMap((key) => this.#line(key, x, y)));
    this.canvas.setAttribute('aria-label', this.#summary());
    this.#showValues();
  }

  #axes(x, y, most, { end, span }) {
    const drawn = [];
    for (const part of [0, 0.5, 1]) {
      const at = y(most * part);
      drawn.push(element('line', { class: 'chart-grid', x1: left, x2: this.#width - right, y1: at, y2: at }),
        text(this.#say(most * part), { x: left - 8, y: at + 4, 'text-anchor': 'end' }));
    }
    const step = span > 2 * leastShown ? 60000 : span > leastShown ? 30000 : 15000;
    const sparse = this.#width > 420 ? step : 2 * step;
    for (let ago = 0; ago <= span; ago += sparse) {
      const at = x(end - ago);
      const words = ago === 0 ? 'now' : step === 60000 ? `−${ago / 60000} min` : `−${ago / 1000} s`;
      drawn.push(text(words, { x: at, y: height - 5, 'text-anchor': ago === 0 ? 'end' : at < left + 12 ? 'start' : 'middle' }));
    }
    return drawn;
  }

  // A line is broken where nothing was measured; what stands alone is a dot.
  #line(key, x, y) {
    const runs = [];
    let last = null;
    for (const sample of this.#samples) {
      const value = this.#value(sample, key);
      if (value !== null) {
        if (!last || sample.at - last.at > gap) runs.push([]);
        runs.at(-1).push([x(sample.at), y(value)]);
      }
      last = value === null ? null : sample;
    }
    const shape = `series-${this.#names.get(key) % 6}`;
    return runs.flatMap((run) => {
      const path = run.map(([a, b], i) => `${i ? 'L' : 'M'}${a.toFixed(1)} ${b.toFixed(1)}`).join('');
      if (run.length === 1) return [element('circle', { class: `chart-dot ${shape}`, cx: run[0][0], cy: run[0][1], r: 2.5 })];
      return [element('path', { class: `chart-area ${shape}`, d: `${path}L${run.at(-1)[0].toFixed(1)} ${y(0)}L${run[0][0].toFixed(1)} ${y(0)}Z` }),
        element('path', { class: `chart-line ${shape}`, d: path })];
    });
  }

  #point(event) {
    const { left: from } = this.canvas.getBoundingClientRect();
    this.#pointed = event && this.#samples.length ? event.clientX - from : null;
    this.#showValues();
  }

  // The legend, and the line under the pointer.
  #showValues() {
    this.canvas.querySelector('.chart-rule')?.remove();
    let sample = this.#samples.at(-1);
    if (this.#pointed !== null) {
      const distance = (one) => Math.abs(this.scale.x(one.at) - this.#pointed);
      sample = this.#samples.reduce((best, one) => (distance(one) < distance(best) ? one : best));
      const at = this.scale.x(sample.at);
      this.canvas.append(element('line', { class: 'chart-rule', x1: at, x2: at, y1: top, y2: height - bottom }));
    }
    this.when.textContent = this.#pointed === null || !sample ? '' : `at ${clock.format(sample.at)}`;
    for (const key of this.#series) {
      if (!this.#items.has(key)) {
        const value = h('strong');
        const swatch = element('svg', { class: 'chart-swatch', viewBox: '0 0 18 4', 'aria-hidden': 'true' });
        swatch.append(element('line', { class: `chart-line series-${this.#names.get(key) % 6}`, x1: 0, x2: 18, y1: 2, y2: 2 }));
        this.#items.set(key, { value, row: h('li', {}, swatch, h('span', {}, this.name(key)), value) });
      }
      const { value, row } = this.#items.get(key);
      value.textContent = this.#say(this.#value(sample, key));
      if (!row.isConnected) this.legend.append(row);
    }
    for (const [key, { row }] of this.#items) if (!this.#series.includes(key)) row.remove();
  }

  #summary() {
    const parts = this.#series.map((key) => {
      const values = this.#samples.map((one) => this.#value(one, key)).filter((value) => value !== null);
      return `${this.name(key)} ${this.#say(this.#value(this.#samples.at(-1), key))} now, ${this.#say(values.length ? Math.max(...values) : null)} at most`;
    });
    return `${this.title}, the last five minutes. ${parts.join('; ') || 'Nothing was measured yet'}.`;
  }

  #fillTable() {
    const marked = document.getSelection();
    if (!this.details.open || (marked && !marked.isCollapsed && this.details.contains(marked.anchorNode))) return; // somebody copies it
    const rows = [];
    for (const sample of [...this.#samples].reverse()) if (!rows.length || rows.at(-1).at - sample.at >= tableEvery) rows.push(sample);
    fill(this.head, h('th', { scope: 'col' }, 'Time'), this.#series.map((key) => h('th', { scope: 'col' }, this.name(key))));
    fill(this.body, rows.map((one) => h('tr', {}, h('th', { scope: 'row' }, clock.format(one.at)), this.#series.map((key) => h('td', {}, this.#say(this.#value(one, key)))))));
  }
}

function element(tag, attributes = {}) {
  const made = document.createElementNS(svg, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function text(words, attributes) {
  const made = element('text', { class: 'chart-text', ...attributes });
  made.textContent = words;
  return made;
}

// The next of 1, 2, 4, 5, 10, 20, 40, 50, …
function ceiling(value) {
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((n) => n * step).find((n) => n >= value - 1e-9);
}

/** Milliseconds as people say them. */
export function duration(milliseconds) {
  const round = (n, digits) => n.toLocaleString(undefined, { maximumFractionDigits: digits });
  if (milliseconds < 1000) return `${round(milliseconds, milliseconds < 10 ? 1 : 0)} ms`;
  if (milliseconds < 60000) return `${round(milliseconds / 1000, 1)} s`;
  if (milliseconds < 3600000) return `${round(milliseconds / 60000, 1)} min`;
  return `${round(milliseconds / 3600000, 1)} h`;
}
