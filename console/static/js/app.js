// Starts the page that the shell names, with what all pages share.
import { fill, icon } from './dom.js';
import { Live } from './live.js';
import { Router } from './router.js';
import { confirm, failure } from './ui.js';

const name = document.body.dataset.page;
const main = document.getElementById('page');
const renewEvery = 10 * 60 * 1000;

theme();
const live = new Live();
live.watch(connection);
live.start();
window.addEventListener('sessionover', sessionOver);
setInterval(() => {
  if (!document.hidden) fetch('/console/session', { cache: 'no-store' }).catch(() => null);
}, renewEvery);

try {
  const { mount } = await import(`./pages/${name}.js`);
  await mount(main, { live, router: new Router(name) });
} catch (error) {
  failure(main, error, () => location.reload());
}
main.removeAttribute('aria-busy');

function theme() {
  document.getElementById('theme').addEventListener('click', () => {
    const next = document.documentElement.dataset.shownTheme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem('bridged.theme', next);
    } catch {
      return; // a browser that keeps nothing follows the system
    }
    window.dispatchEvent(new Event('themechange'));
  });
}

// A short break is nobody's business: the bar comes when it lasts.
function connection(state) {
  const bar = document.getElementById('connection');
  clearTimeout(connection.timer);
  if (state !== 'lost') {
    bar.hidden = true;
    return;
  }
  connection.timer = setTimeout(() => {
    fill(bar, icon('offline', 'small'), 'Connection lost, reconnecting. What you write is kept.');
    bar.hidden = false;
  }, 600);
}

async function sessionOver() {
  if (sessionOver.asked) return;
  sessionOver.asked = true;
  await confirm({
    title: 'You are logged out', text: 'Your session is over. What you have written is kept in this browser.',
    action: 'Log in again', cancel: null,
  });
  location.reload();
}
