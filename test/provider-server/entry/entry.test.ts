import assert from "node:assert/strict";
import { test } from "node:test";
import { Entry, type EntryDependencies } from "#provider-server/entry/entry.ts";
import {
  CONTROL_BUDGET,
  DOCUMENTS_WAITING_MAX,
  GIVEN_AHEAD_MAX,
  POLL_ANSWER_WAIT,
  POLL_ANSWERS_WAITING_MAX,
  STRANGERS_MAX,
} from "#provider-server/entry/limits.ts";
import { BATCH_WAIT } from "#provider-server/mailbox/limits.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeControlRequest } from "#transport/link/control.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import { PADDED_BYTES_MIN } from "#transport/link/padding.ts";
import { PartCollector } from "#transport/link/parts.ts";
import { FakeLink, SIZES } from "./fake-link.ts";

const suite = await loadSuite("x25519", "native");
const ENTRY = {
  seq: 5,
  kind: "fragment",
  surbId: new Uint8Array(16),
  body: new Uint8Array(SIZES.payloadBytes),
} as const;

test("a poll is answered after the same time, however long it took to find its entry, or none", async () => {
  const clock = new VirtualClock();
  let busy = 0;
  const find = { quickly: () => undefined, slowly: () => ((busy += 9), ENTRY) };
  for (const next of Object.values(find)) {
    // A machine whose clock goes on while it works.
    const machine = { now: () => milliseconds(clock.now() + busy), at: clock.at.bind(clock) };
    const entry = entryWith({ clock: machine, mailbox: { next } });
    const link = new FakeLink(clock, 1);
    entry.accept(link);
    const asked = machine.now();
    link.receive({ type: "poll", cursor: 0 });
    assert.equal(link.sent.length, 0);
    await clock.runFor(seconds(1));
    assert.deepEqual(
      link.sent.map(({ at }) => at - asked),
      [POLL_ANSWER_WAIT],
    );
  }
});

test("an answer stays as it is until its line has let it go; then, and when it is lost, another one lies in its place", async () => {
  const clock = new VirtualClock();
  const entry = entryWith({ clock, mailbox: { next: ({ cursor }) => ({ ...ENTRY, seq: cursor + 1 }) } });
  const [slow, full, link] = [1, 2, 3].map((name) => new FakeLink(clock, name)) as [FakeLink, FakeLink, FakeLink];
  for (const one of [slow, full, link]) entry.accept(one);
  const poll = async (one: FakeLink, cursor: number): Promise<FakeLink["sent"][number] | undefined> => {
    one.receive({ type: "poll", cursor });
    await clock.runFor(seconds(1));
    return one.sent.at(-1);
  };
  full.isFull = true;
  const held = await poll(slow, 10);
  assert.equal(await poll(full, 20), undefined);
  const second = await poll(link, 30);
  const third = await poll(link, 40);
  assert.ok(held && second && third);
  assert.equal(new Set([held, second, third].map(({ bytes }) => bytes.buffer)).size, 3);
  const context = { protocol: "starling-client/2", direction: "toDialer", sizes: SIZES } as const;
  assert.deepEqual(decodeFrame(held.bytes, context), held.frame);

  held.onTaken?.();
  const next = await poll(link, 50);
  assert.equal(next?.bytes.buffer, held.bytes.buffer);
  full.isFull = false;
  assert.notEqual((await poll(full, 60))?.bytes.buffer, held.bytes.buffer, "and it was given back once only");
});

test("polls that come before an entry is acknowledged get what is behind it; then, and on a new link, the first behind the cursor", async () => {
  const clock = new VirtualClock();
  const numbers = [5, 6, 9];
  const after = (number: number) => numbers.find((seq) => seq > number);
  const next: EntryDependencies["mailbox"]["next"] = ({ cursor, behind }) => {
    const seq = after(behind) ?? after(cursor);
    return seq === undefined ? undefined : { ...ENTRY, seq };
  };
  const entry = entryWith({ clock, mailbox: { next } });
  const polled = async (link: FakeLink, ...cursors: readonly number[]): Promise<(number | undefined)[]> => {
    const before = link.sent.length;
    for (const cursor of cursors) link.receive({ type: "poll", cursor });
    await clock.runFor(seconds(1));
    return link.sent.slice(before).map(({ frame }) => (frame.type === "entry" ? frame.cursor : undefined));
  };
  const link = new FakeLink(clock, 1);
  entry.accept(link);
  assert.deepEqual(await polled(link, 0, 0, 0), [5, 6, 9]);
  assert.deepEqual(await polled(link, 0, 5, 5, 5), [5, 6, 9, 6], "all were given: from the cursor on again");
  numbers.push(10);
  assert.deepEqual(await polled(link, 6, 6, 9, 10), [9, 10, 10, 0]);
  assert.deepEqual(await polled(link, 5), [6], "a cursor that went back");
  const other = new FakeLink(clock, 1);
  entry.accept(other);
  assert.deepEqual(await polled(other, 5, 5), [6, 9]);
});

