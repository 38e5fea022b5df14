/** What comes from a box, dealt with like what comes from the mailbox, but for its cursor. Spec: docs/spec/17-boxes.md §6 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { placed } from "#transport/box/place.ts";
import { Inbox, type InboxDeps } from "#transport/client/inbox.ts";
import { ENTRIES_IN_WORK_MAX } from "#transport/client/limits.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { type MessageId, messageId, seconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeFragment, type Fragment, type FragmentKind } from "#transport/fragment/fragment.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

const suite = await loadSuite("x25519", "native");
const geometry = geometryOf(SIM_PARAMETERS);
const random = new SeededRandom("boxed entries");
const pair = suite.sealKem.generate(random);
const mailboxKey = suite.sealKem.open(pair.privateKey);

/** As they lie in a mailbox. */
function sealedOf(kind: FragmentKind, body: Uint8Array): Uint8Array[] {
  const step = SIM_PARAMETERS.fragmentStep;
  const whole = kind === "message" ? placed(undefined, body) : body;
  const cut = split({ suite, geometry, step, kind, messageId: messageId(random.bytes(16)), body: whole });
  return cut.map((fragment: Fragment) => {
    const plaintext = encodeFragment(geometry, fragment, random);
    return seal({ suite, geometry, mailboxKey: pair.publicKey, plaintext, random });
  });
}

/** What a box keeps of it. */
const kept = (payload: Uint8Array): Uint8Array => payload.slice(0, geometry.sealedBytes);

async function setUp() {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  const state = { isClockGood: true, refused: false };
  const told = { messages: [] as Uint8Array[], boxes: [] as Uint8Array[], boxLoops: [] as MessageId[], loops: 0 };
  const deps: InboxDeps = {
    clock,
    suite,
    geometry,
    parameters: SIM_PARAMETERS,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    makeReady: async () => undefined,
    isClockGood: () => state.isClockGood,
    openSealed: (sealed) => openSeal({ suite, geometry, mailboxKey, sealed }),
    onNotice: async () => undefined,
    onLoop: () => told.loops++,
    onRefused: () => undefined,
    onBoxedRefused: () => undefined,
    onReply: () => undefined,
    onBox: async (body) => {
      if (state.refused) throw new Error("full");
      told.boxes.push(body);
    },
    onReceipt: async () => undefined,
    onFragment: () => undefined,
    onMessage: ({ body }) => told.messages.push(body),
    onSeenAgain: async () => undefined,
  };
  const inbox = new Inbox(deps);
  const boxed = (sealed: Uint8Array): Promise<boolean> => inbox.takeBoxed(sealed, (id) => told.boxLoops.push(id));
  const take = (sealed: Uint8Array): Promise<boolean> => clock.runUntilSettled(boxed(sealed), seconds(10));
  const give = async (cursor: number, body: Uint8Array): Promise<void> => {
    inbox.take({ cursor, kind: "fragment", surbId: surbId(new Uint8Array(16)), body });
    await clock.runUntilSettled(inbox.idle(), seconds(10));
  };
  return { clock, store, state, told, inbox, boxed, take, give };
}

test("a message comes in parts from the mailbox and from a box, and is had once; the mailbox's cursor is its own", async () => {
  const { inbox, take, give, told, store } = await setUp();
  await inbox.load();
  const parts = sealedOf("message", random.bytes(8_000));
  assert.equal(await take(kept(sealedOf("message", random.bytes(6_000))[0] as Uint8Array)), true);
  assert.deepEqual([inbox.cursor, await store.cursor()], [0, 0]);
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 0) assert.equal(await take(kept(part)), true);
    else await give(i, part);
  }
  assert.equal(told.messages.length, 1);
  const cursor = parts.length - 1 - ((parts.length - 1) % 2 === 0 ? 1 : 0);
  assert.deepEqual([inbox.cursor, await store.cursor()], [cursor, cursor]);
  assert.equal(await take(kept(parts[0] as Uint8Array)), true, "given again, it is here");
  assert.equal(told.messages.length, 1);
});

test("an entry that the disk refuses has to come again, and what comes to the mailbox meanwhile goes on", async () => {
  const { inbox, take, give, told, store } = await setUp();
  await inbox.load();
  const [part] = sealedOf("message", utf8("short")) as [Uint8Array];
  store.refusal = new Error("full");
  assert.equal(await take(kept(part)), false);
  store.refusal = undefined;
  await give(1, sealedOf("loop", new Uint8Array(0))[0] as Uint8Array);
  assert.equal(inbox.cursor, 1);
  assert.equal(await take(kept(part)), true);
  assert.equal(told.messages.length, 1);
});

test("what opens with no key is dealt with while the clock is good; with a wrong one it has to come again", async () => {
  const { inbox, take, state } = await setUp();
  await inbox.load();
  const junk = random.bytes(geometry.sealedBytes);
  assert.equal(await take(junk), true);
  state.isClockGood = false;
  assert.equal(await take(junk), false);
  assert.equal(await take(random.bytes(7)), false);
});

test("nothing is taken before the disk was read, nor without bound", async () => {
  const { inbox, boxed, clock, told } = await setUp();
  const [part] = sealedOf("message", utf8("short")) as [Uint8Array];
  assert.equal(await boxed(kept(part)), false);
  await inbox.load();
  const all = Array.from({ length: ENTRIES_IN_WORK_MAX + 5 }, () => boxed(kept(part)));
  const outcomes = await clock.runUntilSettled(Promise.all(all), seconds(10));
  assert.equal(outcomes.filter((isDone) => !isDone).length, 5);
  assert.equal(told.messages.length, 1);
});

test("an announcement counts out of the mailbox, durably before the cursor passes, and never out of a box; a loop is told to whoever asked for what it lay in", async () => {
  const { inbox, take, give, told, state } = await setUp();
  await inbox.load();
  const [announcement] = sealedOf("box", utf8("a box")) as [Uint8Array];
  assert.equal(await take(kept(announcement)), true);
  assert.equal(await take(kept(sealedOf("loop", new Uint8Array(0))[0] as Uint8Array)), true);
  assert.deepEqual([told.boxes, told.loops, told.boxLoops.length], [[], 0, 1]);
  state.refused = true;
  await give(1, announcement);
  assert.equal(inbox.cursor, 0);
  state.refused = false;
  await give(1, announcement);
  assert.deepEqual([told.boxes, inbox.cursor], [[utf8("a box")], 1]);
});
