// Says things in words: times in the viewer's zone, addresses, sizes, error codes,
// and bodies whose invisible characters are made visible.
import { h } from './dom.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const longDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

const dayOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const daysAgo = (date) => Math.round((dayOf(new Date()) - dayOf(date)) / 86400000);

/** The time of day. */
export const time = (iso) => clock.format(new Date(iso));

/** A moment with date, time and zone. */
export const moment = (iso) => exact.format(new Date(iso));

/** A day as people say it. */
export function day(iso) {
  const date = new Date(iso);
  const ago = daysAgo(date);
  if (ago === 0 || ago === 1) return capital(relative.format(-ago, 'day'));
  return ago > 1 && ago < 7 ? weekday.format(date) : longDay.format(date);
}

/** A moment in the narrow column of a list. */
export function brief(iso) {
  const date = new Date(iso);
  const ago = daysAgo(date);
  if (ago === 0) return clock.format(date);
  return ago === 1 ? capital(relative.format(-1, 'day')) : shortDay.format(date);
}

/** How long from now, as in "in 3 hours". */
export function fromNow(iso) {
  const seconds = (new Date(iso) - Date.now()) / 1000;
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(Math.round(seconds), 'second');
}

/** A <time>, in words, with the exact moment on hover. */
export function timeElement(iso, say = brief) {
  return h('time', { datetime: iso, title: moment(iso) }, say(iso));
}

const capital = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1);