test("a link is given so many entries ahead of its cursor and no more", async () => {
  const clock = new VirtualClock();
  const entry = entryWith({ clock, mailbox: { next: ({ behind }) => ({ ...ENTRY, seq: behind + 1 }) } });
  const link = new FakeLink(clock, 1);
  entry.accept(link);
  for (let poll = 0; poll < 2 * GIVEN_AHEAD_MAX; poll++) link.receive({ type: "poll", cursor: 3 });
  await clock.runFor(seconds(1));
  const once = Array.from({ length: GIVEN_AHEAD_MAX }, (_, n) => n + 4);
  assert.deepEqual(
    link.sent.map(({ frame }) => (frame.type === "entry" ? frame.cursor : undefined)),
    [...once, ...once],
  );
});

test("with an answer that the line does not take go those that wait behind it, whatever they carry, and the next is for the cursor", async () => {
  for (const isEmpty of [false, true]) {
    const clock = new VirtualClock();
    const entry = entryWith({
      clock,
      mailbox: { next: ({ behind }) => (isEmpty ? undefined : { ...ENTRY, seq: behind + 1 }) },
    });
    const link = new FakeLink(clock, 1);
    entry.accept(link);
    const poll = async (): Promise<void> => {
      link.receive({ type: "poll", cursor: 0 });
      await clock.runFor(milliseconds(1));
    };
    await poll();
    await poll();
    link.isFull = true;
    await clock.runFor(milliseconds(POLL_ANSWER_WAIT - 2));
    link.isFull = false;
    await clock.runFor(seconds(1));
    assert.equal(link.sent.length, 0);
    await poll();
    await clock.runFor(seconds(1));
    assert.deepEqual(
      link.sent.map(({ frame }) => (frame.type === "entry" ? frame.cursor : undefined)),
      [isEmpty ? 0 : 1],
    );
  }
});

test("a device without an account is told so, in an answer as long and as late as any other", async () => {
  const clock = new VirtualClock();
  const answers = [true, false].map((isDevice, name) => {
    const entry = entryWith({ clock, accounts: { accountOf: () => (isDevice ? 1 : undefined) } });
    const link = new FakeLink(clock, name);
    entry.accept(link);
    link.receive({ type: "poll", cursor: 0 });
    return link.sent;
  });
  const asked = clock.now();
  await clock.runFor(seconds(1));
  const seen = answers.flat().map(({ at, frame }) => ({ after: at - asked, frame, bytes: encodeFrame(frame, SIZES) }));
  assert.deepEqual(
    seen.map(({ frame }) => frame.type === "entry" && [frame.kind, frame.cursor]),
    [
      ["none", 0],
      ["no-account", 0],
    ],
  );
  assert.deepEqual(
    seen.map(({ after, bytes }) => [after, bytes.length]),
    Array.from({ length: 2 }, () => [POLL_ANSWER_WAIT, 26 + SIZES.payloadBytes]),
  );
});

test("a provider that does not get on with its answers holds so many and no more, and answers again when they have left", async () => {
  const clock = new VirtualClock();
  const drops: string[] = [];
  const entry = entryWith({ clock, onDrop: (reason) => drops.push(reason) });
  const links = Array.from({ length: 90 }, (_, name) => new FakeLink(clock, name));
  for (const link of links) entry.accept(link);
  for (const link of links) for (let poll = 0; poll < 50; poll++) link.receive({ type: "poll", cursor: 0 });
  assert.deepEqual(
    drops,
    Array.from({ length: 90 * 50 - POLL_ANSWERS_WAITING_MAX }, () => "POLLS_BUSY"),
  );
  await clock.runFor(seconds(1));
  assert.equal(links.flatMap(({ sent }) => sent).length, POLL_ANSWERS_WAITING_MAX);
  links[0]?.receive({ type: "poll", cursor: 0 });
  await clock.runFor(seconds(1));
  assert.equal(links.flatMap(({ sent }) => sent).length, POLL_ANSWERS_WAITING_MAX + 1);
});

test("an answer has left before the disk is asked to keep the cursor of its poll", () => {
  assert.ok(POLL_ANSWER_WAIT < BATCH_WAIT);
});

test("two documents that one client asks for at once come one after the other, and a flood of requests gets few", async () => {
  const clock = new VirtualClock();
  const document = new SeededRandom("document").bytes(100_000);
  const entry = entryWith({ clock, consensus: () => document });
  const link = new FakeLink(clock, 1);
  entry.accept(link);
  for (let i = 0; i < 8; i++) link.receive({ type: "getConsensus", epoch: "current" });
  await clock.runFor(seconds(30));
  const collector = new PartCollector();
  const documents = link.sent
    .map(({ frame }) => collector.add(frame as Extract<Frame, { type: "consensusPart" }>))
    .flatMap((collected) => (collected.kind === "document" ? [collected.bytes] : []));
  assert.deepEqual(documents, Array(DOCUMENTS_WAITING_MAX).fill(document));
});

