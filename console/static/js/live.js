// Hears what happens, from the stream of events of /bridged/v1/events. A stream that
// breaks is taken up again where it was; while it is gone the page says so.
//
// A browser has six connections to a server, so all tabs share one stream: the one that
// has the lock leads, which is to hear the stream and to pass on what it hears. Where
// there are no locks, as without TLS beyond this machine, each tab has a stream of its
// own while somebody looks at it.

const path = '/bridged/v1/events';
const name = 'bridged.live.1'; // of the lock and the channel; it changes with what is passed on
const retryFirst = 500;
const retryMost = 10000;
const patience = 3000; // for the answer of the tab that leads
const askEvery = 20000;
const hiddenFor = 30000; // before a stream that nobody looks at is ended

/** All types of events that the stream tells. */
export const types = [
  'onConversationAdded', 'onConversationUpdated', 'onConversationRemoved', 'onConversationStateUpdated',
  'onParticipantAdded', 'onParticipantUpdated', 'onParticipantRemoved', 'onParticipantOptedOut', 'onParticipantOptedIn',
  'onMessageAdded', 'onMessageUpdated', 'onMessageRemoved', 'onDeliveryUpdated',
  'onUserAdded', 'onUserUpdated',
];

/**
 * A connection. Its listeners get events, `{id, type, at, conversation_sid, source,
 * resource, before}`, and `{type: 'refresh'}` whenever some may have been missed.
 */
export class Live {
  #listeners = new Set();
  #watchers = new Set();
  #channel = null;
  #source = null;
  #cursor = null; // the id of the last event
  #wait = retryFirst;
  #again = null; // timer of the next try
  #unanswered = null; // timer of a question to who leads
  #waiting = null; // ends asking for the lock
  #leads = false;

  /** connecting, open or lost */
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
    window.addEventListener('online', () => this.#retry());
    document.addEventListener('visibilitychange', () => document.hidden || this.#retry());
    if (navigator.locks && window.BroadcastChannel) this.#share();
    else this.#alone();
  }

  // Follows whoever leads, until it is this tab's turn.
  #share() {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#heardOf(data);
    this.#queue();
    this.#ask();
    setInterval(() => this.#ask(), askEvery);
    document.addEventListener('visibilitychange', () => this.#ask());
  }

  async #queue(steal = false) {
    this.#waiting?.abort(); // what it has asked for before
    const waiting = this.#waiting = new AbortController();
    try {
      await navigator.locks.request(name, steal ? { steal } : { signal: waiting.signal }, () => {
        this.#leads = true;
        clearTimeout(this.#unanswered);
        this.#open();
        return new Promise(() => {}); // as long as the tab is there
      });
    } catch {
      if (waiting !== this.#waiting) return;
      if (!this.#leads) return this.#alone(); // the browser refuses locks here
      this.#leads = false; // another tab got no answer, and took over
      this.#close();
      this.#queue();
    }
  }

  // A tab that the system has put to sleep leads without doing anything: one that is
  // looked at takes over.
  #ask() {
    if (this.#leads || document.hidden) return;
    this.#channel.postMessage({ ask: true });
    clearTimeout(this.#unanswered);
    this.#unanswered = setTimeout(() => this.#leads || document.hidden || this.#queue(true), patience);
  }

  #heardOf({ ask, state, event, over }) {
    if (ask) {
      if (this.#leads) this.#channel.postMessage({ state: this.state });
      return;
    }
    if (this.#leads) return; // from a tab that does not know yet that it no longer leads
    clearTimeout(this.#unanswered);
    if (event) this.#tell(event);
    if (over) this.#over();
    if (state) this.#become(state);
  }

  // Has a stream while the tab is looked at.
  #alone() {
    let leaving;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(leaving);
      if (document.hidden) leaving = setTimeout(() => this.#close(), hiddenFor);
      else if (!this.#source && this.#again === null) this.#open();
    });
    this.#leads = true;
    this.#open();
  }

  #open() {
    this.#again = null;
    const source = new EventSource(this.#cursor ? `${path}?After=${this.#cursor}` : path);
    const continued = Boolean(this.#cursor);
    this.#source = source;
    let opened = false;
    source.onopen = () => {
      this.#wait = retryFirst;
      // The browser itself takes up a stream where it was. One that begins anew does
      // not know what was before.
      if (!opened && !continued) this.#pass({ type: 'refresh' });
      opened = true;
      this.#lead('open');
    };
    source.onerror = () => this.#broken(source);
    const heard = (event) => this.#hear(event);
    for (const type of types) source.addEventListener(type, heard);
    source.addEventListener('gone', () => this.#renew());
  }

  #close() {
    clearTimeout(this.#again);
    this.#again = null;
    this.#source?.close();
    this.#source = null;
  }

  // What comes after the last event is not kept any more.
  #renew() {
    this.#close();
    this.#cursor = null;
    this.#open();
  }

  #hear(event) {
    this.#pass(JSON.parse(event.data));
  }

  #pass(event) {
    this.#channel?.postMessage({ event });
    this.#tell(event);
  }

  #tell(event) {
    if (event.id) this.#cursor = event.id;
    for (const listener of this.#listeners) listener(event);
  }

  // The browser goes on with a stream that was cut off. One that was refused it gives
  // up: then the reason decides.
  async #broken(source) {
    if (source !== this.#source) return;
    this.#lead('lost');
    if (source.readyState === EventSource.CONNECTING) return;
    this.#close();
    const query = this.#cursor ? `?PageSize=1&After=${this.#cursor}` : '?PageSize=1';
    const status = await fetch(path + query, { cache: 'no-store', headers: { Accept: 'application/json' } }).then((a) => a.status, () => 0);
    if (this.#source || !this.#leads) return;
    if (status === 401) {
      this.#channel?.postMessage({ over: true });
      this.#over();
    }
    if (status === 410 || status === 400) this.#cursor = null;
    this.#again = setTimeout(() => this.#open(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, retryMost);
  }

  #over() {
    window.dispatchEvent(new CustomEvent('sessionover'));
  }

  // At once, when the network is back or somebody looks.
  #retry() {
    if (this.#again === null) return;
    clearTimeout(this.#again);
    this.#open();
  }

  #lead(state) {
    this.#channel?.postMessage({ state });
    this.#become(state);
  }

  #become(state) {
    if (state === this.state) return;
    const joins = this.state === 'connecting' && !this.#leads;
    this.state = state;
    if (joins) this.#tell({ type: 'refresh' }); // what happened before it listened
    for (const watcher of this.#watchers) watcher(state);
  }
}
