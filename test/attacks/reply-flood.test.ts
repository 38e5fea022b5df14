/**
 * Somebody who knows a mailbox and fills it: with replies that nobody asked for, with one SURB used over and over, and with
 * fragments. Spec: docs/spec/07-mailbox.md §4, docs/threat-model.md
 */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { FRAGMENTS_PER_MAILBOX_MAX, REPLIES_PER_DEVICE_MAX } from "#provider-server/mailbox/limits.ts";
import { MailboxTables } from "#provider-server/mailbox/mailbox-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { type MailboxId, mailboxId, milliseconds, type NodeId, seconds, surbId } from "#transport/core/units.ts";
import { choosePath, chooseReplyPath } from "#transport/directory/path.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";

const random = new SeededRandom("reply flood");

test("replies that nobody asked for reach no mailbox, and the answer to a question comes beside a flood of them", async (t) => {
  const { net, dropped, sphinx } = await start(t);
  const alice = await member(net, { name: "alice", provider: "a" });
  const eve = await member(net, { name: "eve", provider: "b" });
  await putRecord(alice, alice.replyId);

  // Eve knows Alice's mailbox from her record, and makes SURBs that lead there.
  for (let i = 0; i < REPLIES_PER_DEVICE_MAX + 20; i++) {
    const flood = sphinx.createSurb({ ...way(net, "b", "a"), mailbox: alice.mailbox, surbId: id(), random });
    send(eve.device, sphinx.wrapReply({ surb: flood.surb, body: random.bytes(100), random }));
    await net.clock.runFor(milliseconds(200));
  }
  const question = ask(net, { user: alice, sphinx });
  await net.clock.runFor(seconds(60));
  assert.ok((dropped.get("MAILBOX_UNKNOWN") ?? 0) >= REPLIES_PER_DEVICE_MAX, "they went nowhere");
  const answer = await alice.device.poll(0);
  assert.equal(answer?.kind, "reply", "the first entry there is the answer");
  assert.deepEqual(question.open(answer.body), question.body);
  assert.equal((await alice.device.poll(answer.cursor))?.kind, "none", "and there is no other");
});

test("an account that has not yet said where its replies come gets none: not by its mailbox id, which others know", async (t) => {
  const { net, dropped, sphinx } = await start(t);
  const alice = await member(net, { name: "alice", provider: "a" });
  const eve = await member(net, { name: "eve", provider: "b" });
  const { surb } = sphinx.createSurb({ ...way(net, "b", "a"), mailbox: alice.mailbox, surbId: id(), random });
  send(eve.device, sphinx.wrapReply({ surb, body: random.bytes(100), random }));
  await net.clock.runFor(seconds(60));
  assert.equal(dropped.get("MAILBOX_UNKNOWN"), 1);
  assert.equal((await alice.device.poll(0))?.kind, "none");
});

test("one SURB brings one reply, however often its holder uses it", async (t) => {
  const { net, dropped, sphinx } = await start(t);
  const alice = await member(net, { name: "alice", provider: "a" });
  const service = await member(net, { name: "service", provider: "b" });
  await putRecord(alice, alice.replyId);
  const replies = { ...way(net, "b", "a"), mailbox: mailboxId(alice.replyId), surbId: id(), random };
  const { surb } = sphinx.createSurb(replies);
  for (let i = 0; i < 20; i++) {
    send(service.device, sphinx.wrapReply({ surb, body: random.bytes(50), random }));
    await net.clock.runFor(milliseconds(200));
  }
  await net.clock.runFor(seconds(60));
  const first = await alice.device.poll(0);
  assert.equal(first?.kind, "reply");
  assert.equal((await alice.device.poll(first.cursor))?.kind, "none");
  assert.equal(dropped.get("REPLAY"), 19);
});

test("a place for replies is nobody else's: not another's, and not another's mailbox", async (t) => {
  const { net } = await start(t);
  const alice = await member(net, { name: "alice", provider: "a" });
  const eve = await member(net, { name: "eve", provider: "a" });
  assert.equal(await putRecord(alice, alice.replyId), "OK");
  assert.equal(await putRecord(eve, alice.replyId), "REFUSED");
  assert.equal(await putRecord(eve, alice.mailbox), "REFUSED");
  assert.equal(await putRecord(eve, eve.mailbox), "REFUSED", "nor one's own mailbox, which everybody knows");
  assert.equal(await putRecord(alice, alice.replyId), "OK", "one's own as often as one likes");
});

