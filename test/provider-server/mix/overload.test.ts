/** A mix that has more to do than it can: what it drops, what it says of it, and that no delay is cut or stretched in silence. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observer } from "#provider-server/observe/observer.ts";
import { Source, Sources } from "#provider-server/mix/sources.ts";
import { LoneMix } from "#test/support/lone-mix.ts";
import { until } from "#test/support/until.ts";
import { toHex } from "#transport/core/bytes.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";

test("with threads, too, a delay counts from the packet's arrival, and no packet leaves before it is over", async (t) => {
  const held = new Map<string, { at: number; delay: number; due: number }>();
  const left: { at: number; due: number; sent: boolean }[] = [];
  const observer: Observer = {
    packetHeld: ({ tag, at, delay, due }) => held.set(toHex(tag), { at, delay, due }),
    packetLeft: ({ at, due, sent }) => left.push({ at, due, sent }),
  };
  const mix = await LoneMix.start(t, { limits: { unwrapThreads: 1 }, observer });
  mix.receive(mix.packet(milliseconds(10)));
  await until(mix.net.clock, () => left.length === 1); // the thread has started
  held.clear();
  left.length = 0;
  const arrivals: number[] = [];
  for (let i = 0; i < 40; i++) {
    const packet = mix.packet(milliseconds(12_000 + 500 * (i % 7)));
    arrivals.push(mix.net.clock.now());
    mix.receive(packet);
    await mix.net.clock.runFor(milliseconds(3)); // the thread may be far behind by now
  }
  await until(mix.net.clock, () => held.size === 40);
  assert.deepEqual(
    [...held.values()].map(({ at }) => at).toSorted((a, b) => a - b),
    arrivals,
    "each has its own arrival, whenever its turn came",
  );
  for (const { at, delay, due } of held.values()) assert.equal(due, at + delay);
  await until(mix.net.clock, () => left.length === 40);
  for (const { at, due, sent } of left) assert.deepEqual({ at, sent }, { at: Math.max(at, due), sent: true });
  assert.ok(
    left.filter(({ at, due }) => at === due).length >= 30,
    "and those that were unwrapped in time left in time",
  );
});

test("packets that come faster than threads unwrap are dropped and counted; the others are unwrapped", async (t) => {
  const arrived: number[] = [];
  const mix = await LoneMix.start(t, {
    limits: { unwrapThreads: 1 },
    observer: { packetArrived: ({ at }) => arrived.push(at) },
  });
  const packet = mix.packet(milliseconds(100));
  for (let i = 0; i < 4_000; i++) mix.receive(packet);
  const dropped = (wanted: string): number => mix.drops.filter((reason) => reason === wanted).length;
  const backlog = dropped("SOURCE_SHARE");
  assert.ok(backlog > 1_000, `${backlog} dropped`);
  await until(mix.net.clock, () => backlog + dropped("REPLAY") + arrived.length === 4_000);
  assert.deepEqual({ backlog: dropped("SOURCE_SHARE"), arrived: arrived.length }, { backlog, arrived: 1 });
});

test("a packet that could only leave long after it was due is dropped, so that a pause does not end in a burst", async (t) => {
  const left: { at: number; due: number }[] = [];
  const mix = await LoneMix.start(t, {
    observer: { packetLeft: ({ at, due, sent }) => sent && left.push({ at, due }) },
  });
  for (const delay of [1_000, 5_000, 9_000]) mix.receive(mix.packet(milliseconds(delay)));
  mix.leap(milliseconds(4_500)); // the machine stood still
  await mix.net.clock.runFor(seconds(10));
  assert.deepEqual(mix.drops.filter((reason) => reason === "TOO_LATE").length, 1, "the first was due 3.5 s before");
  assert.equal(left.length, 2);
  for (const { at, due } of left) assert.ok(at >= due && at - due <= 1_000, `${at - due} ms late`);
});

test("a full delay queue drops the newcomer and keeps what it holds", async (t) => {
  const left: number[] = [];
  const mix = await LoneMix.start(t, {
    limits: { delayQueuePackets: 3 },
    observer: { packetLeft: ({ at, due }) => left.push(at - due) },
  });
  // From as many nodes: none of them has more than its share.
  for (let i = 0; i < 5; i++) mix.receive(mix.packet(milliseconds(500 + i)), new Source());
  assert.deepEqual(mix.drops, ["DELAY_QUEUE_FULL", "DELAY_QUEUE_FULL"]);
  assert.equal(mix.node.held, 3);
  await mix.net.clock.runFor(seconds(1));
  assert.deepEqual(left, [0, 0, 0]);
});

test("whoever sends most gets no more than two thirds of the room, and who comes with little is held", async (t) => {
  const mix = await LoneMix.start(t, { limits: { delayQueuePackets: 300 } });
  const [greedy, modest] = [new Source(), new Source()];
  const receive = (source: Source): void => mix.receive(mix.packet(milliseconds(5_000)), source);
  for (let i = 0; i < 400; i++) receive(greedy);
  assert.deepEqual([mix.node.held, greedy.held, mix.drops.length], [200, 200, 200]);
  assert.ok(mix.drops.every((reason) => reason === "SOURCE_SHARE"));
  for (let i = 0; i < 60; i++) receive(modest);
  assert.equal(modest.held, 60, "not one of its packets is lost to the flood");
  await mix.net.clock.runFor(seconds(6));
  assert.deepEqual([mix.node.held, greedy.held, modest.held], [0, 0, 0], "what has left is counted no longer");
});

test("two that are greedy get as much as each other, whichever began", async (t) => {
  const mix = await LoneMix.start(t, { limits: { delayQueuePackets: 300 } });
  const [first, second] = [new Source(), new Source()];
  for (let round = 0; round < 2; round++) {
    for (const source of [first, second]) {
      for (let i = 0; i < 300; i++) mix.receive(mix.packet(milliseconds(2_000)), source);
    }
    await mix.net.clock.runFor(milliseconds(1_900));
  }
  await mix.net.clock.runFor(seconds(3));
  for (let i = 0; i < 400; i++) {
    for (const source of [first, second]) mix.receive(mix.packet(milliseconds(2_000)), source);
  }
  assert.deepEqual([first.held, second.held], [120, 120]);
});

test("a node whose link is broken and made again keeps its count", () => {
  const sources = new Sources();
  const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const source = sources.of(key);
  assert.equal(sources.of(key.slice()), source);
  assert.notEqual(sources.of(other), source);
  sources.keep((linkKey) => linkKey === toHex(other));
  assert.notEqual(sources.of(key), source, "who no longer stands before this node is forgotten");
});
