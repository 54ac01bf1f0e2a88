// The numbers that channels own, with the address configuration of each.
import { fill, h, icon, Rows } from '../dom.js';
import { each, get, remove } from '../api.js';
import { addressElement, channelName, parseAddress, size } from '../format.js';
import { badge, confirm, copyButton, empty, failure, iconButton, toast } from '../ui.js';
import { configure } from './configure.js';

const addresses = '/v1/Configuration/Addresses';

/** The table. changed is called after each change of it, known with the numbers. */
export class Numbers {
  #rows = new Rows();
  #drawn = '';

  constructor(changed, known) {
    Object.assign(this, { changed, known });
    this.body = h('tbody');
    this.place = h('div', { class: 'table-frame', 'aria-busy': 'true' }, h('div', { class: 'placeholder' }, [1, 2, 3].map(() => h('span', { class: 'skeleton line' }))));
    this.table = h('table', { class: 'table cards' },
      h('thead', {}, h('tr', {}, ['Number', 'Channel', 'Messaging service', 'Inbound webhook', 'Somebody unknown writes'].map((name) => h('th', { scope: 'col' }, name)),
        h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Change')))), this.body);
    this.element = h('section', { class: 'card', 'aria-labelledby': 'numbers-title' },
      h('header', { class: 'card-head' }, h('h2', { id: 'numbers-title' }, 'Numbers')), this.place);
  }

  /** Loads and shows them. */
  async load() {
    try {
      const [numbers, configurations] = await Promise.all([all('/bridged/v1/numbers', 'numbers'), all(addresses, 'address_configurations')]);
      this.#draw(numbers, new Map(configurations.map((one) => [one.sid, one])));
    } catch (error) {
      if (!this.#drawn) failure(this.place, error, () => this.load());
    }
    this.place.removeAttribute('aria-busy');
  }

  #draw(numbers, configurations) {
    this.#drawn = 'yes';
    this.known(numbers);
    if (!numbers.length) {
      fill(this.place, empty({ icon: 'phone', title: 'No numbers yet', text: 'Give a channel its numbers under [[channels]] in the configuration file, and start the daemon again.' }));
      return;
    }
    if (this.table.parentNode !== this.place) fill(this.place, this.table);
    this.#rows.show(this.body, numbers.map((one) => {
      const configuration = configurations.get(one.address_configuration_sid);
      return this.#rows.row(one.address, [one, configuration], () => this.#row(one, configuration));
    }));
  }

  #row(number, configuration) {
    const cell = (label, ...content) => h('td', { dataset: { label } }, content);
    const name = parseAddress(number.address).text;
    const services = number.messaging_service_sids;
    return h('tr', { dataset: { address: number.address } },
      h('th', { scope: 'row', class: 'number-cell' }, addressElement(number.address), limits(number)),
      cell('Channel', badge(channelName(number.type)), h('span', { class: 'cell-note' }, `${number.channel}, by ${number.driver}`)),
      cell('Messaging service', services.length ? services.map((sid) => h('span', { class: 'sid' }, h('code', { title: sid }, short(sid)), copyButton(sid, 'Copy the SID'))) : h('span', { class: 'muted' }, 'None')),
      cell('Inbound webhook', number.inbound_webhook_host ? h('bdi', { class: 'host' }, number.inbound_webhook_host) : h('span', { class: 'muted' }, 'None')),
      cell('Somebody unknown writes', does(configuration)),
      h('td', { class: 'cell-actions' },
        h('button', { type: 'button', class: 'button', 'aria-label': `${configuration ? 'Change' : 'Set up'} what ${name} does`, onclick: () => this.#configure(number, configuration) }, configuration ? 'Change' : 'Set up'),
        configuration ? iconButton('close', `Delete the address configuration of ${name}`, { onclick: () => this.#delete(name, configuration) }) : null));
  }

  async #configure(number, configuration) {
    const made = await configure(number, configuration);
    if (!made) return;
    toast(made.auto_creation.enabled ? 'This number makes conversations now.' : 'This number makes no conversations.');
    this.#changed();
  }

  async #delete(name, configuration) {
    const sure = await confirm({
      title: `Delete the address configuration of ${name}?`, action: 'Delete', danger: true,
      text: 'Conversations that it has made stay. What somebody unknown writes goes where the messaging service or the inbound webhook says, or is kept as unrouted.',
    });
    if (!sure) return;
    try {
      await remove(`${addresses}/${configuration.sid}`);
      toast('The address configuration is deleted.');
    } catch (error) {
      toast(error.message, 'bad');
    }
    this.#changed();
  }

  async #changed() {
    await this.load();
    this.changed();
  }
}

async function all(path, key) {
  const list = [];
  for await (const one of each(path, { PageSize: 50 }, key)) list.push(one);
  return list;
}

const short = (sid) => `${sid.slice(0, 6)}…${sid.slice(-4)}`;

function limits({ max_mms_bytes: most, rate }) {
  const parts = [most ? `MMS up to ${size(most)}` : null, rate ? `${rate.toLocaleString()} messages a second` : null].filter(Boolean);
  return parts.length ? h('span', { class: 'cell-note' }, parts.join(', ')) : null;
}

// What an address configuration does, in words.
function does(configuration) {
  if (!configuration) return h('span', { class: 'muted' }, 'Makes no conversation');
  const { enabled, type, webhook_url: url, studio_flow_sid: flow } = configuration.auto_creation;
  const then = { webhook: ['and tells ', h('bdi', { class: 'host' }, host(url))], studio: ['and starts the flow ', h('code', { title: flow }, short(flow ?? ''))], default: null }[type];
  return [badge(enabled ? 'Makes a conversation' : 'Switched off', enabled ? 'good' : 'warn'),
    enabled && then ? h('span', { class: 'cell-note' }, then) : null,
    configuration.friendly_name ? h('span', { class: 'cell-note' }, h('bdi', { dir: 'auto' }, configuration.friendly_name)) : null];
}

function host(url) {
  try {
    return new URL(url).host;
  } catch {
    return url ?? '';
  }
}
