// How far each conversation was read in this browser. Where the operator writes as a
// participant, that participant's read horizon counts too, on every machine.
import { keep, recall } from '../prefs.js';
import { foreign } from './people.js';

const most = 2000; // conversations that are remembered

const read = new Map(recall('seen', []));

/** Remembers that a conversation was read up to a message; says whether that is new. */
export function see(conversation, index) {
  if ((read.get(conversation) ?? -1) >= index) return false;
  read.delete(conversation); // the latest ones stay
  read.set(conversation, index);
  while (read.size > most) read.delete(read.keys().next().value);
  keep('seen', [...read]);
  return true;
}

/**
 * How many messages of an entry of the inbox are unread. Infinity: nobody knows how
 * many, because the conversation was never opened here.
 */
export function unread({ conversation, participants, last_message: last }, identity) {
  if (!last || !foreign(last, participants)) return 0;
  const own = participants.find((person) => person.identity === identity)?.last_read_message_index;
  const horizons = [read.get(conversation.sid), own].filter((index) => index !== undefined && index !== null);
  if (!horizons.length) return Infinity;
  return Math.max(0, last.index - Math.max(...horizons));
}