export function size(bytes) {
  const units = ['B', 'KB', 'MB', 'GB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** step).toLocaleString(undefined, { maximumFractionDigits: step ? 1 : 0 })} ${units[step]}`;
}

export const plural = (n, one, many) => `${n.toLocaleString()} ${n === 1 ? one : many}`;

// Country calling codes and the region that each is shown as. Longer ones win.
const regions = Object.fromEntries((
  '1US 7RU 20EG 27ZA 30GR 31NL 32BE 33FR 34ES 36HU 39IT 40RO 41CH 43AT 44GB 45DK 46SE 47NO 48PL 49DE 51PE 52MX 53CU 54AR 55BR 56CL 57CO 58VE '
  + '60MY 61AU 62ID 63PH 64NZ 65SG 66TH 81JP 82KR 84VN 86CN 90TR 91IN 92PK 93AF 94LK 95MM 98IR 211SS 212MA 213DZ 216TN 218LY 220GM 221SN 222MR '
  + '223ML 224GN 225CI 226BF 227NE 228TG 229BJ 230MU 231LR 232SL 233GH 234NG 235TD 236CF 237CM 238CV 239ST 240GQ 241GA 242CG 243CD 244AO 245GW '
  + '248SC 249SD 250RW 251ET 252SO 253DJ 254KE 255TZ 256UG 257BI 258MZ 260ZM 261MG 262RE 263ZW 264NA 265MW 266LS 267BW 268SZ 269KM 291ER 297AW '
  + '298FO 299GL 350GI 351PT 352LU 353IE 354IS 355AL 356MT 357CY 358FI 359BG 370LT 371LV 372EE 373MD 374AM 375BY 376AD 377MC 378SM 380UA 381RS '
  + '382ME 383XK 385HR 386SI 387BA 389MK 420CZ 421SK 423LI 501BZ 502GT 503SV 504HN 505NI 506CR 507PA 509HT 590GP 591BO 592GY 593EC 594GF 595PY '
  + '596MQ 597SR 598UY 599CW 670TL 673BN 674NR 675PG 676TO 677SB 678VU 679FJ 680PW 685WS 686KI 687NC 689PF 691FM 692MH 850KP 852HK 853MO 855KH '
  + '856LA 880BD 886TW 960MV 961LB 962JO 963SY 964IQ 965KW 966SA 967YE 968OM 970PS 971AE 972IL 973BH 974QA 975BT 976MN 977NP 992TJ 993TM 994AZ '
  + '995GE 996KG 998UZ'
).split(' ').map((entry) => [entry.slice(0, -2), entry.slice(-2)]));
// Of those that share +1 and +7, by what follows; the others are US and RU.
const shared = {
  1: Object.fromEntries(('CA 204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 460 468 474 506 514 519 537 548 568 579 581 584 587 '
    + '604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942|BS 242|BB 246|AI 264|AG 268|VG 284|VI 340|KY 345|BM 441|GD 473|TC 649|JM 658 876|MS 664|'
    + 'MP 670|GU 671|AS 684|SX 721|LC 758|DM 767|VC 784|PR 787 939|DO 809 829 849|TT 868|KN 869| 800 833 844 855 866 877 888').split('|')
    .flatMap((line) => line.split(' ').slice(1).map((area) => [area, line.split(' ')[0]]))),
  7: { 600: 'KZ', 700: 'KZ' }, // by the first digit: +7 6… and +7 7…
};
const regionOf = (code, rest) => shared[code]?.[code === '7' ? `${rest[0]}00` : rest.slice(0, 3)] ?? regions[code] ?? '';
const regionNames = new Intl.DisplayNames(undefined, { type: 'region' });

/**
 * What an address says: its channel (sms or whatsapp), the number in international
 * format, and the country, as a code and in words. What is no number stays as it is.
 */
export function parseAddress(address) {
  const whatsapp = address.startsWith('whatsapp:');
  const channel = whatsapp ? 'whatsapp' : 'sms';
  const bare = whatsapp ? address.slice('whatsapp:'.length) : address;
  if (!/^\+\d{6,15}$/.test(bare)) return { channel, text: bare, region: '', country: '' };
  const digits = bare.slice(1);
  const code = [3, 2, 1].map((n) => digits.slice(0, n)).find((prefix) => regions[prefix]) ?? '';
  const rest = digits.slice(code.length);
  const region = regionOf(code, rest);
  if (code === '1') {
    const text = `+1 ${rest.slice(0, 3)} ${rest.slice(3, 6)} ${rest.slice(6)}`.trim();
    return { channel, text, region, country: region ? regionNames.of(region) : 'Toll-free, North America' };
  }
  const text = code ? `+${code} ${groups(rest)}` : bare;
  return { channel, text, region, country: region ? regionNames.of(region) : '' };
}

// Digits by threes; a single one at the end goes with those before it.
const groups = (digits) => digits.replace(/(\d{3})(?=\d{2})/g, '$1 ');

export const channelName = (channel) => ({ sms: 'SMS', whatsapp: 'WhatsApp', group: 'Group text', chat: 'Chat' }[channel] ?? channel);

/** An address as an element: isolated from the text around it, with its country. */
export function addressElement(address, { channel = false } = {}) {
  const parsed = parseAddress(address);
  return h('span', { class: 'address', title: [channelName(parsed.channel), parsed.country].filter(Boolean).join(', ') },
    channel ? `${channelName(parsed.channel)} ` : null, h('bdi', { class: 'number', dir: 'ltr' }, parsed.text),
    parsed.region ? [' ', h('span', { class: 'region' }, parsed.region)] : null);
}

// Characters that turn the direction of text around, or take room and show nothing.
const hidden = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g;

/**
 * The text of somebody else as nodes: what could turn the direction of what is around
 * is shown as its code, and does nothing.
 */
export function bodyNodes(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(hidden)) {
    nodes.push(text.slice(from, match.index));
    const code = `U+${match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    nodes.push(h('span', { class: 'control', title: 'An invisible character, shown as its code' }, code));
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== '');
}

/** The same in one line, for lists: without invisible characters and line breaks. */
export const oneLine = (text, most = 160) => [...text.slice(0, 4 * most).replace(hidden, '').replace(/\s+/g, ' ').trim()].slice(0, most).join('');

let names = null;

/** The name of an error code; the code alone where it has none that is known. */
export async function errorName(code) {
  names ??= fetch(new URL('../errors.json', import.meta.url)).then((answer) => answer.json()).catch(() => {
    names = null; // asked again the next time
    return {};
  });
  return (await names)[code] ?? `Error ${code}`;
}
