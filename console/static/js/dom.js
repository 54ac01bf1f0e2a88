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
