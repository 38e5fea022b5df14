import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ProviderNode } from "#provider-server/node/provider-node.ts";
import type { Service } from "#provider-server/services/service.ts";
import { answerAll, takeOne, write } from "#test/examples/letters.ts";
import { castBallot } from "#test/examples/survey.ts";
import { createService } from "#test/examples/survey-service.ts";
import { inviteTo, joined, MINUTE, platformOf } from "#test/support/joined.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import type { TransportClient } from "#transport/client/client.ts";
import type { IncomingMessage } from "#transport/client/types.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { type MessageId, messageId, milliseconds, seconds } from "#transport/core/units.ts";
import { join } from "#transport/library/joining.ts";
import { READY_BYTES_MAX } from "#transport/library/limits.ts";
import { NetworkClient } from "#transport/library/network-client.ts";
import { MemoryRecords } from "#transport/library/records.ts";
import { RecordsStore } from "#transport/library/records-store.ts";

const survey: Service = { name: "survey", ...createService({ choices: ["tea", "coffee"] }) };

class WithSurvey extends ProviderNode {
  constructor(deps: ConstructorParameters<typeof ProviderNode>[0]) {
    super({ ...deps, services: [survey] });
  }
}

async function start(t: TestContext): Promise<SmallNetwork> {
  const net = await SmallNetwork.create({ provider: WithSurvey });
  t.after(() => net.stop());
  await net.start();
  return net;
}

/** Memory that outlives the client that used it. */
class Kept extends MemoryRecords {
  override async close(): Promise<void> {}
}

/** After the note that a message was taken nothing is written any more. */
class Killed extends Kept {
  isKilled = false;

  override async write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    if (this.isKilled) throw new Error("killed");
    await super.write(changes);
    this.isKilled = [...changes.keys()].some((name) => name.startsWith("seen/"));
  }
}

test("members vote in a survey at another provider, and everyone sees the count", async (t) => {
  const net = await start(t);
  const voters = [await joined(net, { name: "ann", provider: "a" }), await joined(net, { name: "bea", provider: "b" })];
  t.after(() => Promise.all(voters.map((voter) => voter.close())));
  const [ann, bea] = voters as [(typeof voters)[0], (typeof voters)[0]];
  const first = await net.clock.runUntilSettled(castBallot(ann, { at: "b.example", choice: "tea" }), seconds(300));
  assert.deepEqual(first, { tea: 1, coffee: 0 });
  const second = await net.clock.runUntilSettled(castBallot(bea, { at: "b.example", choice: "coffee" }), seconds(300));
  assert.deepEqual(second, { tea: 1, coffee: 1 });
});

test("a message is taken in a loop, in order, and its journey ends at the reader's receipt when that is wanted", async (t) => {
  const net = await start(t);
  const ann = await joined(net, { name: "ann", provider: "a" });
  const bea = await joined(net, { name: "bea", provider: "b" });
  assert.equal(bea.address, "bea@b.example");
  const journey = await net.clock.runUntilSettled(write(ann, bea.address, "first"), seconds(300));
  assert.equal(journey(), "queued");
  const message = await net.clock.runUntilSettled(bea.poll(), seconds(300));
  assert.equal(new TextDecoder().decode(message?.body), "first");
  await net.clock.runUntilSettled(
    message?.done({ confirmTo: ann.address }) ?? Promise.reject(new Error()),
    seconds(300),
  );
  assert.ok(await net.clock.runWhile(() => journey() !== "delivered", seconds(600)));

  const texts: string[] = [];
  const loop = answerAll(bea, (text) => texts.push(text));
  for (const text of ["second", "third"]) await net.clock.runUntilSettled(write(ann, bea.address, text), seconds(300));
  assert.ok(await net.clock.runWhile(() => texts.length < 2, seconds(600)));
  assert.deepEqual(texts.toSorted(), ["second", "third"]);
  await Promise.all([ann.close(), bea.close()]);
  await loop;
});