test("the network file of nine authorities, a short list and none at all are as many frames", async () => {
  const { network } = testNetwork({ suite, authorities: 9 });
  assert.ok(network.bytes.length > PADDED_BYTES_MIN);
  const lengths = new Set<number>();
  for (const held of [undefined, new Uint8Array(5000)]) {
    for (const epoch of ["network", "current"] as const) {
      const clock = new VirtualClock();
      const entry = entryWith({ clock, network, consensus: () => held });
      const link = new FakeLink(clock, 1);
      entry.accept(link);
      link.receive({ type: "getConsensus", epoch });
      await clock.runFor(seconds(30));
      lengths.add(link.sent.length);
    }
  }
  assert.deepEqual([...lengths], [2]);
});

test("a link that goes in the middle of a document ends it, and its timers", async () => {
  const clock = new VirtualClock();
  const entry = entryWith({ clock, consensus: () => new Uint8Array(100_000) });
  const link = new FakeLink(clock, 1);
  entry.accept(link);
  link.receive({ type: "getConsensus", epoch: "current" });
  link.close();
  await clock.runFor(seconds(0.2));
  assert.equal(link.sent.length, 1);
  assert.equal(clock.pending, 0);
});

test("a device has a budget for each kind of frame, account requests among them, and keeps it over a new link", async () => {
  const clock = new VirtualClock();
  const drops: string[] = [];
  let handled = 0;
  const handle: EntryDependencies["accounts"]["handle"] = (_, { id }) => {
    handled++;
    return { id, result: "OK", body: new Uint8Array(0) };
  };
  const entry = entryWith({
    clock,
    accounts: { accountOf: nameOf, handle },
    onDrop: (reason) => drops.push(reason),
  });
  const [link, again] = [new FakeLink(clock, 1), new FakeLink(clock, 1)];
  entry.accept(link);
  for (let i = 0; i < 2 * CONTROL_BUDGET.burst; i++) ask(link);
  assert.equal(handled, CONTROL_BUDGET.burst);
  assert.deepEqual(drops, Array(CONTROL_BUDGET.burst).fill("OVER_BUDGET"));
  entry.accept(again);
  assert.ok(link.isClosed && !again.isClosed, "of two links of one device the newer one counts");
  ask(again);
  assert.equal(handled, CONTROL_BUDGET.burst);
  await clock.runFor(milliseconds(1000 / CONTROL_BUDGET.rate));
  ask(again);
  assert.equal(handled, CONTROL_BUDGET.burst + 1);
});

test("devices without an account take places from each other, never from one that has signed up", () => {
  const clock = new VirtualClock();
  const signedUp = new Set<number>();
  const entry = entryWith({
    clock,
    accounts: { accountOf: (key) => (signedUp.has(nameOf(key)) ? nameOf(key) : undefined) },
  });
  const links = Array.from({ length: STRANGERS_MAX + 50 }, (_, name) => new FakeLink(clock, name));
  for (const [name, link] of links.entries()) {
    entry.accept(link);
    if (name === 0 || name === 7) signedUp.add(name);
  }
  assert.ok(!links[0]?.isClosed && !links[7]?.isClosed);
  assert.equal(links.filter((link) => !link.isClosed).length, STRANGERS_MAX + 2);
  assert.ok(!links.at(-1)?.isClosed);
});

test("devices that have lost their account take strangers' places from their next frame on", () => {
  const clock = new VirtualClock();
  const members = new Set<number>();
  const accountOf = (key: Uint8Array): number | undefined => (members.has(nameOf(key)) ? 1 : undefined);
  const entry = entryWith({ clock, accounts: { accountOf } });
  const links = Array.from({ length: 2 * STRANGERS_MAX }, (_, name) => new FakeLink(clock, name));
  for (const [name, link] of links.entries()) {
    members.add(name);
    entry.accept(link);
    if (name > 0) members.delete(name);
  }
  assert.ok(links.every((link) => !link.isClosed));
  for (const link of links) for (let n = 0; n < 3; n++) link.receive({ type: "poll", cursor: 0 });
  assert.equal(links.filter((link) => !link.isClosed).length, STRANGERS_MAX + 1);
  assert.ok(!links[0]?.isClosed && !links.at(-1)?.isClosed);
});

/** Of a fake link's key; each is an account of its own, unless the test says otherwise. */
const nameOf = (key: Uint8Array): number => new DataView(key.buffer).getUint32(0);

type Fakes = Pick<EntryDependencies, "clock"> &
  Partial<Omit<EntryDependencies, "accounts">> & {
    accounts?: Pick<EntryDependencies["accounts"], "accountOf"> & Partial<EntryDependencies["accounts"]>;
  };

function entryWith({ accounts, ...given }: Fakes): Entry {
  return new Entry({
    network: testNetwork({ suite }).network,
    sizes: SIZES,
    padding: new SeededRandom("padding"),
    primitives: suite,
    tokens: { order: () => ({ result: "REFUSED" }) },
    mailbox: { next: () => undefined },
    consensus: () => undefined,
    forward: () => undefined,
    onDrop: () => undefined,
    ...given,
    accounts: {
      accountOf: nameOf,
      handle: () => ({ id: 0, result: "MALFORMED", body: new Uint8Array(0) }),
      ...accounts,
    },
  });
}

const ask = (over: FakeLink): void => {
  over.receive({ type: "control", body: encodeControlRequest({ kind: "status", id: 1 }) });
};
