// The inbox: the list, the thread of one conversation, and what is known of it.
import { fill, h, writing } from '../dom.js';
import { keep, recall } from '../prefs.js';
import { empty, iconButton } from '../ui.js';
import { createConversation } from '../inbox/dialogs.js';
import { List } from '../inbox/list.js';
import { Panel } from '../inbox/panel.js';
import { Thread } from '../inbox/thread.js';

const keys = () => [['J', 'and'], ['K', 'move,'], ['/', 'searches,'], ['R', 'answers,'], ['N', 'begins a new one,'], ['I', 'shows who takes part.']]
  .map(([key, does]) => [h('kbd', {}, key), ` ${does} `]);

/** Builds the page. */
export async function mount(main, { live, router }) {
  const list = new List(router, create);
  const panel = new Panel(() => showPanel(false), () => thread?.refresh());
  const place = h('div', { class: 'inbox-thread' });
  const inbox = h('div', { class: 'inbox' }, list.element, place, panel.element);
  let thread = null;

  const toggle = iconButton('people', 'About the conversation', { 'aria-controls': 'panel', onclick: () => showPanel(panel.element.hidden) });
  const wide = matchMedia('(min-width: 1180px)');
  function showPanel(shown, remember = true) {
    panel.element.hidden = !shown || !thread;
    inbox.classList.toggle('with-panel', !panel.element.hidden);
    toggle.setAttribute('aria-pressed', String(!panel.element.hidden));
    if (remember && wide.matches) keep('panel', shown);
  }

  async function create() {
    const made = await createConversation();
    if (!made) return;
    list.hear({ type: 'onConversationAdded', conversation_sid: made.sid });
    router.go(router.url(made.sid));
  }

  async function open() {
    const [sid] = router.segments;
    inbox.classList.toggle('with-thread', Boolean(sid));
    if (thread && thread.sid === sid) return;
    thread?.close();
    thread = null;
    if (!sid) {
      showPanel(false, false);
      fill(place, empty({ icon: 'chat', title: 'Choose a conversation', text: keys() }));
      list.draw();
      return;
    }
    const opened = new Thread(sid, { back: () => router.go('/console/inbox'), panel: toggle, changed: (known) => {
      if (opened !== thread) return;
      panel.show(known);
      list.draw();
    } });
    thread = opened;
    fill(place, thread.element);
    list.draw();
    const there = await opened.open();
    if (opened !== thread) return;
    showPanel(there && wide.matches && recall('panel', true), false);
    if (there && !matchMedia('(pointer: coarse)').matches) opened.focus();
  }

  function key(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape' && event.target.closest?.('.composer')) return thread?.scroller.focus();
    if (writing(event)) return;
    const does = {
      '/': () => list.search.focus(),
      n: create,
      j: () => list.step(1),
      k: () => list.step(-1),
      r: () => thread?.focus(),
      i: () => showPanel(panel.element.hidden),
      Escape: () => (panel.element.hidden || wide.matches ? list.step(0) : showPanel(false)),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  fill(main, inbox);
  main.classList.add('page-inbox');
  document.addEventListener('keydown', key);
  document.addEventListener('visibilitychange', () => document.hidden || thread?.refresh());
  router.watch(open);
  live.listen((event) => {
    list.hear(event);
    thread?.hear(event);
  });
  await Promise.all([list.load(), open()]);
}
