/**
 * What can be done to boxes at their provider, and what can be learnt there, by who knows a box's id, by strangers with accounts
 * and by who counts and times answers. Spec: docs/spec/17-boxes.md
 */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ENTRIES_PER_BOX_MAX, STRANGE_COLLECT_ANSWERS_WAITING_MAX } from "#provider-server/boxes/limits.ts";
import { FRAGMENTS_PER_MAILBOX_MAX, REPLIES_PER_DEVICE_MAX } from "#provider-server/mailbox/limits.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import type { ProviderNode } from "#provider-server/node/provider-node.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { BoxUser } from "#test/support/box-user.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { TokenClient } from "#test/support/token-client.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { collectDelayMax } from "#transport/box/limits.ts";
import { encodeCollect } from "#transport/box/requests.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type MailboxId, mailboxId, milliseconds, type NodeId, seconds, surbId } from "#transport/core/units.ts";
import { fragmentHash } from "#transport/fragment/seal.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";

/** Drop slots are as far apart as in a live network: so long may answers be asked to wait. */
const rareMail = { ...SMALL_PARAMETERS.profiles.mail, sendRate: LIVE_PARAMETERS.profiles.mail.sendRate };
const PARAMETERS = { ...SMALL_PARAMETERS, profiles: { ...SMALL_PARAMETERS.profiles, mail: rareMail }, boxReplies: 2 };

test("how many answers come, when, and how long they are, is the same for an empty box, a full one and none at all", async (t) => {
  const runs = [];
  for (const kind of ["none", "empty", "full"] as const) {
    const { net, stored, provider } = await start(t, { isQuiet: true });
    const alice = await BoxUser.join(net, "alice");
    if (kind !== "none") provider.boxes.store.open(alice.secret);
    if (kind === "full") for (let n = 0; n < 40; n++) put(net, provider, alice.boxId, n);
    await net.clock.runFor(seconds(1));
    const before = stored.length;
    const collects = [
      [0, 30_000],
      [5000, 5001],
      [20_000, 40_000],
    ].map((delays) => alice.collect({ delays }));
    for (const collect of collects) alice.send(collect);
    await alice.read(seconds(120));
    const came = collects.flatMap(({ answers }) => [...answers.values()].map(({ what }) => what));
    assert.deepEqual(new Set(came), new Set([{ none: "unknown", empty: "nothing", full: "entry" }[kind]]));
    runs.push({ at: stored.slice(before), count: came.length });
    await net.stop();
  }
  assert.equal(runs[0]?.count, 6);
  assert.ok((runs[0]?.at.length ?? 0) >= 6);
  assert.deepEqual(runs[1], runs[0]);
  assert.deepEqual(runs[2], runs[0]);
});

test("who knows a box's id writes into it, and can neither read it, nor open over it, nor delete from it", async (t) => {
  const { net, provider } = await start(t);
  const [alice, eve] = [await BoxUser.join(net, "alice"), await BoxUser.join(net, "eve")];
  const opened = await alice.open();
  assert.ok(opened?.until !== undefined);
  eve.send(eve.mail(alice.boxId));
  await net.clock.runFor(seconds(30));
  // All that she knows is the id.
  const asSecret = eve.collect({ secret: alice.boxId, cursor: 1 });
  eve.send(asSecret);
  await eve.read();
  const made = await eve.open({ secret: alice.boxId });
  assert.deepEqual([...asSecret.answers.values()], [{ what: "unknown" }, { what: "unknown" }]);
  assert.ok(made?.until !== undefined && provider.boxes.store.count === 2, "a box of her own, of another name");
  const again = eve.collect({ secret: alice.boxId, cursor: 1 });
  eve.send(again);
  await eve.read();
  assert.deepEqual(
    [...again.answers.values()],
    [
      { what: "nothing", next: 1 },
      { what: "nothing", next: 1 },
    ],
  );
  assert.deepEqual(await alice.open(), opened, "alice's is as it was");
  const collect = alice.collect();
  alice.send(collect);
  await alice.read();
  assert.equal(collect.answers.get(0)?.what, "entry");
});

