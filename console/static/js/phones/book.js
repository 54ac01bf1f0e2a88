// Which phones there are: those that the simulator has heard of, and those that this
// browser has added. What a phone is called, and whom it may write to, is kept here.
import { ApiError, get, postFile, postJSON, put, withQuery } from '../api.js';
import { parseAddress } from '../format.js';
import { keep, recall } from '../prefs.js';

const base = '/bridged/v1/simulator';
const atOnce = 100; // handsets that one request may name

/** What is kept of a phone: address, name, about, to (whom it may write to first), reads, blocked, away. */
export const entries = () => recall('phones', []);

const entryOf = (address) => entries().find((entry) => entry.address === address) ?? { address };

/** Changes what is kept of a phone; one that is not there yet is added. */
export function remember(address, change) {
  const list = entries();
  const at = list.findIndex((entry) => entry.address === address);
  if (at < 0) list.push({ address, ...change });
  else list[at] = { ...list[at], ...change };
  keep('phones', list);
}

/** Numbers of ours on simulated channels, to which phones can write. */
export const ownNumbers = async () => (await get(`${base}/numbers`)).numbers.map((number) => number.address);

/** All phones: what is kept of each, with what the simulator says of it. */
export async function phones() {
  const known = new Map((await get(`${base}/handsets`)).handsets.map((handset) => [handset.address, handset]));
  const list = entries().map((entry) => ({ entry, handset: known.get(entry.address) ?? null }));
  const kept = new Set(list.map(({ entry }) => entry.address));
  for (const handset of known.values()) if (!kept.has(handset.address)) list.push({ entry: entryOf(handset.address), handset });
  return list.filter(({ entry }) => !entry.away);
}

/** What the simulator says of some phones now. */
export async function handsets(addresses) {
  const list = [];
  for (let from = 0; from < addresses.length; from += atOnce) {
    list.push(...(await get(withQuery(`${base}/handsets`, { Address: addresses.slice(from, from + atOnce) }))).handsets);
  }
  return list;
}

const pathTo = (address) => `${base}/handsets/${encodeURIComponent(address)}`;

/** What a phone has, oldest first. */
export const messages = async (address) => (await get(`${pathTo(address)}/messages`)).messages;

/** Stores a photo for a phone to send; returns how media_urls names it. */
export const keepFile = async (file) => (await postFile(`${base}/media`, file)).url;

/**
 * Sends as a phone. The same id again is the same message, so that one that is tried
 * again is never there twice.
 */
export const send = (message) => postJSON(`${base}/messages`, message);

/** A carrier's id for a message that is about to be sent. */
export function newID(address) {
  const digits = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return (address.startsWith('whatsapp:') ? 'wamid.' : 'SM') + digits;
}

// The codes of errors.json that the two switches stand for.
const uncovered = 30003;
const barred = { sms: 30004, whatsapp: 63033 };

/** How the switches of a phone stand. What one switch hides of another is remembered. */
export function switches(entry, behaviour) {
  if (!behaviour) return { off: false, blocked: false, reads: false };
  const { error_code: code, status } = behaviour;
  const plain = code === 0;
  return {
    off: code === uncovered,
    blocked: code === uncovered ? Boolean(entry.blocked) : Object.values(barred).includes(code),
    reads: plain ? status === 'read' : Boolean(entry.reads),
  };
}

/** Sets the switches of a phone; what else was set of its behaviour stays. */
export async function turn(address, behaviour, { off, blocked, reads }) {
  const { delay, duplicate_statuses, reorder_statuses, refuse } = behaviour ?? {};
  const status = off ? { error_code: uncovered } : blocked ? { error_code: barred[parseAddress(address).channel] } : reads ? { status: 'read' } : {};
  const handset = await put(pathTo(address), { delay, duplicate_statuses, reorder_statuses, refuse, ...status });
  remember(address, { blocked, reads });
  return handset;
}

/** Checks an address that somebody wrote and returns it as it is kept. */
export async function checked(type, text, own) {
  const number = text.replace(/[\s().-]/g, '').replace(/^whatsapp:/i, '');
  const address = type === 'whatsapp' ? `whatsapp:${number}` : number;
  if (!/^\+[1-9]\d{6,14}$/.test(number)) throw new ApiError('Write the number with its country code, such as +15550200001.', { code: 20001 });
  if (own.includes(address)) throw new ApiError('This is a number of yours. Phones are those of the people who write to it.', { code: 20001 });
  await get(pathTo(address));
  return address;
}

/** Numbers for fiction that no phone has yet. */
export function freeNumbers(taken, count) {
  const free = [];
  for (let n = 1; free.length < count && n < 1000; n++) {
    const number = `+1555020${String(n).padStart(4, '0')}`;
    if (![number, `whatsapp:${number}`].some((address) => taken.has(address))) free.push(number);
  }
  return free;
}
