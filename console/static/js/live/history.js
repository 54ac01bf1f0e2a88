// Turns snapshots of counters and histograms into what happened between them.

export const keepFor = 5 * 60 * 1000; // milliseconds of samples that are kept
const latencyOver = 10 * 1000; // milliseconds over which latencies are taken together
const kept = 'bridged.live';

/** What a page shows of one moment: `at`, and for each chart the values of its series. */
export class History {
  samples = [];
  #snapshots = [];
  #started = null;

  constructor() {
    try {
      const known = JSON.parse(sessionStorage.getItem(kept) ?? 'null');
      if (Array.isArray(known?.samples)) [this.samples, this.#started] = [known.samples, known.started];
    } catch {
      // a browser that keeps nothing begins anew
    }
  }

  /** Keeps the samples for the next page of this tab. */
  keep() {
    try {
      sessionStorage.setItem(kept, JSON.stringify({ samples: this.samples, started: this.#started }));
    } catch {
      // likewise
    }
  }

  /** Adds a snapshot, and a sample where there was one before it. Returns the reading. */
  add(snapshot) {
    const reading = new Reading(snapshot);
    if (this.#started !== snapshot.date_started) {
      this.#snapshots = []; // its counters have begun anew
      this.#started = snapshot.date_started;
    }
    const last = this.#snapshots.at(-1);
    this.#snapshots.push(reading);
    while (this.#snapshots.length > 2 && reading.at - this.#snapshots[1].at >= latencyOver) this.#snapshots.shift();
    if (last && reading.at > last.at) this.samples.push(sample(reading, last, this.#snapshots[0]));
    this.samples = this.samples.filter((one) => one.at > reading.at - keepFor);
    return reading;
  }
}

/** One snapshot, to be asked for sums. */
export class Reading {
  #metrics;

  constructor(snapshot) {
    this.at = Date.parse(snapshot.date);
    this.#metrics = new Map(snapshot.metrics.map((one) => [one.name, one]));
  }

  #series(name, labels) {
    const all = this.#metrics.get(name)?.series ?? [];
    return all.filter((one) => Object.entries(labels).every(([label, wanted]) => (typeof wanted === 'function' ? wanted(one.labels[label]) : one.labels[label] === wanted)));
  }

  /** The sum of a counter or gauge over the series with these labels. */
  sum(name, labels = {}) {
    return this.#series(name, labels).reduce((sum, one) => sum + one.value, 0);
  }

  /** The values of a label. */
  values(name, label) {
    return [...new Set((this.#metrics.get(name)?.series ?? []).map((one) => one.labels[label]))];
  }

  /** The buckets of a histogram over the series with these labels. */
  buckets(name, labels = {}) {
    const bounds = this.#metrics.get(name)?.bounds ?? [];
    const counts = Array(bounds.length + 1).fill(0);
    for (const one of this.#series(name, labels)) one.counts.forEach((n, i) => { counts[i] += n; });
    return { bounds, counts };
  }

  /** The names of channels that anything is known of. */
  get channels() {
    return [...new Set([
      ...this.values('inbound_accepted_total', 'channel'), ...this.values('deliveries_settled_total', 'channel'), ...this.values('pace_waiting', 'channel'),
    ])].sort();
  }
}

/** Estimates a quantile, in milliseconds, of what was measured between two readings; null of nothing. */
export function quantile(share, now, before) {
  const counts = now.counts.map((n, i) => Math.max(0, n - (before.counts[i] ?? 0)));
  const rank = share * counts.reduce((sum, n) => sum + n, 0);
  if (!rank) return null;
  let below = 0, lower = 0;
  for (const [i, bound] of now.bounds.entries()) {
    if (counts[i] && below + counts[i] >= rank) return 1000 * (lower + (bound - lower) * (rank - below) / counts[i]);
    below += counts[i];
    lower = bound;
  }
  return 1000 * lower;
}

const refusals = new Set(['signature', 'malformed', 'too_large', 'unavailable', 'failed']);

// now and last are a poll apart; first is what latencies are compared with.
function sample(now, last, first) {
  const seconds = (now.at - last.at) / 1000;
  const rate = (name, labels) => Math.max(0, now.sum(name, labels) - last.sum(name, labels)) / seconds;
  const p = (share, name, labels) => quantile(share, now.buckets(name, labels), first.buckets(name, labels));
  const byChannel = (value) => Object.fromEntries(now.channels.map((channel) => [channel, value(channel)]));
  return {
    at: now.at,
    received: byChannel((channel) => rate('inbound_accepted_total', { channel })),
    sent: byChannel((channel) => rate('deliveries_settled_total', { channel, result: 'sent' })),
    lag: byChannel((channel) => p(0.95, 'inbound_lag_seconds', { channel })),
    accept: { commit: p(0.95, 'commit_seconds'), hook: p(0.95, 'hook_seconds') },
    send: byChannel((channel) => p(0.95, 'delivery_lag_seconds', { channel })),
    errors: {
      deliveries: rate('deliveries_settled_total', { result: (one) => one === 'failed' || one === 'dead' }),
      unrouted: rate('inbound_routed_total', { result: 'unrouted' }),
      hooks: rate('hook_requests_total', { result: (one) => refusals.has(one) }),
      webhooks: rate('webhook_calls_total', { outcome: 'failed' }),
      api: rate('api_requests_total', { status: (one) => one.startsWith('5') }),
    },
  };
}