test("a reply never goes into a box, and nobody's replies can be led there", async (t) => {
  const { net, dropped } = await start(t);
  const [alice, eve] = [await BoxUser.join(net, "alice"), await BoxUser.join(net, "eve")];
  await alice.open();
  for (let i = 0; i < 3; i++) eve.send(eve.replyTo(alice.boxId));
  await net.clock.runFor(seconds(60));
  assert.equal(dropped.get("MAILBOX_UNKNOWN"), 3);
  assert.equal(rows(net, "entries"), 0);
  // At the box's own provider an account names it as the place of its replies.
  const bob = await TestDevice.connect(net, { name: "bob", provider: "b" });
  const { account } = await bob.signUp("bob");
  const mailbox = account?.mailboxId as MailboxId;
  const outcome = await bob.publish({ name: "bob", provider: "b", mailbox, replyId: alice.boxId });
  assert.equal(outcome.result, "REFUSED");
});

test("no link of a device reaches a box, whatever key it has", async (t) => {
  const { net } = await start(t);
  const alice = await BoxUser.join(net, "alice");
  await alice.open();
  alice.send(alice.mail(alice.boxId));
  await net.clock.runFor(seconds(30));
  const eve = await TestDevice.connect(net, { name: "eve", provider: "b" });
  // A reader of the box by the very key of her line.
  const added = net.databases[1]
    ?.prepare("INSERT INTO box_readers (mailbox, reader_id, collected_day) SELECT mailbox, ?, 1 FROM boxes")
    .run(eve.key);
  assert.equal(added?.changes, 1);
  assert.equal((await eve.poll(0))?.kind, "no-account");
  assert.equal((await eve.control({ kind: "status" })).result, "NO_ACCOUNT");
  await eve.signUp("eve");
  assert.equal((await eve.poll(0))?.kind, "none");
  assert.equal(rows(net, "entries"), 1);
});

test("an account's mailbox cannot be collected from as a box, nor a box be signed up for", async (t) => {
  const { net } = await start(t);
  const alice = await BoxUser.join(net, "alice");
  const bob = await TestDevice.connect(net, { name: "bob", provider: "b" });
  const mailbox = (await bob.signUp("bob")).account?.mailboxId as MailboxId;
  alice.send(alice.mail(mailbox));
  const collect = alice.collect({ secret: mailbox, cursor: 1 });
  alice.send(collect);
  await alice.read();
  assert.deepEqual([...collect.answers.values()], [{ what: "unknown" }, { what: "unknown" }]);
  assert.equal((await bob.poll(0))?.kind, "fragment");
});

test("a box costs a token: without one, with one that was spent or by a packet that is sent again none is opened", async (t) => {
  const parameters = { ...PARAMETERS, tokens: { period: seconds(600), perProvider: 3 } };
  const { net, provider, dropped } = await start(t, { parameters });
  const alice = await BoxUser.join(net, "alice");
  assert.equal(await alice.open({ secret: secret(1) }), undefined);
  assert.equal(dropped.get("TOKEN_INVALID"), 1);
  const tokens = await new TokenClient({ net, device: alice.device, random: alice.random }).tokens({
    period: 0,
    provider: provider.nodeId,
    publicKey: provider.tokens.keys.publicKeys().get(0) as Uint8Array,
  });
  const [token] = tokens as [Uint8Array];
  const { packet, opened } = alice.opening({ secret: secret(2), token });
  alice.send(packet);
  alice.send(packet);
  await alice.read();
  assert.ok(opened()?.until !== undefined);
  assert.equal(dropped.get("REPLAY"), 1);
  assert.equal(await alice.open({ secret: secret(3), token }), undefined);
  assert.equal(dropped.get("TOKEN_SPENT"), 1);
  assert.equal(provider.boxes.store.count, 1);
  const collect = alice.collect({ secret: secret(2) });
  alice.send(collect);
  await alice.read();
  assert.equal(collect.answers.size, 2, "and a collect costs none");
});

