// How deliveries are told in words, for both tables.
import { h } from '../dom.js';
import { errorName } from '../format.js';
import { badge } from '../ui.js';

/** Where a delivery stands, as a badge. */
export function stateBadge(one) {
  const { status, progress } = one;
  if (progress === 'dead') return badge('given up', 'bad');
  if (status === 'failed' || status === 'undelivered') return badge(progress === 'done' ? status : `${status}, ${inLine[progress] ?? progress}`, 'bad');
  if (progress === 'done' || progress === 'along') return badge(status ?? 'handed over', { read: 'info', delivered: 'good' }[status] ?? '');
  return badge(inLine[progress] ?? progress, 'warn');
}

const inLine = {
  held: 'waits for files', waiting: 'in line', sending: 'being sent', retry: 'is tried again', unknown: 'outcome unknown',
};

/** An error code with its name. */
export function codeElement(code) {
  const name = h('span', { class: 'error-name' });
  errorName(code).then((text) => { name.textContent = text; });
  return h('span', { class: 'error-code' }, name, ' ', h('code', {}, code));
}
