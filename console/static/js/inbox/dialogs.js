// What changes a conversation: making one, adding and removing participants.
import { h } from '../dom.js';
import { each, post, remove } from '../api.js';
import { confirm, formDialog, toast } from '../ui.js';
import { personName } from './people.js';

/** Makes a conversation, in a service of choice where there are several; returns it, or undefined. */
export async function createConversation() {
  const services = [];
  try {
    for await (const service of each('/v1/Services', { PageSize: 100 }, 'services')) services.push(service);
  } catch {
    // then it is made in the default one, or the form says why not
  }
  const within = h('select', { class: 'select' }, h('option', { value: '' }, 'The default one'),
    services.map((service) => h('option', { value: service.sid }, service.friendly_name || service.sid)));
  return formDialog({
    title: 'New conversation', action: 'Create', intro: 'It begins empty. Add its people next, each by the number they write to.',
    fields: [
      { name: 'FriendlyName', label: 'Name', hint: 'What you call it. Its people never see it.', required: true, codes: [50003] },
      { name: 'UniqueName', label: 'Unique name', hint: 'Optional: by which scripts find it, such as order-1048.', codes: [50004, 50353, 50390] },
      { name: 'Service', label: 'Service', hint: 'Unique names, users and settings are those of a service.', control: within, when: () => services.length > 1 },
    ],
    submit: ({ FriendlyName, UniqueName, Service }) => post(Service ? `/v1/Services/${Service}/Conversations` : '/v1/Conversations', { FriendlyName, UniqueName: UniqueName || null }),
  });
}

/** Adds a participant to a conversation; known are numbers of ours, to choose from. */
export function addParticipant(path, known) {
  const choices = h('datalist', { id: 'known-numbers' }, known.map((number) => h('option', { value: number })));
  const input = (props) => h('input', { class: 'input', autocomplete: 'off', spellcheck: 'false', ...props });
  const kind = h('select', { class: 'select' },
    [['masked', 'A number of yours, masked'], ['chat', 'Chat, by an identity'], ['group', 'A group text (SMS)'], ['projected', 'A group text, as a number of yours']]
      .map(([value, text]) => h('option', { value }, text)));
  document.body.append(choices);
  const added = formDialog({
    title: 'Add a participant', action: 'Add',
    fields: [
      { name: 'Kind', label: 'Takes part by', control: kind },
      {
        name: 'MessagingBinding.Address', label: 'Address', required: true, codes: [50407, 50416], when: ({ Kind }) => Kind === 'masked' || Kind === 'group',
        hint: "The person's own number: +15550200001 on SMS, whatsapp:+15550300002 on WhatsApp. Masked, nobody else sees it; members of a group text see each other's.",
        control: input({ inputmode: 'tel' }),
      },
      {
        name: 'MessagingBinding.ProxyAddress', label: 'Proxy address', required: true, codes: [50413, 50414, 50409], when: ({ Kind }) => Kind === 'masked',
        hint: 'The number of yours that this person writes to, and from which the others seem to write. It is on the same channel.', control: input({ list: 'known-numbers' }),
      },
      {
        name: 'MessagingBinding.ProjectedAddress', label: 'Projected address', required: true, codes: [50413, 50407, 50414], when: ({ Kind }) => Kind === 'projected',
        hint: 'The number of yours by which the group sees this participant.', control: input({ list: 'known-numbers' }),
      },
      {
        name: 'Identity', label: 'Identity', required: true, codes: [50204, 50206, 50207, 50214, 50433], when: ({ Kind }) => Kind === 'chat',
        hint: 'The name by which your application or an operator takes part.',
      },
    ],
    submit: ({ Kind, ...form }) => post(`${path}/Participants`, form),
  });
  return added.finally(() => choices.remove());
}

/** Asks, and removes a participant. */
export async function removeParticipant(path, person) {
  const sure = await confirm({
    title: `Remove ${personName(person)}?`, action: 'Remove', danger: true,
    text: 'What was written stays. What this person writes from now on goes where your routing says.',
  });
  if (!sure) return;
  try {
    await remove(`${path}/Participants/${person.sid}`);
    toast(`${personName(person)} was removed.`);
  } catch (error) {
    toast(error.message, 'bad');
  }
}
