// The events that webhooks can ask for (pages 12, 28 and 33), as people say them.

/** What an event is about, with its events: [name, what it says]. */
export const groups = [
  ['Conversations', [
    ['onConversationAdd', 'One is about to be made'], ['onConversationAdded', 'One was made'],
    ['onConversationUpdate', 'One is about to be changed'], ['onConversationUpdated', 'One was changed'],
    ['onConversationRemove', 'One is about to be removed'], ['onConversationRemoved', 'One was removed'],
    ['onConversationStateUpdated', 'One became active, inactive or closed'],
  ]],
  ['Participants', [
    ['onParticipantAdd', 'One is about to be added'], ['onParticipantAdded', 'One was added'],
    ['onParticipantUpdate', 'One is about to be changed'], ['onParticipantUpdated', 'One was changed'],
    ['onParticipantRemove', 'One is about to be removed'], ['onParticipantRemoved', 'One was removed'],
  ]],
  ['Messages', [
    ['onMessageAdd', 'One is about to be added'], ['onMessageAdded', 'One was added'],
    ['onMessageUpdate', 'One is about to be changed'], ['onMessageUpdated', 'One was changed'],
    ['onMessageRemove', 'One is about to be removed'], ['onMessageRemoved', 'One was removed'],
  ]],
  ['Deliveries', [['onDeliveryUpdated', 'A message was sent, delivered, read, or failed']]],
  ['Users', [
    ['onUserAdded', 'One was added'],
    ['onUserUpdate', 'One is about to be changed'], ['onUserUpdated', 'One was changed'],
  ]],
];

const names = groups.flatMap(([, events]) => events.map(([name]) => name));

/** Whether an event is told before it happens, and can be refused. */
export const before = (name) => /(Add|Update|Remove)$/.test(name);

export const eventsBefore = names.filter(before);
export const eventsAfter = names.filter((name) => !before(name));
export const eventCount = names.length;
