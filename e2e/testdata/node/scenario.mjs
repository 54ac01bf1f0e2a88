// Drives a running daemon with the unmodified official client, through every
// operation: makes, finds, lists over several pages, changes and removes each
// resource. Fails with status 1 at the first thing that is not as expected.
// Prints the method and the path of every request as one JSON list.
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import twilio from "twilio";

const { BRIDGED_URL, ACCOUNT_SID, AUTH_TOKEN, SERVICE_WITH_DEVICES, LISTENER } = process.env;
const numbers = process.env.NUMBERS.split(" ");
const handsets = process.env.HANDSETS.split(" ");
const requests = [];

// ToBridged sends the client's requests to the daemon instead of the reference's
// host. That is all that a program has to change.
class ToBridged extends twilio.RequestClient {
  request(options) {
    const { pathname, search } = new URL(options.uri);
    requests.push([options.method.toUpperCase(), pathname]);
    return super.request({ ...options, uri: BRIDGED_URL + pathname + search });
  }
}

const { v1 } = twilio(ACCOUNT_SID, AUTH_TOKEN, { httpClient: new ToBridged() }).conversations;

const sids = (list) => list.map((one) => one.sid);
const missing = (error) => error.status === 404 && error.code === 20404;

// lifecycle makes three of a resource, finds each of them, over pages of one,
// changes one where a change is given, and removes them all.
async function lifecycle(resource, set, change) {
  const made = [];
  for (let n = 0; n < 3; n++) {
    made.push((await resource.create(set(n))).sid);
  }
  assert.equal((await resource(made[0]).fetch()).sid, made[0]);
  if (change) {
    const changed = await resource(made[1]).update(change);
    assert.equal(changed.sid, made[1]);
    for (const [name, value] of Object.entries(change)) {
      if (name in changed) {
        assert.deepEqual(changed[name], value);
      }
    }
  }
  const before = requests.length;
  const listed = sids(await resource.list({ pageSize: 1 }));
  assert.ok(requests.length - before >= 3, "it is listed over several pages");
  assert.ok(made.every((sid) => listed.includes(sid)), `${made} are in the list ${listed}`);
  for (const sid of made) {
    assert.ok(await resource(sid).remove());
    await assert.rejects(resource(sid).fetch(), missing);
  }
  const left = sids(await resource.list());
  assert.ok(!made.some((sid) => left.includes(sid)), "they are gone from the list");
}

// eventually asks until the answer is as wanted, for half a minute.
async function eventually(ask, wanted) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) {
      return answer;
    }
    assert.ok(Date.now() < deadline, `waited in vain: ${ask}`);
    await wait(10);
  }
}

async function account() {
  await lifecycle(v1.services, (n) => ({ friendlyName: `service ${n}` }));
  await lifecycle(v1.credentials, (n) => ({ type: "fcm", friendlyName: `credential ${n}`, secret: "a secret" }), { friendlyName: "renamed" });
  await lifecycle(
    v1.addressConfigurations,
    (n) => ({ type: "sms", address: numbers[n], "autoCreation.type": "webhook", "autoCreation.webhookUrl": LISTENER }),
    { friendlyName: "renamed" },
  );
  const service = v1.services(SERVICE_WITH_DEVICES);
  const settings = [
    v1.configuration(),
    v1.configuration.webhooks(),
    service.configuration(),
    service.configuration.notifications(),
    service.configuration.webhooks(),
  ];
  for (const one of settings) {
    const found = await one.fetch();
    assert.equal((await one.update({})).url, found.url);
  }
  assert.equal((await v1.configuration().fetch()).accountSid, ACCOUNT_SID);
  const devices = await service.bindings.list({ pageSize: 1 });
  assert.equal(devices.length, 2);
  for (const device of devices) {
    assert.equal((await service.bindings(device.sid).fetch()).identity, device.identity);
    assert.ok(await service.bindings(device.sid).remove());
  }
}

// within uses the roles, users and conversations of a service, in one of the two
// forms of their URLs.
async function within(service, handset) {
  await lifecycle(
    service.roles,
    (n) => ({ friendlyName: `role ${n}`, type: "conversation", permission: ["sendMessage", "leaveConversation"] }),
    { permission: ["sendMessage"] },
  );
  await lifecycle(service.users, (n) => ({ identity: `user ${n}` }), { friendlyName: "renamed" });
  await lifecycle(service.conversations, (n) => ({ friendlyName: `conversation ${n}`, "timers.inactive": "PT1H" }), { state: "inactive" });

  const { sid } = await service.conversations.create();
  const conversation = service.conversations(sid);
  await lifecycle(conversation.participants, (n) => ({ identity: `participant ${n}` }), { attributes: '{"a":1}' });
  await lifecycle(conversation.messages, (n) => ({ author: "somebody", body: `message ${n}` }), { body: "changed" });
  await lifecycle(
    conversation.webhooks,
    () => ({ target: "webhook", "configuration.url": LISTENER, "configuration.method": "GET", "configuration.filters": ["onMessageAdded"] }),
    { "configuration.method": "POST" },
  );

  await conversation.participants.create({ "messagingBinding.address": handset, "messagingBinding.proxyAddress": numbers[0] });
  const message = await conversation.messages.create({ body: "to be delivered" });
  const { deliveryReceipts } = conversation.messages(message.sid);
  const [receipt] = await eventually(() => deliveryReceipts.list(), (list) => list.length === 1);
  assert.equal((await deliveryReceipts(receipt.sid).fetch()).messageSid, message.sid);

  await conversation.participants.create({ identity: "member" });
  await service.conversationWithParticipants.create({ participant: ['{"identity": "member"}'] });
  await eventually(() => service.participantConversations.list({ identity: "member", pageSize: 1 }), (list) => list.length === 2);
  const mine = service.users("member").userConversations;
  assert.equal((await mine.list({ pageSize: 1 })).length, 2);
  assert.equal((await mine(sid).update({ notificationLevel: "muted" })).notificationLevel, "muted");
  assert.equal((await mine(sid).fetch()).conversationSid, sid);
  assert.ok(await mine(sid).remove());
  assert.ok(await conversation.remove());
  await assert.rejects(conversation.fetch(), missing);
}

await account();
await within(v1, handsets[0]);
await within(v1.services(SERVICE_WITH_DEVICES), handsets[1]);
console.log(JSON.stringify(requests));