test("a mailbox full of fragments still takes replies, the newest for each device, and one full of replies fragments", () => {
  const database = new ProviderDatabase(":memory:");
  const mailbox = mailboxId(random.bytes(32));
  const [replyId, others] = [random.bytes(32), random.bytes(32)];
  database.prepare("INSERT INTO mailboxes (id, mailbox_id) VALUES (1, ?)").run(mailbox);
  const device = database.prepare(
    "INSERT INTO devices (device_key, mailbox, polled_day, reply_id) VALUES (?, 1, 0, ?)",
  );
  for (const id32 of [replyId, others]) device.run(random.bytes(32), id32);
  const quota = { fragments: 5, replies: 3, boxFragments: 5, boxBytes: 1000 };
  assert.ok(FRAGMENTS_PER_MAILBOX_MAX > REPLIES_PER_DEVICE_MAX);
  const tables = new MailboxTables(database, quota);
  const insert = (kind: "fragment" | "reply", id32 = replyId): "stored" | DropReason => {
    const to = kind === "reply" ? mailboxId(id32) : mailbox;
    return tables.insert({ mailboxId: to, kind, surbId: id(), body: random.bytes(10), hash: random.bytes(16) }, 1);
  };
  for (let i = 0; i < quota.fragments; i++) assert.equal(insert("fragment"), "stored");
  assert.equal(insert("fragment"), "MAILBOX_FULL");
  assert.equal(insert("reply", others), "stored");
  for (let i = 0; i < quota.replies; i++) assert.equal(insert("reply"), "stored");
  assert.equal(insert("reply"), "stored");
  const kept = database.prepare("SELECT kind, GROUP_CONCAT(seq) AS numbers FROM entries GROUP BY kind").all();
  assert.deepEqual(
    kept.map(({ kind, numbers }) => [kind, numbers]),
    [
      [1, "1,2,3,4,5"],
      [2, "6,8,9,10"],
    ],
    "the oldest reply to the same device made room",
  );
  database.close();
});

interface Member {
  readonly name: string;
  readonly device: TestDevice;
  readonly mailbox: MailboxId;
  readonly provider: "a" | "b";
  readonly replyId: Uint8Array;
}

async function start(t: TestContext): Promise<{ net: SmallNetwork; dropped: Map<DropReason, number>; sphinx: Sphinx }> {
  const dropped = new Map<DropReason, number>();
  const observer = {
    dropped: ({ reason }: { reason: DropReason }) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
  };
  const net = await SmallNetwork.create({ observer });
  t.after(() => net.stop());
  await net.start();
  return { net, dropped, sphinx: net.mixes[0]?.sphinx as Sphinx };
}

async function member(net: SmallNetwork, o: { name: string; provider: "a" | "b" }): Promise<Member> {
  const device = await TestDevice.connect(net, o);
  const { account } = await device.signUp(o.name);
  assert.ok(account !== undefined);
  return { ...o, device, mailbox: account.mailboxId, replyId: random.bytes(32) };
}

async function putRecord(user: Member, replyId: Uint8Array): Promise<string> {
  return (await user.device.publish({ ...user, replyId })).result;
}

/** A question to `echo` at the other provider; the answer comes to the user's secret place. */
function ask(net: SmallNetwork, { user, sphinx }: { user: Member; sphinx: Sphinx }) {
  const body = random.bytes(40);
  const replies = { ...way(net, "b", "a"), mailbox: mailboxId(user.replyId), surbId: id(), random };
  const { surb, replyKey } = sphinx.createSurb(replies);
  const payload = encodeServiceRequest(sphinx.geometry, { service: "echo", surb, body, random });
  const destination = { command: "service", recipient: serviceId(net.suite, "echo") } as const;
  send(user.device, sphinx.wrap({ ...way(net, "a", "b"), destination, payload, random }));
  return { body, open: (reply: Uint8Array) => sphinx.openReply({ replyKey, payload: reply }) };
}

const id = () => surbId(random.bytes(16));
const idOf = (net: SmallNetwork, name: "a" | "b"): NodeId => net.providers[name === "a" ? 0 : 1]?.nodeId as NodeId;

function send(device: TestDevice, { firstHop, packet }: { firstHop: NodeId; packet: Uint8Array }): void {
  device.sendPacket(firstHop, packet);
}

function way(net: SmallNetwork, from: "a" | "b", to: "a" | "b") {
  const current = net.providers[0]?.mix.current();
  assert.ok(current !== undefined);
  const options = { ...current, meanDelay: seconds(1), paths: random, delays: random };
  const choose = from === "b" ? chooseReplyPath : choosePath;
  const path = choose({ ...options, from: idOf(net, from), to: idOf(net, to), destination: idOf(net, to) });
  return { path };
}