test("a collect that is sent again is answered once", async (t) => {
  const { net, dropped } = await start(t);
  const alice = await BoxUser.join(net, "alice");
  const collect = alice.collect();
  for (let i = 0; i < 5; i++) alice.send(collect);
  await alice.read();
  assert.equal(collect.answers.size, 2);
  assert.equal(dropped.get("REPLAY"), 4);
});

test("fourteen devices, and ten times as many, that ask boxes which are none for late answers keep nobody from a box that is there", async (t) => {
  const { net, provider, dropped } = await start(t);
  const [alice, bob] = [await BoxUser.join(net, "alice"), await BoxUser.join(net, "bob")];
  provider.boxes.store.open(alice.secret);
  put(net, provider, alice.boxId, 1);
  const { geometry } = provider.mix.sphinx;
  const random = new SeededRandom("flood of collects");
  const recipient = serviceId(net.suite, "box");
  // What comes out of packets at this provider, so long before its time as may be; the reply blocks are looked at when it is due.
  const flood = (times: number, last: number): void => {
    for (let i = 0; i < times; i++) {
      const surbs = [random.bytes(geometry.surbBytes)];
      const [secret, readerId] = [random.bytes(32), random.bytes(32)];
      const delays = [last - 1000, last].map(milliseconds);
      const body = encodeCollect({ secret, readerId, cursor: 0, taken: 0n, delays, surbs });
      const surb = random.bytes(geometry.surbBytes);
      provider.boxes.handle(recipient, encodeServiceRequest(geometry, { service: "box", surb, body, random }));
    }
  };
  // In ten minutes fourteen at the fastest pace, BUDGET_SLACK and all, make some 8,200 collects: of those none waits any more.
  flood(8200, 600_000);
  assert.equal(dropped.get("SERVICE_MALFORMED"), 8200);
  const longest = Math.floor(collectDelayMax(PARAMETERS));
  flood(14 * 140, longest);
  flood(10 * 14 * 140, longest);
  assert.equal(provider.boxes.gauges["collect_answers_waiting"], STRANGE_COLLECT_ANSWERS_WAITING_MAX);
  const [collect, strange] = [alice.collect(), bob.collect()];
  alice.send(collect);
  bob.send(strange);
  await Promise.all([alice.read(), bob.read()]);
  assert.deepEqual(
    [...collect.answers.values()].map(({ what }) => what),
    ["entry", "nothing"],
  );
  // What is left: who has no box gets no answers, and its own provider sees so.
  assert.equal(strange.answers.size, 0);
});

test("one reader that collects without end keeps no other from its box", async (t) => {
  const { net, provider } = await start(t);
  const [alice, eve] = [await BoxUser.join(net, "alice"), await BoxUser.join(net, "eve")];
  for (const { secret } of [alice, eve]) provider.boxes.store.open(secret);
  for (let i = 0; i < 30; i++) eve.send(eve.collect({ delays: [100_000, 101_000] }));
  await net.clock.runFor(seconds(60));
  assert.equal(provider.boxes.gauges["collect_answers_waiting"], 256, "one step of what is told: sixteen");
  const collect = alice.collect();
  alice.send(collect);
  await alice.read();
  assert.equal(collect.answers.size, 2);
});

test("in a network without boxes nothing of this is answered, and nothing is kept", async (t) => {
  const { net, dropped } = await start(t, { parameters: { ...PARAMETERS, boxReplies: 0 } });
  const alice = await BoxUser.join(net, "alice");
  alice.send(alice.collect());
  assert.equal(await alice.open(), undefined);
  assert.equal(dropped.get("SERVICE_UNKNOWN"), 2);
  assert.deepEqual([rows(net, "boxes"), rows(net, "box_readers")], [0, 0]);
});