test("a message that was polled and not done comes again after a restart, and one that was done does not", async (t) => {
  const net = await start(t);
  const records = new Kept();
  const open = async () => joined(net, { name: "bea", provider: "b", store: await RecordsStore.open(records) });
  const ann = await joined(net, { name: "ann", provider: "a" });
  const first = await open();
  await net.clock.runUntilSettled(write(ann, first.address, "once"), seconds(300));
  const polled = await net.clock.runUntilSettled(first.poll(), seconds(300));
  await first.close();
  assert.equal(await first.poll(), undefined);

  const second = await open();
  assert.equal(second.address, "bea@b.example");
  const kept: Uint8Array[] = [];
  const taking = takeOne(second, async (id) => void kept.push(id));
  assert.equal(await net.clock.runUntilSettled(taking, seconds(60)), true);
  assert.deepEqual(kept, [polled?.id]);
  await second.close();

  const third = await open();
  const waiting = third.poll();
  await net.clock.runFor(seconds(60));
  await third.close();
  assert.equal(await waiting, undefined);
  await ann.close();
});

test("killed right after the note that a message was taken, a client still confirms it: to the writer's next reminder", async (t) => {
  const net = await start(t);
  const records = new Killed();
  const open = async () => joined(net, { name: "bea", provider: "b", store: await RecordsStore.open(records) });
  const ann = await joined(net, { name: "ann", provider: "a" });
  const first = await open();
  const journey = await net.clock.runUntilSettled(write(ann, first.address, "confirm"), seconds(300));
  const message = await net.clock.runUntilSettled(first.poll(), seconds(300));
  const confirming = message?.done({ confirmTo: ann.address }) ?? Promise.resolve();
  await assert.rejects(net.clock.runUntilSettled(confirming, seconds(300)), /killed/);
  await first.close();
  assert.equal(await first.poll(), undefined);
  records.isKilled = false;
  const second = await open();
  assert.ok(await net.clock.runWhile(() => journey() !== "delivered", seconds(900)));
  await Promise.all([ann.close(), second.close()]);
});

test("a store of another network, an address and a domain that do not exist are refused, and a body over one packet", async (t) => {
  const net = await start(t);
  const other = await RecordsStore.open(new MemoryRecords());
  const ann = await joined(net, { name: "ann", provider: "a" });
  t.after(() => ann.close());
  const refused = async (asking: Promise<unknown>, code: string) =>
    assert.rejects(net.clock.runUntilSettled(asking, seconds(300)), { code });
  await refused(ann.send({ to: "nobody@b.example", body: utf8("x") }), "REFUSED");
  await refused(ann.request({ at: "c.example", service: "echo", body: utf8("x") }), "REFUSED");
  await refused(ann.request({ at: "b.example", service: "echo", body: new Uint8Array(9000) }), "MESSAGE_TOO_LARGE");
  await refused(joined(net, { name: "ann", provider: "a", seed: "impostor" }), "NAME_TAKEN");

  const lone = await SmallNetwork.create({ parameters: { ...net.network.parameters, fragmentStep: 4 } });
  t.after(() => lone.stop());
  await other.saveIdentity({ deviceSeed: new Uint8Array(32).fill(1), network: lone.network.bytes });
  const mixed = join(platformOf(net, "mixed"), { invite: inviteTo(net, "a"), store: other });
  await assert.rejects(net.clock.runUntilSettled(mixed, MINUTE), { code: "REFUSED" });
});

