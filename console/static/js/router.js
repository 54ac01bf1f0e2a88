// The part of the URL behind a page's name: /console/inbox/CH… is the inbox at CH….
// Each page is a document of its own; within one, the history API moves.

export class Router {
  #watchers = new Set();

  constructor(page) {
    this.base = `/console/${page}`;
    window.addEventListener('popstate', () => this.#moved());
    document.addEventListener('click', (event) => this.#clicked(event));
  }

  /** The segments behind the page's name. */
  get segments() {
    return location.pathname.slice(this.base.length).split('/').filter(Boolean).map(decodeURIComponent);
  }

  get query() {
    return new URLSearchParams(location.search);
  }

  /** The URL of segments of this page. */
  url(...segments) {
    return [this.base, ...segments.map(encodeURIComponent)].join('/');
  }

  /** Moves; in the place of the current entry of the history where replace says so. */
  go(url, { replace = false } = {}) {
    if (url === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', url);
    this.#moved();
  }

  /** Calls watcher after each move; returns a function that stops that. */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #moved() {
    for (const watcher of this.#watchers) watcher();
  }

  #clicked(event) {
    const link = event.target.closest?.('a[href]');
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    if (url.pathname !== this.base && !url.pathname.startsWith(`${this.base}/`)) return;
    event.preventDefault();
    this.go(url.pathname + url.search);
  }
}
