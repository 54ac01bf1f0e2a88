// Hears what happens, from the stream of events of /bridged/v1/events. A stream that
// breaks is taken up again; while it is gone the page says so. Where there is no
// stream, as behind some proxies, the page asks again every few seconds.

const path = '/bridged/v1/events';
const types = [
  'onConversationAdded', 'onConversationUpdated', 'onConversationRemoved', 'onConversationStateUpdated',
  'onParticipantAdded', 'onParticipantUpdated', 'onParticipantRemoved',
  'onMessageAdded', 'onMessageUpdated', 'onMessageRemoved', 'onDeliveryUpdated',
  'onUserAdded', 'onUserUpdated',
];
const pollEvery = 2000;
const retryFirst = 500;
const retryMost = 10000;

/**
 * A connection. Its listeners get events, `{id, type, at, conversation_sid, source,
 * resource, before}`, and `{type: 'refresh'}` whenever some may have been missed.
 */
export class Live {
  #listeners = new Set();
  #watchers = new Set();
  #source = null;
  #wait = retryFirst;
  #timer = null;
  #missed = false;

  /** connecting, open, polling or lost */
  state = 'connecting';

  /** Calls listener with each event; returns a function that stops that. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls watcher with the state, now and when it changes. */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher(this.state);
    return () => this.#watchers.delete(watcher);
  }

  start() {
    window.addEventListener('online', () => this.#again());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.state === 'lost') this.#again();
    });
    this.#open();
  }

  #open() {
    this.#timer = null;
    const source = new EventSource(path);
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#broken(source);
    const heard = (event) => this.#hear(event);
    source.onmessage = heard;
    for (const type of types) source.addEventListener(type, heard);
  }

  #opened() {
    this.#wait = retryFirst;
    this.#become('open');
    if (this.#missed) this.#tell({ type: 'refresh' });
    this.#missed = true;
  }

  #hear(event) {
    let value;
    try {
      value = JSON.parse(event.data);
    } catch {
      return; // a comment to keep the connection open
    }
    this.#tell(value);
  }

  #tell(event) {
    for (const listener of this.#listeners) listener(event);
  }

  // The browser itself takes up a stream that was cut off. One that was refused it
  // gives up: then the reason decides.
  async #broken(source) {
    if (source !== this.#source) return;
    if (source.readyState === EventSource.CONNECTING) {
      this.#missed = true;
      this.#become('lost');
      return;
    }
    source.close();
    const status = await fetch(path, { method: 'OPTIONS', cache: 'no-store' }).then((a) => a.status, () => 0);
    if (status === 401) {
      window.dispatchEvent(new CustomEvent('sessionover'));
    } else if (status === 404) {
      this.#poll();
    } else {
      this.#missed = true;
      this.#become('lost');
      this.#timer = setTimeout(() => this.#open(), this.#wait);
      this.#wait = Math.min(2 * this.#wait, retryMost);
    }
  }

  async #poll() {
    const status = await fetch('/console/session', { cache: 'no-store' }).then((a) => a.status, () => 0);
    if (status === 401) {
      window.dispatchEvent(new CustomEvent('sessionover'));
      return;
    }
    this.#become(status === 0 || status >= 500 ? 'lost' : 'polling');
    if (this.state === 'polling' && !document.hidden) this.#tell({ type: 'refresh' });
    this.#timer = setTimeout(() => this.#poll(), pollEvery);
  }

  #again() {
    if (this.#timer === null || this.state !== 'lost') return;
    clearTimeout(this.#timer);
    this.#open();
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}