test("who has an account joins without a provider too, and what is sent then waits for it", async (t) => {
  const net = await start(t);
  const records = new Kept();
  const ann = await joined(net, { name: "ann", provider: "a", store: await RecordsStore.open(records) });
  const bea = await joined(net, { name: "bea", provider: "b" });
  t.after(() => bea.close());
  const record = await net.clock.runUntilSettled(ann.lookup(bea.address), seconds(300));
  await ann.close();
  const dark = {
    ...platformOf(net, "ann"),
    dialer: () => ({ dial: () => Promise.reject(new TransportError("PROVIDER_DOWN")) }),
  };
  const store = await RecordsStore.open(records);
  const again = await net.clock.runUntilSettled(join(dark, { invite: inviteTo(net, "a"), store }), MINUTE);
  t.after(() => again.close());
  const id = await net.clock.runUntilSettled(again.send({ to: record, body: utf8("later") }), MINUTE);
  assert.deepEqual([again.journey(id)?.delivery, again.journey(id)?.waitingFor], ["queued", "provider"]);
  const asking = again.request({ at: "b.example", service: "echo", body: utf8("x") });
  await assert.rejects(net.clock.runUntilSettled(asking, MINUTE), { code: "PROVIDER_DOWN" });
});

test("a message that was put back is offered again, as it was", async (t) => {
  const net = await start(t);
  const ann = await joined(net, { name: "ann", provider: "a" });
  const bea = await joined(net, { name: "bea", provider: "b" });
  t.after(() => Promise.all([ann.close(), bea.close()]));
  await net.clock.runUntilSettled(write(ann, bea.address, "not now"), seconds(300));
  const first = await net.clock.runUntilSettled(bea.poll(), seconds(300));
  // Whoever puts it back may have given its bytes away.
  structuredClone(first?.body, { transfer: [first?.body.buffer as ArrayBuffer] });
  first?.putBack();
  const second = await net.clock.runUntilSettled(bea.poll(), seconds(300));
  assert.deepEqual(second?.id, first?.id);
  assert.equal(new TextDecoder().decode(second?.body), "not now");
  await net.clock.runUntilSettled(second?.done() ?? Promise.reject(new Error()), seconds(300));
  second?.putBack();
  let isOffered = false;
  void bea.poll().then((message) => (isOffered = message !== undefined));
  await net.clock.runFor(seconds(60));
  assert.equal(isOffered, false, "what is done with cannot be put back");
});

test("a message with an id of the application's own is sent once, however often it is sent", async (t) => {
  const net = await start(t);
  const ann = await joined(net, { name: "ann", provider: "a" });
  t.after(() => ann.close());
  const id = messageId(new Uint8Array(16).fill(5));
  for (const text of ["first", "again"]) {
    const sent = ann.send({ to: ann.address, body: utf8(text), id });
    assert.deepEqual(await net.clock.runUntilSettled(sent, seconds(300)), id);
  }
  assert.equal(ann.journey(id)?.bytes, 5);
  assert.equal(ann.journey(messageId(new Uint8Array(16))), undefined);
  assert.equal(ann.status().queuedFragments, 1);
});

test("messages that nobody polls wait on the store, not in memory, and come all the same", async () => {
  const size = READY_BYTES_MAX / 4;
  const ids = Array.from({ length: 12 }, (_, i) => messageId(new Uint8Array(16).fill(i)));
  let offer: ((message: IncomingMessage) => void) | undefined;
  const give = (id: MessageId): void => {
    offer?.({ messageId: id, body: new Uint8Array(size), receivedAt: milliseconds(0) });
  };
  const offered: MessageId[] = [];
  const fake = {
    on: (_: string, handler: (message: IncomingMessage) => void) => void (offer = handler),
    consumed: async () => undefined,
    offerAgain: async (id: MessageId) => {
      offered.push(id);
      give(id);
    },
  };
  const clock = new VirtualClock();
  const store = await RecordsStore.open(new MemoryRecords());
  const client = new NetworkClient({ client: fake as unknown as TransportClient, clock, store });
  for (const id of ids) give(id);
  const taken: MessageId[] = [];
  for (const _ of ids) {
    const message = await client.poll();
    taken.push(message?.id as MessageId);
    await message?.done();
  }
  assert.deepEqual(taken, ids, "in order");
  // Four were kept; of the others only the ids.
  assert.deepEqual(offered, ids.slice(4));
});
