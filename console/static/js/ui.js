// The parts that are more than an element: toasts, dialogs, popovers, fields, and
// what is shown where there is nothing.
import { fill, h, icon } from './dom.js';

const toastLife = 6000;

/** Shows a sentence for some seconds. kind 'bad' is for what went wrong. */
export function toast(text, kind = '') {
  const shown = h('div', { class: `toast ${kind}`.trim() }, kind === 'bad' ? icon('alert') : null, h('span', {}, text));
  document.getElementById('toasts').append(shown);
  setTimeout(() => shown.remove(), toastLife);
}

/** What stands where there is nothing yet: why, and what to do next. */
export function empty({ icon: name, title, text, action }) {
  return h('div', { class: 'empty' }, icon(name), h('h2', {}, title), text ? h('p', {}, text) : null, action);
}

/** Shows in an element that it could not be filled, and lets it be tried again. */
export function failure(element, error, again) {
  fill(element, empty({
    icon: error.status === 0 ? 'offline' : 'alert', title: 'This could not be shown', text: error.message,
    action: again ? h('button', { class: 'button', type: 'button', onclick: again }, icon('refresh', 'small'), 'Try again') : null,
  }));
}

/** Makes a round button with an icon, named for screen readers and on hover. */
export function iconButton(name, label, props = {}) {
  return h('button', { ...props, type: 'button', class: `icon-button ${props.class ?? ''}`.trim(), 'aria-label': label, title: label }, icon(name));
}

/** A badge; kind is good, warn, bad, info or nothing. */
export function badge(text, kind = '', props = {}) {
  return h('span', { ...props, class: `badge ${kind}`.trim() }, text);
}

let fields = 0;

/**
 * A labelled control. The returned element has `control`, and `refuse(text)`, which
 * says beside it what is wrong; an empty text takes that back.
 */
export function field({ label, hint, control }) {
  const id = `field-${++fields}`;
  control.id = id;
  const wrong = h('p', { class: 'field-error', id: `${id}-error`, role: 'alert', hidden: true });
  const help = hint ? h('p', { class: 'field-hint', id: `${id}-hint` }, hint) : null;
  const element = h('div', { class: 'field' }, h('label', { for: id }, label), help, control, wrong);
  if (help) control.setAttribute('aria-describedby', help.id);
  element.control = control;
  element.refuse = (text) => {
    wrong.textContent = text;
    wrong.hidden = !text;
    control.toggleAttribute('aria-invalid', Boolean(text));
    if (text) control.setAttribute('aria-invalid', 'true');
    control.setAttribute('aria-describedby', [help?.id, text ? wrong.id : null].filter(Boolean).join(' '));
  };
  control.addEventListener('input', () => element.refuse(''));
  return element;
}

/**
 * Opens a dialog. build(body, close) fills it; the promise is what close was given,
 * or undefined when the dialog was left.
 */
export function dialog(title, build) {
  return new Promise((resolve) => {
    const body = h('div', { class: 'dialog-body' });
    const box = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title' },
      h('div', { class: 'dialog-head' }, h('h2', { id: 'dialog-title' }, title),
        iconButton('close', 'Close', { onclick: () => box.close() })), body);
    let result;
    const close = (value) => {
      result = value;
      box.close();
    };
    box.addEventListener('close', () => {
      box.remove();
      resolve(result);
    });
    build(body, close, box);
    document.body.append(box);
    box.showModal();
  });
}

/** Asks before something is done; true when it shall be. cancel null leaves no choice. */
export async function confirm({ title, text, action, cancel = 'Cancel', danger = false }) {
  return Boolean(await dialog(title, (body, close, box) => {
    body.append(h('p', {}, text));
    box.append(h('div', { class: 'dialog-foot' },
      cancel ? h('button', { type: 'button', class: 'button', onclick: () => close(false) }, cancel) : null,
      h('button', { type: 'button', class: `button ${danger ? 'danger' : 'primary'}`, autofocus: true, onclick: () => close(true) }, action)));
  }));
}

/**
 * Opens a dialog with a form. fields are those of field(), with a name, the codes of
 * the errors that are about them, and, if need be, when(): whether one is asked for
 * now. submit(values) does it; an error is shown beside its field, or else above all.
 * The promise is what submit returned, or undefined.
 */
