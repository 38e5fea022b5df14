/**
 * Own loops at a reader whose disk is full: what lies behind the entry that it refuses cannot come, and that is not the provider's
 * doing. Spec: docs/spec/04-traffic.md §9
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Given } from "#provider-server/entry/given.ts";
import { ENTRIES_IN_WORK_MAX, MAILBOX_ANSWERS_MAX } from "#transport/client/limits.ts";
import { LoopHealth } from "#transport/client/loop-health.ts";
import { milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { split } from "#transport/fragment/split.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { geometry, messageOf, newId, random, sealed, setUp, suite } from "./inbox-scene.ts";

const POLL_GAP = seconds(1);
/** Polls from one loop to the next. */
const LOOP_EVERY = 8;
/** A loop is late after three polls. */
const JOURNEY = milliseconds(600);
const SURB = surbId(new Uint8Array(16));

/** A mailbox that gives as a provider does, and a client's inbox and loops. */
async function collecting() {
  const said: boolean[] = [];
  const health = new LoopHealth({ journey: JOURNEY, onChange: () => said.push(health.isLosing) });
  const { inbox, clock, store } = await setUp(SIM_PARAMETERS, new MemoryClientStore(), {
    onLoop: (id) => health.returned(id),
    onRefused: () => health.refused(),
  });
  const [mailbox, given]: [Uint8Array[], Given] = [[], new Given()];
  /** Entries that wait at most: what comes when the mailbox is full is thrown away. */
  const room = { entries: Number.POSITIVE_INFINITY };
  let polls = 0;
  const take = async (cursor: number, body: Uint8Array): Promise<void> => {
    health.answered(clock.now(), false);
    inbox.take({ cursor, kind: "fragment", surbId: SURB, body });
    await clock.runUntilSettled(inbox.idle(), seconds(10));
  };
  const loop = (): Uint8Array[] => {
    const [messageId, step, body] = [newId(), SIM_PARAMETERS.fragmentStep, new Uint8Array(0)];
    health.sent(messageId, clock.now(), []);
    return split({ suite, geometry, step, kind: "loop", messageId, body }).map(sealed);
  };
  /** Time passes until the next poll, and with every so many a loop leaves. */
  const turn = async ({ dropsLoops }: { readonly dropsLoops: boolean }): Promise<void> => {
    await clock.runFor(POLL_GAP);
    if (polls++ % LOOP_EVERY !== 0) return;
    const sent = loop();
    if (!dropsLoops && mailbox.length - inbox.cursor < room.entries) mailbox.push(...sent);
  };
  const poll = async (o = { dropsLoops: false }): Promise<void> => {
    await turn(o);
    const behind = given.polled(inbox.cursor);
    const cursor = (behind < mailbox.length ? behind : inbox.cursor) + 1;
    const body = mailbox[cursor - 1];
    if (body === undefined) return health.answered(clock.now(), true);
    given.gave(cursor);
    await take(cursor, body);
  };
  return { poll, turn, take, health, said, inbox, clock, store, mailbox, room };
}

test("loops behind an entry that the own disk refuses are not lost by the provider, however long; later ones count again", async () => {
  const { poll, health, said, inbox, clock, store, mailbox } = await collecting();
  for (let n = 0; n < 100; n++) await poll();
  const { sent, returned } = health.count(clock.now());
  assert.ok(returned > 10 && returned === sent);
  // Loops that wait behind so much are out when the disk refuses.
  while (mailbox.length - inbox.cursor < 400) mailbox.push(...messageOf(newId(), random.bytes(5_000)));
  for (let n = 0; n < 300; n++) await poll();
  store.refusal = new Error("full");
  for (let n = 0; n < MAILBOX_ANSWERS_MAX + 1_000; n++) await poll();
  assert.ok(inbox.cursor < mailbox.length - 1_000);
  store.refusal = undefined;
  while (inbox.cursor < mailbox.length) await poll();
  assert.deepEqual(said, [], "nobody is blamed");
  for (let n = 0; n < 200; n++) await poll();
  assert.ok(health.count(clock.now()).returned > 20, "they count");
  for (let n = 0; n < 20 * LOOP_EVERY; n++) await poll({ dropsLoops: true });
  assert.deepEqual(said, [true]);
});

test("an entry of a box that the own disk refuses comes again, and says nothing of the own provider's loops", async () => {
  const told: string[] = [];
  const { inbox, clock, store } = await setUp(SIM_PARAMETERS, new MemoryClientStore(), {
    onRefused: () => told.push("mailbox"),
    onBoxedRefused: () => told.push("box"),
  });
  const [entry] = messageOf(newId(), random.bytes(100)) as [Uint8Array];
  const take = async (): Promise<boolean> => {
    const taking = inbox.takeBoxed(entry, () => undefined);
    await clock.runUntilSettled(taking, seconds(10));
    return taking;
  };
  store.refusal = new Error("full");
  assert.equal(await take(), false);
  assert.deepEqual(told, ["box"]);
  store.refusal = undefined;
  assert.equal(await take(), true);
  assert.deepEqual(told, ["box"]);
});

test("loops that a mailbox has no room for, because the own disk refuses again and again what is in it, are not lost by the provider", async () => {
  const { poll, said, inbox, store, mailbox, room } = await collecting();
  for (let n = 0; n < 100; n++) await poll();
  room.entries = 20;
  for (let times = 0; times < 30; times++) {
    store.refusal = new Error("full");
    while (mailbox.length - inbox.cursor < room.entries) mailbox.push(...messageOf(newId(), random.bytes(5_000)));
    // What was refused last comes again after half a minute: until then there is no room.
    for (let n = 0; n < 70; n++) await poll();
    store.refusal = undefined;
    for (let n = 0; n < 100; n++) await poll();
    assert.equal(inbox.cursor, mailbox.length);
  }
  assert.deepEqual(said, []);
});

test("a provider that gives made-up entries for ever once the disk has refused one hides nothing: loops count again soon", async () => {
  const { poll, turn, take, said, store, mailbox } = await collecting();
  store.refusal = new Error("full");
  mailbox.push(...messageOf(newId(), random.bytes(5_000)));
  for (let n = 0; n < 40; n++) await poll();
  store.refusal = undefined;
  // With numbers that rise, so that none is dealt with, and there is never nothing.
  const most = ENTRIES_IN_WORK_MAX + MAILBOX_ANSWERS_MAX + 20 * LOOP_EVERY;
  for (let n = 0; n < most && said.length === 0; n++) {
    await turn({ dropsLoops: true });
    await take(1000 + n, new Uint8Array(geometry.payloadBytes));
  }
  assert.deepEqual(said, [true]);
});
