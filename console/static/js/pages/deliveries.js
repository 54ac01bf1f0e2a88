// Deliveries: what failed, what waits, what was given up and what becomes of that, and
// the WhatsApp windows that are about to close. What is shown is in the URL.
import { coalesce, fill, h } from '../dom.js';
import { Filters } from '../deliveries/filters.js';
import { DeliveryTable } from '../deliveries/table.js';
import { Letters } from '../deliveries/letters.js';
import { Windows } from '../deliveries/windows.js';

const askEvery = 5000;
const views = [
  ['failed', 'Failed'], ['waiting', 'Waiting'], ['letters', 'Dead letters'], ['all', 'All'], ['windows', 'WhatsApp windows'],
];

/** Builds the page. */
export async function mount(main, { live, router }) {
  const filters = new Filters(router);
  const place = h('div', { class: 'deliveries-place' });
  const tabs = h('nav', { class: 'tabs', 'aria-label': 'Which deliveries' }, views.map(([name, text]) => h('a', { dataset: { view: name } }, text)));
  const made = {};
  let shown = null;

  const make = (name) => {
    if (name === 'letters') return new Letters();
    return name === 'windows' ? new Windows() : new DeliveryTable(name);
  };

  async function follow() {
    const query = router.query;
    const name = views.some(([view]) => view === query.get('view')) ? query.get('view') : 'failed';
    for (const tab of tabs.children) {
      const to = new URLSearchParams(query);
      to.set('view', tab.dataset.view);
      tab.href = `${router.url()}?${to}`;
      if (tab.dataset.view === name) tab.setAttribute('aria-current', 'page');
      else tab.removeAttribute('aria-current');
    }
    filters.follow(query, name);
    made[name] ??= make(name);
    if (shown !== made[name]) {
      shown?.hide?.();
      shown = made[name];
      fill(place, shown.element);
    }
    await shown.show(query);
  }

  fill(main, h('header', { class: 'page-head' }, h('h1', {}, 'Deliveries'),
    h('p', { class: 'muted page-about' }, 'What did not reach its people, why, and what mends it.')),
  h('div', { class: 'page-body' }, h('div', { class: 'deliveries-top' }, tabs, filters.element), place));
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.metaKey || event.ctrlKey || event.altKey || event.target.closest?.('input, textarea, select') || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    filters.search.focus();
  });
  const again = coalesce(700, () => shown?.refresh());
  live.listen((event) => {
    if (['refresh', 'onDeliveryUpdated', 'onMessageAdded'].includes(event.type)) again();
  });
  setInterval(() => document.hidden || shown?.refresh(), askEvery); // an attempt that fails is no event
  router.watch(follow);
  await follow();
}
