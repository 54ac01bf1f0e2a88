// The phones: simulated handsets side by side, each with what its owner sees.
import { coalesce, fill, h, icon } from '../dom.js';
import { empty, failure, toast } from '../ui.js';
import { entries, handsets, ownNumbers, phones, remember } from '../phones/book.js';
import { addPhone } from '../phones/dialogs.js';
import { Phone } from '../phones/phone.js';
import { tryPanel, tried } from '../try.js';

const askEvery = 1500; // milliseconds; only of phones that one can see
const atFirst = 24; // phones

/** Builds the page. */
export async function mount(main, { live }) {
  const shown = new Map(); // by address
  const visible = new Set();
  let ours = [];
  let most = atFirst;
  let places = []; // addresses, in the order in which they are shown

  const add = h('button', { type: 'button', class: 'button primary', onclick: addOne }, icon('plus', 'small'), 'Add a phone');
  const again = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => showTry() }, 'Try it');
  const grid = h('div', { class: 'phones' });
  const more = h('button', { type: 'button', class: 'button phones-more', hidden: true, onclick: () => { most += atFirst; load(); } }, 'Show more phones');
  const begin = tryPanel(loaded);
  const panel = h('div', { class: 'phones-try', hidden: true }, begin);
  fill(main, h('header', { class: 'page-head' }, h('div', { class: 'phones-title' }, h('h1', {}, 'Phones'),
    h('p', { class: 'muted' }, 'Simulated handsets. Each shows what its owner would see.')), again, add), panel, grid, more);
  main.classList.add('page-phones');

  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) visible[isIntersecting ? 'add' : 'delete'](target.dataset.address);
    ask();
  }, { root: main, rootMargin: '120px' });

  function showTry() {
    panel.hidden = false;
    again.hidden = true;
    panel.scrollIntoView({ block: 'nearest' });
    panel.querySelector('button').focus();
  }

  async function loaded() {
    panel.hidden = true;
    history.replaceState(null, '', location.pathname);
    await load();
    grid.querySelector('.writer-text')?.focus();
  }

  async function load() {
    let list;
    try {
      [ours, list] = await Promise.all([ownNumbers(), phones()]);
    } catch (error) {
      if (!shown.size) failure(grid, error, load);
      return;
    }
    add.disabled = !ours.length;
    const wanted = list.slice(0, most);
    places = wanted.map(({ entry }) => entry.address);
    more.hidden = list.length <= most;
    for (const [address, phone] of shown) {
      const now = wanted.find(({ entry }) => entry.address === address);
      if (now && phone.isOf(now.entry)) continue;
      watcher.unobserve(phone.element);
      visible.delete(address);
      shown.delete(address);
    }
    for (const { entry, handset } of wanted) {
      if (shown.has(entry.address)) continue;
      const phone = new Phone(entry, ours, () => putAway(entry.address));
      shown.set(entry.address, phone);
      if (handset) phone.hear(handset);
      watcher.observe(phone.element);
    }
    draw();
  }

  function draw() {
    if (panel.parentElement !== main && shown.size) {
      panel.hidden = true;
      grid.before(panel);
    }
    again.hidden = !shown.size || !panel.hidden || tried() || !ours.length;
    if (shown.size) {
      const order = places.map((address) => shown.get(address).element);
      if (order.some((element, place) => grid.children[place] !== element) || grid.children.length !== order.length) fill(grid, order);
      return;
    }
    if (!ours.length) {
      fill(grid, empty({
        icon: 'phone', title: 'No simulated numbers',
        text: 'Phones write to numbers of channels with driver = "simulator". Your configuration has none: add one, or start bridged without a configuration file.',
      }));
      return;
    }
    panel.hidden = false;
    fill(grid, empty({ icon: 'phone', title: 'No phones yet', text: 'See in two minutes what bridged does. This makes, on simulated numbers:', action: panel }));
  }

  async function addOne() {
    const taken = new Set([...entries().filter((entry) => !entry.away).map((entry) => entry.address), ...shown.keys()]);
    const address = await addPhone(taken, ours);
    if (!address) return;
    most = Math.max(most, shown.size + 1);
    await load();
    shown.get(address)?.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  async function putAway(address) {
    remember(address, { away: true });
    toast('The phone is put away. Add its number to see it again.');
    await load();
    add.focus();
  }

  // One request asks about all phones that one can see; messages are read where some
  // have come.
  let asking = false;
  let late = false;
  async function ask() {
    if (asking || document.hidden || !visible.size) {
      late = asking;
      return;
    }
    asking = true;
    try {
      const heard = await handsets([...visible]);
      await Promise.all(heard.map((handset) => shown.get(handset.address)?.hear(handset)));
    } catch {
      // the bar says that the connection is lost
    } finally {
      asking = false;
    }
    if (late) soon();
    late = false;
  }

  const soon = coalesce(60, ask);
  live.listen(soon);
  document.addEventListener('visibilitychange', soon);
  window.addEventListener('storage', (event) => event.key === 'bridged.phones' && load());
  setInterval(ask, askEvery);
  await load();
  if (ours.length && new URLSearchParams(location.search).has('try')) {
    showTry();
    begin.start();
  }
}
