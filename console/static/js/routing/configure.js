// The form of an address configuration (page 11 of the reference).
import { h } from '../dom.js';
import { each, post } from '../api.js';
import { parseAddress } from '../format.js';
import { formDialog } from '../ui.js';

const path = '/v1/Configuration/Addresses';
const events = [
  'onConversationAdded', 'onConversationUpdated', 'onConversationStateUpdated', 'onConversationRemoved', 'onParticipantAdded', 'onParticipantUpdated',
  'onParticipantRemoved', 'onMessageAdded', 'onMessageUpdated', 'onMessageRemoved', 'onDeliveryUpdated',
];

/** Asks what a number shall do, and has it done; returns the configuration, or undefined. */
export async function configure(number, configuration) {
  const services = await listServices();
  const now = configuration?.auto_creation ?? { enabled: true, type: 'default' };
  const choice = (options, value) => {
    const control = h('select', { class: 'select' }, options.map(([of, text]) => h('option', { value: of }, text)));
    control.value = value;
    return control;
  };
  const text = (value, props = {}) => h('input', { class: 'input', autocomplete: 'off', spellcheck: 'false', value: value ?? '', ...props });
  const on = ({ Enabled }) => Enabled === 'true';
  const webhook = (values) => on(values) && values.Type === 'webhook';
  return formDialog({
    title: parseAddress(number.address).text, action: 'Save',
    intro: 'Autocreation: when somebody writes to this number whom no live conversation has, a conversation is made, the sender takes part in it by this number, and the message is its first. Whoever writes next from the same number lands in the same conversation, until it is closed.',
    fields: [
      { name: 'Enabled', label: 'Somebody unknown writes', control: choice([['true', 'Make a conversation'], ['false', 'Make none']], String(now.enabled)) },
      { name: 'FriendlyName', label: 'Name', hint: 'Optional: what you call this configuration.', codes: ['FriendlyName', 50003], control: text(configuration?.friendly_name, { maxlength: '256' }) },
      { name: 'Service', label: 'In which service', codes: [50050, 'ConversationServiceSid'], when: (values) => on(values) && services.length > 1, control: choice([['', 'The default service'], ...services.map((one) => [one.sid, one.friendly_name || one.sid])], now.conversation_service_sid ?? '') },
      {
        name: 'Type', label: 'The new conversation has', codes: ['AutoCreation.Type'], when: on,
        control: choice([['default', 'Nothing more: an operator answers'], ['webhook', 'A webhook: your application answers'], ['studio', 'A flow']], now.type),
      },
      { name: 'WebhookUrl', label: 'URL of the webhook', hint: 'It hears of the events below, for this conversation alone.', required: true, codes: ['WebhookUrl'], when: webhook, control: text(now.webhook_url, { inputmode: 'url', placeholder: 'https://' }) },
      { name: 'WebhookMethod', label: 'Method', codes: ['WebhookMethod'], when: webhook, control: choice([['POST', 'POST'], ['GET', 'GET']], now.webhook_method ?? 'POST') },
      { name: 'WebhookFilters', label: 'Events', hint: 'With none it hears only that the conversation was made.', codes: ['WebhookFilters'], when: webhook, control: checks(now.webhook_filters ?? ['onMessageAdded']) },
      { name: 'StudioFlowSid', label: 'SID of the flow', hint: 'FW and 32 digits, one of those in [studio] of the configuration file.', required: true, codes: ['StudioFlowSid', 50051, 50376], when: (values) => on(values) && values.Type === 'studio', control: text(now.studio_flow_sid) },
    ],
    submit: (values) => save(number, configuration, values),
  });
}

async function save(number, configuration, values) {
  const given = (name) => (values[name] === undefined ? null : values[name]);
  const filters = given('WebhookFilters');
  const form = {
    FriendlyName: values.FriendlyName, 'AutoCreation.Enabled': values.Enabled, 'AutoCreation.Type': given('Type'),
    'AutoCreation.ConversationServiceSid': given('Service') || null, 'AutoCreation.WebhookUrl': given('WebhookUrl'), 'AutoCreation.WebhookMethod': given('WebhookMethod'),
    'AutoCreation.WebhookFilters': filters ? filters.split(' ') : null, 'AutoCreation.StudioFlowSid': given('StudioFlowSid'),
  };
  try {
    return await (configuration ? post(`${path}/${configuration.sid}`, form) : post(path, { Type: number.type, Address: number.address, ...form }));
  } catch (error) {
    // Many mistakes have one code: the field is the one that the sentence names.
    error.code = ['WebhookUrl', 'WebhookMethod', 'WebhookFilters', 'StudioFlowSid', 'ConversationServiceSid', 'AutoCreation.Type', 'FriendlyName'].find((name) => error.message.includes(name)) ?? error.code;
    throw error;
  }
}

// Check boxes that are one control, whose value is the names of those that are set.
function checks(set) {
  const boxes = events.map((name) => {
    const box = h('input', { type: 'checkbox', value: name });
    box.checked = set.includes(name);
    return box;
  });
  const group = h('div', { class: 'checks', role: 'group', 'aria-label': 'Events' }, boxes.map((box) => h('label', {}, box, box.value)));
  Object.defineProperty(group, 'value', { get: () => boxes.filter((box) => box.checked).map((box) => box.value).join(' ') });
  return group;
}

async function listServices() {
  const list = [];
  try {
    for await (const one of each('/v1/Services', { PageSize: 100 }, 'services')) list.push(one);
  } catch {
    // without them the service stays as it is, and saving says what is wrong
  }
  return list;
}