export function formDialog({ title, intro, fields, action, submit }) {
  return dialog(title, (body, close) => {
    const made = fields.map((one) => ({ ...one, element: field({ ...one, control: one.control ?? h('input', { class: 'input', autocomplete: 'off', spellcheck: 'false' }) }) }));
    const wrong = h('p', { class: 'notice bad', role: 'alert', hidden: true });
    const button = h('button', { type: 'submit', class: 'button primary' }, action);
    const asked = () => made.filter((one) => !one.when || one.when(values()));
    const values = () => Object.fromEntries(made.map((one) => [one.name, one.element.control.value.trim()]));
    const show = () => {
      const now = new Set(asked());
      for (const one of made) one.element.hidden = !now.has(one);
    };
    const refuse = (error) => {
      const about = asked().find((one) => one.codes?.includes(error.code));
      about?.element.refuse(error.message);
      about?.element.control.focus();
      wrong.hidden = Boolean(about);
      wrong.textContent = error.message;
    };
    const form = h('form', {
      class: 'stack', novalidate: true, oninput: show, onchange: show, onsubmit: async (event) => {
        event.preventDefault();
        wrong.hidden = true;
        const missing = asked().filter((one) => one.required && !one.element.control.value.trim());
        missing.forEach((one) => one.element.refuse(`${one.label} is missing.`));
        missing[0]?.element.control.focus();
        if (missing.length) return;
        button.disabled = true;
        try {
          const given = values();
          close(await submit(Object.fromEntries(asked().map((one) => [one.name, given[one.name]]))));
        } catch (error) {
          refuse(error);
        } finally {
          button.disabled = false;
        }
      },
    }, intro ? h('p', { class: 'muted' }, intro) : null, wrong, made.map((one) => one.element), h('div', { class: 'form-foot' }, button));
    show();
    made[0].element.control.autofocus = true; // else the button that closes the dialog has the focus
    body.append(form);
  });
}

/**
 * Gives a button a popover: by click, by keyboard, and by a mouse that rests on it.
 * build(box) fills it each time it opens.
 */
export function popover(button, build) {
  const box = h('div', { class: 'popover', popover: 'auto' });
  let rest;
  const open = () => {
    if (!button.isConnected || box.matches?.(':popover-open')) return;
    button.after(box);
    box.showPopover();
    build(box);
    place(box, button);
  };
  const close = () => box.isConnected && box.matches(':popover-open') && box.hidePopover();
  const leave = () => {
    clearTimeout(rest);
    rest = setTimeout(close, 250);
  };
  button.setAttribute('aria-haspopup', 'dialog');
  button.setAttribute('aria-expanded', 'false');
  button.addEventListener('click', () => (box.isConnected && box.matches(':popover-open') ? close() : open()));
  button.addEventListener('pointerenter', (event) => {
    if (event.pointerType !== 'mouse') return;
    clearTimeout(rest);
    rest = setTimeout(open, 350);
  });
  button.addEventListener('pointerleave', leave);
  box.addEventListener('pointerenter', () => clearTimeout(rest));
  box.addEventListener('pointerleave', leave);
  box.addEventListener('toggle', (event) => {
    button.setAttribute('aria-expanded', String(event.newState === 'open'));
    if (event.newState === 'closed') box.remove();
  });
  new ResizeObserver(() => place(box, button)).observe(box);
}

// Below its button where there is room, else above; never beyond the window.
function place(box, button) {
  if (!box.isConnected) return;
  const at = button.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const gap = 6;
  const below = at.bottom + gap + size.height <= innerHeight - gap;
  box.style.top = `${Math.max(gap, below ? at.bottom + gap : at.top - gap - size.height)}px`;
  box.style.left = `${Math.min(Math.max(gap, at.left + at.width / 2 - size.width / 2), innerWidth - size.width - gap)}px`;
}

/** A button that copies a text. */
export function copyButton(text, label = 'Copy') {
  return iconButton('copy', label, {
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        toast('Copied.');
      } catch {
        toast('The browser does not let pages copy here.', 'bad');
      }
    },
  });
}
