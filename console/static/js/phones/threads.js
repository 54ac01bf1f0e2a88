// The threads of a phone: one for each number that its owner writes with, and one for
// each group.

const join = (addresses) => [...addresses].sort().join(' ');

/** Everybody in a message but the phone itself. */
export const others = (message, own) => [...new Set([message.from, ...message.to])].filter((address) => address !== own);

/** The key of the thread with these people. */
export const keyOf = (addresses) => join(addresses);

/** The threads among a phone's messages, the latest first: key, people and messages. */
export function threads(messages, own) {
  const found = new Map();
  for (const message of messages) {
    const people = others(message, own);
    const key = keyOf(people);
    const thread = found.get(key) ?? { key, people: key.split(' '), messages: [] };
    found.delete(key); // the latest one last
    found.set(key, thread);
    thread.messages.push(message);
  }
  return [...found.values()].reverse();
}

/** Numbers that are visible in a thread and are neither the phone's own nor ours. */
export const strangers = (thread, ours) => thread.people.filter((address) => !ours.includes(address));

/** What somebody has said last of STOP and START: whether they are out. */
export function hasStopped(messages) {
  const word = messages.filter((message) => message.direction === 'sent').map((message) => message.body.trim().toUpperCase())
    .findLast((body) => ['STOP', 'START', 'UNSTOP'].includes(body));
  return word === 'STOP';
}
