// Routing: which numbers are ours, what each does with a message of somebody unknown,
// where a message would go, and those that went nowhere.
import { coalesce, fill, h } from '../dom.js';
import { Explain } from '../routing/explain.js';
import { Numbers } from '../routing/numbers.js';
import { Unrouted } from '../routing/unrouted.js';

const askEvery = 5000;

/** Builds the page. */
export async function mount(main, { live, router }) {
  const explain = new Explain(router);
  const numbers = new Numbers(() => explain.again(), (list) => explain.know(list));
  const unrouted = new Unrouted((message) => explain.ask(message.from, [message.to, ...message.others]), () => explain.again());
  fill(main,
    h('header', { class: 'page-head' }, h('h1', {}, 'Routing'),
      h('p', { class: 'muted page-about' }, 'What your numbers do with what people write to them.')),
    h('div', { class: 'page-body routing' }, numbers.element, h('div', { class: 'routing-pair' }, explain.element, unrouted.element)));
  const again = coalesce(400, () => Promise.all([unrouted.load(), explain.again()]));
  live.listen((event) => {
    if (event.type === 'refresh') numbers.load();
    if (event.type === 'refresh' || /^on(Conversation|Participant)/.test(event.type)) again();
  });
  setInterval(() => document.hidden || unrouted.load(), askEvery); // nothing announces them
  router.watch(() => explain.follow());
  await Promise.all([numbers.load(), unrouted.load()]); // what is above the way has its height then
  await explain.follow();
}
