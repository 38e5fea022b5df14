import assert from "node:assert/strict";
import { test } from "node:test";
import { LINKS_OF_NODE_MAX } from "#provider-server/node/limits.ts";
import type { Observer } from "#provider-server/observe/observer.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { addressOf, SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { Reader, Writer } from "#transport/core/bytes.ts";
import { keyPeriodNumber, type MailboxId, mailboxId, milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { epochAt, keyPeriodInUse, keyPeriodsAnnounced, keyPeriodStart } from "#transport/directory/epochs.ts";
import type { Link } from "#transport/link/link.ts";
import { signMailboxRecord, verifyMailboxRecord } from "#transport/directory/mailbox-record.ts";
import { choosePath, chooseReplyPath } from "#transport/directory/path.ts";
import type { Path } from "#transport/sphinx/packet.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";

test("a packet from a client crosses three mixes into a mailbox at another provider", async (t) => {
  const net = await startNetwork(t);
  const alice = await signedUp(net, { name: "alice", provider: "a" });
  const bob = await signedUp(net, { name: "bob", provider: "b" });
  const payload = new SeededRandom("mail").bytes(net.geometry.payloadBytes);
  sendToMailbox(net, alice.device, { mailbox: bob.mailbox, payload });
  await net.clock.runFor(seconds(60));
  const entry = await bob.device.poll(0);
  assert.equal(entry?.kind, "fragment");
  assert.deepEqual(entry.body, payload);
  assert.equal(entry.cursor, 1);
  assert.equal((await bob.device.poll(1))?.kind, "none");
});

test("every node's loops come back to it", async (t) => {
  const delivered = new Map<string, number>();
  const net = await startNetwork(t, {
    packetDelivered: ({ node, command }) => {
      const id = Buffer.from(node).toString("hex");
      if (command === "loop") delivered.set(id, (delivered.get(id) ?? 0) + 1);
    },
    dropped: ({ reason }) => assert.notEqual(reason, "LOOP_UNKNOWN"),
  });
  await net.clock.runFor(seconds(300));
  assert.equal(delivered.size, 8);
  for (const count of delivered.values()) assert.ok(count > 3, `${count} loops came back in five minutes`);
});

test("a key look-up by SURB finds the record of an address at another provider", async (t) => {
  const net = await startNetwork(t);
  const alice = await signedUp(net, { name: "alice", provider: "a" });
  const bob = await signedUp(net, { name: "bob", provider: "b" });
  const record = {
    address: "bob@b.example",
    providerId: net.providers[1].nodeId,
    mailboxId: bob.mailbox,
    mailboxKey: new SeededRandom("mailbox key").bytes(1216),
    validFrom: net.clock.now(),
    validUntil: milliseconds(net.clock.now() + 7 * 86_400_000),
    certificate: new SeededRandom("certificate").bytes(500),
    accountKey: net.suite.ed25519.publicKey(bob.device.accountSeed("bob")),
  };
  const bytes = signMailboxRecord({ record, accountSeed: bob.device.accountSeed("bob"), suite: net.suite });
  assert.equal(
    (await bob.device.control({ kind: "put-record", record: bytes, replyId: new Uint8Array(32).fill(9) })).result,
    "OK",
  );

  const found = await request(net, alice, { service: "keys", body: new Writer().text16("Bob@b.example").finish() });
  const reader = new Reader(found);
  assert.equal(reader.u8(), 1);
  assert.deepEqual(verifyMailboxRecord({ bytes: reader.bytes32(20_000), suite: net.suite }), record);
  const unknown = await request(net, alice, { service: "keys", body: new Writer().text16("eve@b.example").finish() });
  assert.deepEqual(unknown, Uint8Array.of(0));
});

test("keys change with every period, old ones are erased after the overlap, and packets keep arriving", async (t) => {
  const net = await startNetwork(t);
  const alice = await signedUp(net, { name: "alice", provider: "a" });
  const bob = await signedUp(net, { name: "bob", provider: "b" });
  const { keyPeriods } = net.network.parameters.epoch;
  for (let period = 1; period <= 4 * keyPeriods; period++) {
    await net.clock.runUntil(milliseconds(keyPeriodStart(net.network, keyPeriodNumber(period)) + 1000));
    const payload = new SeededRandom(`mail ${period}`).bytes(net.geometry.payloadBytes);
    sendToMailbox(net, alice.device, { mailbox: bob.mailbox, payload });
    await net.clock.runFor(seconds(50));
    const entry = await bob.device.poll(period - 1);
    assert.equal(entry?.kind, "fragment", `nothing arrived in key period ${period}`);
    assert.deepEqual(entry.body, payload);
  }
  for (const { at, descriptor } of net.authority.published) {
    const epoch = epochAt(net.network, milliseconds(at));
    assert.deepEqual([...descriptor.mixKeys.keys()], keyPeriodsAnnounced(net.network, epoch));
  }
});

test("a node whose clock is wrong says so and publishes nothing until it is right", async (t) => {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  net.authority.skew = 3 * 3600 * 1000;
  for (const node of net.mixes) node.start();
  await net.clock.runFor(seconds(5));
  assert.equal(net.authority.published.length, 0);
  const lines = net.lines.filter((line) => line.includes("clock differs"));
  assert.equal(lines.length, net.mixes.length, "each node says it once");
  net.authority.skew = 0;
  await net.clock.runFor(seconds(10));
  assert.equal(new Set(net.authority.published.map(({ descriptor }) => descriptor.operator)).size, net.mixes.length);
});

test("a node takes links only from the stage before its own, and never from strangers", async (t) => {
  const strangers: string[] = [];
  const net = await startNetwork(t, {
    dropped: ({ reason }) => void (reason === "STRANGER" && strangers.push(reason)),
  });
  const linkTo = async (name: string, key: Uint8Array): Promise<boolean> => {
    const expectedKey = net.dependencies(name).identity.linkKey;
    const dialing = net.links.dialer(key).dial({ address: addressOf(name), expectedKey, protocol: "starling-node/2" });
    const link = await net.clock.runUntilSettled(dialing, seconds(1));
    await net.clock.runFor(seconds(1));
    return link.writable;
  };
  const keyOf = (name: string): Uint8Array => net.dependencies(name).identity.linkKey;
  // mix0 is in layer 1, mix1 in 2, mix2 in 3.
  assert.equal(await linkTo("mix1", keyOf("mix0")), true);
  assert.equal(await linkTo("b", keyOf("mix2")), true);
  strangers.length = 0; // Before they had a list, nodes were strangers to each other.
  const unknown = new SeededRandom("unknown").bytes(32);
  assert.equal(await linkTo("mix1", unknown), false);
  assert.equal(await linkTo("mix1", keyOf("mix2")), false);
  assert.equal(await linkTo("mix1", keyOf("a")), false);
  assert.equal(await linkTo("b", keyOf("a")), false);
  assert.equal(strangers.length, 4);
});

test("a node that dials another without end loses its oldest links, and takes nobody's place", async (t) => {
  const net = await startNetwork(t);
  const { linkKey } = net.dependencies("mix0").identity;
  const dialer = net.links.dialer(linkKey);
  const target = { address: addressOf("mix1"), expectedKey: net.dependencies("mix1").identity.linkKey };
  const links: Link[] = [];
  for (let n = 0; n < 3 * LINKS_OF_NODE_MAX; n++) {
    const dialing = dialer.dial({ ...target, protocol: "starling-node/2" });
    links.push(await net.clock.runUntilSettled(dialing, seconds(1)));
    await net.clock.runFor(seconds(1));
  }
  const open = links.map((link) => link.writable);
  // The node's own link, which was the first to go, has been dialled anew and is one of them.
  assert.equal(open.filter(Boolean).length, LINKS_OF_NODE_MAX - 1);
  assert.equal(open.at(-1), true);
});

async function startNetwork(t: { after(fn: () => Promise<void>): void }, observer: Observer = {}) {
  const net = await SmallNetwork.create({ observer });
  t.after(() => net.stop());
  await net.start();
  return Object.assign(net, {
    geometry: (net.mixes[0] as NonNullable<(typeof net.mixes)[0]>).sphinx.geometry,
    sphinx: (net.mixes[0] as NonNullable<(typeof net.mixes)[0]>).sphinx,
    providers: net.providers as [(typeof net.providers)[0], (typeof net.providers)[0]],
  });
}

type Net = Awaited<ReturnType<typeof startNetwork>>;

interface User {
  device: TestDevice;
  mailbox: MailboxId;
  replyTo: MailboxId;
  provider: "a" | "b";
  cursor: number;
}

async function signedUp(net: Net, options: { name: string; provider: "a" | "b" }): Promise<User> {
  const device = await TestDevice.connect(net, options);
  const answer = await device.signUp(options.name);
  assert.equal(answer.result, "OK");
  assert.ok(answer.account);
  const { mailboxId: mailbox } = answer.account;
  const replyId = new SeededRandom(`${options.name}/replies`).bytes(32);
  assert.equal((await device.publish({ ...options, mailbox, replyId })).result, "OK");
  return { device, mailbox, replyTo: mailboxId(replyId), provider: options.provider, cursor: 0 };
}

function pathOptions(net: Net, seed: string) {
  const consensus = net.providers[0].mix.consensuses.at(net.clock.now());
  const period = keyPeriodInUse(net.network, net.clock.now());
  const random = new SeededRandom(seed);
  return { consensus, period, meanDelay: seconds(1), paths: random, delays: random };
}

function sendToMailbox(net: Net, from: TestDevice, o: { mailbox: MailboxId; payload: Uint8Array }): void {
  const path: Path = choosePath({ ...pathOptions(net, "path"), destination: net.providers[1].nodeId });
  const destination = { command: "mailbox", recipient: o.mailbox } as const;
  const { firstHop, packet } = net.sphinx.wrap({
    path,
    destination,
    payload: o.payload,
    random: new SeededRandom("wrap"),
  });
  from.sendPacket(firstHop, packet);
}

async function request(net: Net, user: User, o: { service: string; body: Uint8Array }): Promise<Uint8Array> {
  const random = new SeededRandom(`request ${user.cursor}`);
  const [own, other] = [net.providers[0].nodeId, net.providers[1].nodeId];
  const back = chooseReplyPath({ ...pathOptions(net, "back"), from: other, to: own });
  const id = surbId(random.bytes(16));
  const { surb, replyKey } = net.sphinx.createSurb({ path: back, mailbox: user.replyTo, surbId: id, random });
  const payload = encodeServiceRequest(net.geometry, { ...o, surb, random });
  const path = choosePath({ ...pathOptions(net, "there"), destination: other });
  const destination = { command: "service", recipient: serviceId(net.suite, o.service) } as const;
  const { firstHop, packet } = net.sphinx.wrap({ path, destination, payload, random });
  user.device.sendPacket(firstHop, packet);
  await net.clock.runFor(seconds(90));
  const entry = await user.device.poll(user.cursor);
  assert.equal(entry?.kind, "reply");
  assert.deepEqual(entry.surbId, id);
  user.cursor = entry.cursor;
  return net.sphinx.openReply({ replyKey, payload: entry.body });
}
