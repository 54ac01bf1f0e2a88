// Builds elements. Text always becomes a text node: what people write is never HTML.

const svg = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Properties are attributes, except `on…`, which are listeners, and
 * `class`, `dataset` and `value`. What is null, undefined or false is left out; true
 * is an attribute without a value.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Puts other children in the place of those that an element has. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Makes an icon of the sprite, which says nothing to a screen reader. */
export function icon(name, size = '') {
  const drawing = document.createElementNS(svg, 'svg');
  drawing.setAttribute('class', `icon ${size}`.trim());
  drawing.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(svg, 'use');
  use.setAttribute('href', `${document.body.dataset.icons}#${name}`);
  drawing.append(use);
  return drawing;
}

/** Calls a function once, some time after the last of many calls. */
export function debounce(wait, work) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), wait);
  };
}

/** Calls a function at most once in a while, and always after the last call. */
export function coalesce(wait, work) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, wait);
  };
}

/** Says whether keys that are pressed now are text that somebody writes. */
export function writing(event) {
  return Boolean(event.target.closest?.('input, textarea, select, [contenteditable]'));
}

/**
 * Rows of a list by their keys. A row is made anew only when what it is made of has
 * changed, so that a click, the focus and an open popover outlive a refresh.
 */
export class Rows {
  #made = new Map();

  /** The row of a key, made by make of from, which is compared as JSON. */
  row(key, from, make) {
    const text = JSON.stringify(from);
    const known = this.#made.get(key);
    if (known?.text === text) return known.row;
    const row = make();
    this.#made.set(key, { text, row });
    return row;
  }

  /** Forgets all rows, as when something has changed that none of them is made of. */
  clear() {
    this.#made.clear();
  }

  /** Makes rows the children of an element, in their order, touching only what differs. */
  show(element, rows) {
    const shown = new Set(rows);
    for (const child of [...element.childNodes]) if (!shown.has(child)) child.remove();
    rows.forEach((row, place) => {
      if (element.childNodes[place] !== row) element.insertBefore(row, element.childNodes[place] ?? null);
    });
    for (const [key, { row }] of this.#made) if (!shown.has(row)) this.#made.delete(key);
  }
}