test("a writer that fills one box takes no room of another, nor of a mailbox, and its owner opens a new one", async () => {
  const clock = new VirtualClock({ start: milliseconds(1e12) });
  const drops: DropReason[] = [];
  const database = new ProviderDatabase(":memory:");
  const store = new MailboxStore({
    database,
    clock,
    log: keptLog(clock).log,
    quota: {
      fragments: FRAGMENTS_PER_MAILBOX_MAX,
      replies: REPLIES_PER_DEVICE_MAX,
      boxFragments: ENTRIES_PER_BOX_MAX,
      boxBytes: 40,
    },
    roomSpan: milliseconds(1000),
    retention: seconds(1e6),
    knownTime: () => clock.now(),
    onDrop: (reason) => drops.push(reason),
  });
  const ids = [1, 2, 3].map((fill) => mailboxId(new Uint8Array(32).fill(fill)));
  const [flooded, other, mailbox] = ids as [MailboxId, MailboxId, MailboxId];
  ids.forEach((id, i) => database.prepare("INSERT INTO mailboxes (id, mailbox_id) VALUES (?, ?)").run(i + 1, id));
  for (const id of [1, 2]) database.prepare("INSERT INTO boxes (mailbox, until) VALUES (?, 2000000000000)").run(id);
  const random = new SeededRandom("flood of a box");
  const write = async (to: MailboxId, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const none = surbId(new Uint8Array(16));
      store.deliver({ mailboxId: to, kind: "fragment", surbId: none, body: random.bytes(50), hash: random.bytes(16) });
    }
    await clock.runFor(seconds(1));
  };
  await write(flooded, ENTRIES_PER_BOX_MAX + 500);
  assert.deepEqual(drops, Array(500).fill("MAILBOX_FULL"));
  await write(other, 10);
  await write(mailbox, ENTRIES_PER_BOX_MAX + 10);
  assert.equal(drops.length, 500);
  const counts = database.prepare("SELECT fragments FROM mailboxes ORDER BY id").all();
  assert.deepEqual(
    counts.map((row) => row["fragments"]),
    [ENTRIES_PER_BOX_MAX, 10, ENTRIES_PER_BOX_MAX + 10],
  );
});

const secret = (n: number): Uint8Array => new SeededRandom(`box ${n}`).bytes(32);

interface Started {
  readonly net: SmallNetwork;
  /** Where boxes are. */
  readonly provider: ProviderNode;
  readonly dropped: Map<DropReason, number>;
  /** When entries became durable at the other provider, a, in milliseconds. */
  readonly stored: number[];
}

async function start(t: TestContext, o: { parameters?: typeof PARAMETERS; isQuiet?: boolean } = {}): Promise<Started> {
  const dropped = new Map<DropReason, number>();
  const stored: number[] = [];
  const net = await SmallNetwork.create({
    parameters: o.parameters ?? PARAMETERS,
    observer: {
      dropped: ({ reason }) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
      entryStored: ({ node, at }) => {
        if (equalBytes(node, net.providers[0]?.nodeId as NodeId)) stored.push(at);
      },
    },
  });
  if (o.isQuiet !== true) t.after(() => net.stop());
  await net.start();
  return { net, provider: net.providers[1] as ProviderNode, dropped, stored };
}

/** An entry that takes no way, so that nothing but the box differs. */
function put(net: SmallNetwork, provider: ProviderNode, to: MailboxId, n: number): void {
  const body = new SeededRandom(`entry ${n}`).bytes(provider.mix.sphinx.geometry.payloadBytes);
  const hash = fragmentHash(net.suite, body);
  provider.mailbox.deliver({ mailboxId: to, kind: "fragment", surbId: surbId(new Uint8Array(16)), body, hash });
}

const rows = (net: SmallNetwork, table: string): number =>
  Number(net.databases[1]?.prepare(`SELECT COUNT(*) AS count FROM ${table}`).get()?.["count"]);
