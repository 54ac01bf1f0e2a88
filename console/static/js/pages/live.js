// Live: how much passes, how far behind it is, how long it takes, and what fails.
import { fill, h } from '../dom.js';
import { get } from '../api.js';
import { channelName } from '../format.js';
import { failure } from '../ui.js';
import { Chart } from '../live/chart.js';
import { History } from '../live/history.js';
import { Ways } from '../live/ways.js';

const pollEvery = 2000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

const names = {
  commit: 'Commits to the store', hook: 'Requests of carriers',
  deliveries: 'Failed deliveries', unrouted: 'Unrouted messages', hooks: 'Refused requests of carriers', webhooks: 'Failed webhooks', api: 'Errors of the API',
};

/** Builds the page. */
export async function mount(main, { live }) {
  const history = new History();
  const ways = new Ways();
  const charts = [
    new Chart({ title: 'Received', about: 'Messages from handsets, per second', of: 'received', name: channelName, unit: '/s' }),
    new Chart({ title: 'Sent', about: 'Messages that carriers took, per second', of: 'sent', name: channelName, unit: '/s' }),
    new Chart({ title: 'Queue lag', about: 'From accepting a message to appending it, 95 of 100 within', of: 'lag', name: channelName, unit: 'ms' }),
    new Chart({ title: 'Accept latency', about: 'Until a message is stored, 95 of 100 within', of: 'accept', name: (key) => names[key], unit: 'ms' }),
    new Chart({ title: 'Send latency', about: 'From making a delivery to its being sent, 95 of 100 within', of: 'send', name: channelName, unit: 'ms' }),
    new Chart({ title: 'Errors', about: 'What went wrong, per second', of: 'errors', name: (key) => names[key], unit: '/s' }),
  ];
  const tiles = [
    tile('Received', 'messages per second'), tile('Sent', 'messages per second'), tile('Inbound queue', 'stored, not finished'),
    tile('Outbound', 'wait for their pace'), tile('Webhooks', 'events to be told'), tile('Errors', 'in the last minute'),
  ];
  const status = h('span', { class: 'live-status muted' });
  const pause = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: toggle }, 'Pause');
  const trouble = h('div', { class: 'live-trouble' });
  let paused = false, asking = false;

  fill(main, h('div', { class: 'page-head' }, h('h1', {}, 'Live'), status, pause),
    h('div', { class: 'page-body live' }, trouble, h('dl', { class: 'tiles' }, tiles.map((one) => one.element)), h('div', { class: 'charts' }, charts.map((one) => one.element)), ways.element));

  function toggle() {
    paused = !paused;
    ways.paused = paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    if (paused) status.textContent = `Paused at ${clock.format(Date.now())}`;
    else Promise.all([poll(), ways.load()]);
  }

  async function poll() {
    if (paused || asking || document.hidden) return;
    asking = true;
    try {
      const reading = history.add(await get('/bridged/v1/live'));
      trouble.replaceChildren();
      status.textContent = `Updated ${clock.format(reading.at)}`;
      draw(reading);
    } catch (error) {
      if (!error.passing) failure(trouble, error, poll); // else the bar says so, and the next poll mends it
      status.textContent = history.samples.length ? `As of ${clock.format(history.samples.at(-1).at)}` : '';
    } finally {
      asking = false;
    }
  }

  function draw(reading) {
    const { samples } = history;
    for (const chart of charts) chart.show(samples);
    const sum = (values) => Object.values(values ?? {}).reduce((total, value) => total + value, 0);
    const last = samples.at(-1);
    const rate = (value) => value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
    const lately = samples.filter((one) => one.at > reading.at - 60000);
    const failures = Math.round(lately.reduce((total, one, i) => total + sum(one.errors) * ((one.at - (lately[i - 1]?.at ?? one.at - pollEvery)) / 1000), 0));
    const waiting = reading.sum('webhook_backlog');
    [last ? rate(sum(last.received)) : '–', last ? rate(sum(last.sent)) : '–', reading.sum('backlog').toLocaleString(), reading.sum('pace_waiting').toLocaleString(),
      waiting < 0 ? '–' : waiting.toLocaleString(), failures.toLocaleString()].forEach((text, place) => tiles[place].show(text));
    tiles[5].element.classList.toggle('bad', failures > 0);
  }

  setInterval(poll, pollEvery);
  document.addEventListener('visibilitychange', poll);
  window.addEventListener('pagehide', () => history.keep());
  live.listen((event) => ways.hear(event));
  live.watch((state) => state === 'open' && poll());
  for (const chart of charts) chart.show(history.samples);
  await Promise.all([poll(), ways.load()]);
}

function tile(title, about) {
  const value = h('dd', { class: 'tile-value' }, '–');
  return {
    element: h('div', { class: 'card tile' }, h('dt', {}, title), value, h('dd', { class: 'muted' }, about)),
    show: (text) => {
      if (value.textContent !== text) value.textContent = text;
    },
  };
}
