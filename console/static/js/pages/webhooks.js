// Webhooks: who is told of events, how that goes, and where it is set.
import { fill, h, icon } from '../dom.js';
import { each, get } from '../api.js';
import { parseAddress } from '../format.js';
import { empty, failure, toast } from '../ui.js';
import { Card } from '../webhooks/card.js';
import { configurationPath, configure } from '../webhooks/form.js';

const refreshEvery = 2000;
const mostServices = 200; // to choose from
const mostAsked = 20; // services whose configuration is asked for, though nobody is called for them

/** Builds the page. */
export async function mount(main, { live }) {
  const list = h('div', { class: 'hooks' });
  const add = h('button', { type: 'button', class: 'button primary', onclick: () => edit() }, icon('plus', 'small'), 'Set a webhook');
  const cards = new Map();
  const names = new Map(); // of conversations
  let services = [], configurations = new Map(), account = '';

  fill(main, h('div', { class: 'page-head' }, h('h1', {}, 'Webhooks'), add),
    h('div', { class: 'page-body' },
      h('p', { class: 'muted hooks-intro' }, 'Webhooks tell your own server what happens in conversations, as a signed form. Each hears of the events of one conversation in their order, and what it did not take is repeated for hours.'),
      list));

  async function edit(sid = account) {
    const saved = await configure([[account, 'The whole account'], ...services.map((one) => [one.sid, `Service: ${one.friendly_name || one.sid}`])], sid);
    if (!saved) return;
    await load();
    cards.get(saved)?.test.focus();
  }

  /** Asks what is configured, which changes seldom. */
  async function load() {
    const found = [];
    const whole = await get(configurationPath(''));
    account = whole.account_sid;
    for await (const one of each('/v1/Services', { PageSize: 100 }, 'services')) {
      found.push(one);
      if (found.length >= mostServices) break;
    }
    const own = await Promise.all(found.slice(0, mostAsked).map((one) => get(configurationPath(one.sid)).then((known) => [one.sid, known])));
    services = found;
    configurations = new Map([[account, whole], ...own]);
    await refresh();
  }

  const serviceName = (sid) => services.find((one) => one.sid === sid)?.friendly_name || sid;

  // Names of conversations whose own webhooks are shown.
  async function name(targets) {
    const unknown = targets.map((one) => one.conversation_sid).filter((sid) => sid && !names.has(sid)).slice(0, 100);
    if (!unknown.length) return;
    const page = await get('/bridged/v1/inbox', { ConversationSid: unknown, PageSize: 100 });
    unknown.forEach((sid) => names.set(sid, sid));
    for (const { conversation, participants } of page.conversations) {
      names.set(conversation.sid, conversation.friendly_name || conversation.unique_name
        || participants.map((one) => one.identity || parseAddress(one.messaging_binding?.address ?? one.sid).text).join(', ') || conversation.sid);
    }
  }

  async function refresh() {
    const { webhooks } = await get('/bridged/v1/webhooks');
    await name(webhooks);
    for (const one of webhooks) if (one.kind === 'service' && !configurations.has(one.target)) configurations.set(one.target, await get(configurationPath(one.target)));
    draw(webhooks);
  }

  function draw(targets) {
    const byTarget = new Map(targets.map((one) => [one.target, one]));
    const shown = [...configurations].filter(([sid, known]) => known.pre_webhook_url || byTarget.has(sid)).map(([sid]) => sid);
    shown.push(...targets.map((one) => one.target).filter((sid) => !shown.includes(sid)));
    for (const sid of cards.keys()) if (!shown.includes(sid)) cards.delete(sid);
    if (!shown.length) {
      if (!list.querySelector('.empty')) fill(list, nobody());
      return;
    }
    const elements = shown.map((sid) => {
      const target = byTarget.get(sid) ?? null;
      const card = cards.get(sid) ?? new Card(sid, { edit: sid.startsWith('WH') ? null : () => edit(sid) });
      cards.set(sid, card);
      card.changed = () => refresh().catch(complain);
      const conversation = target?.conversation_sid;
      card.show({
        target, configuration: configurations.get(sid) ?? null,
        name: conversation ? names.get(conversation) : sid === account ? 'The whole account' : serviceName(sid),
        link: conversation ? `/console/inbox/${conversation}` : null,
      });
      return card.element;
    });
    for (const child of [...list.childNodes]) if (!elements.includes(child)) child.remove();
    elements.forEach((element, place) => {
      if (list.childNodes[place] !== element) list.insertBefore(element, list.childNodes[place] ?? null);
    });
  }

  const nobody = () => empty({
    icon: 'webhook', title: 'Nobody is told yet',
    text: 'Give the URL of your server and choose the events that it is to hear of. Then send it a test, and see here what it answers.',
    action: h('button', { type: 'button', class: 'button primary', onclick: () => edit() }, icon('plus', 'small'), 'Set the first webhook'),
  });

  const complain = (error) => {
    if (!error.passing) toast(error.message, 'bad'); // else the bar says so, and it mends itself
  };

  async function first() {
    try {
      await load();
    } catch (error) {
      failure(list, error, first);
    }
  }

  fill(list, h('div', { class: 'card hook-waiting skeleton', 'aria-hidden': 'true' }));
  await first();
  let asking = false;
  const again = async (work) => {
    if (asking || document.hidden || !account) return;
    asking = true;
    await work().catch(complain).finally(() => {
      asking = false;
    });
  };
  setInterval(() => again(refresh), refreshEvery);
  document.addEventListener('visibilitychange', () => again(load));
  live.listen((event) => event.type === 'refresh' && (account ? again(load) : first()));
}
