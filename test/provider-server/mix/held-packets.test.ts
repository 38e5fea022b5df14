import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HeldPackets } from "#provider-server/mix/held-packets.ts";
import { Source } from "#provider-server/mix/sources.ts";
import { keyPeriodNumber, milliseconds, nodeId, replayTag } from "#transport/core/units.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";

const held = (value: number) => ({
  source: new Source(),
  tag: replayTag(new Uint8Array(16).fill(value)),
  period: keyPeriodNumber(value),
  due: milliseconds(1_000 * value),
  next: nodeId(new Uint8Array(32).fill(value)),
});

test("a place that was given back is taken again, and holds nothing of the packet before but its memory", () => {
  const places = new HeldPackets({ packetBytes: 64, heldMax: 10 });
  const place = places.take();
  place.packet.fill(7);
  place.hold(held(1));
  places.giveBack(place);
  const again = places.take();
  assert.equal(again, place);
  again.hold(held(2));
  const { tag, period, due, next, source } = again;
  assert.deepEqual({ tag, period, due, next, source }, held(2));
  assert.deepEqual([again.frame.length, again.frame[0]], [65, FRAME_TYPES.packet]);
  assert.equal(again.packet.buffer, again.frame.buffer);
});

test("a place that left and is not given back is not kept: a line may never say that it needs it no more", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const places = new HeldPackets({ packetBytes: 64, heldMax: 100 });
  const gone: WeakRef<object>[] = [];
  for (let i = 0; i < 50; i++) {
    places.hold(places.take(), held(1));
    gone.push(new WeakRef(places.popDue(milliseconds(1_000)) as object));
  }
  await new Promise<void>((resolve) => setImmediate(resolve)); // until then a WeakRef holds what it was made of
  collect();
  assert.equal(gone.filter((place) => place.deref() !== undefined).length, 0);
});

test("a tag that was read stays what it was when the place holds another packet", () => {
  const place = new HeldPackets({ packetBytes: 64, heldMax: 10 }).take();
  place.hold(held(1));
  const { tag } = place;
  place.hold(held(2));
  assert.deepEqual(tag, held(1).tag);
});

test("two packets are never held in one place, and a tag given is not a view of somebody else's memory", () => {
  const places = new HeldPackets({ packetBytes: 64, heldMax: 10 });
  const [first, second] = [places.take(), places.take()];
  assert.notEqual(first, second);
  const given = held(3);
  first.hold(given);
  given.tag.fill(9);
  assert.deepEqual(first.tag, held(3).tag);
});

test("packets leave in the order in which they are due, each from its own place, however many came and went", () => {
  const pool = new HeldPackets({ packetBytes: 8, heldMax: 100_000 });
  const fill = (count: number, base: number): void => {
    for (let i = 0; i < count; i++) {
      const place = pool.take();
      const due = base + ((i * 7919) % count);
      new DataView(place.packet.buffer, place.packet.byteOffset).setUint32(0, due);
      const fields = {
        tag: replayTag(new Uint8Array(16)),
        period: keyPeriodNumber(1),
        next: nodeId(new Uint8Array(32)),
      };
      pool.hold(place, { ...fields, due: milliseconds(due), source: new Source() });
    }
  };
  // More than are kept for packets to come, so that places are made and given up.
  for (const count of [5_000, 10, 4_000]) {
    fill(count, 1);
    for (let due = 1; due <= count; due++) {
      assert.equal(pool.popDue(milliseconds(due - 0.5)), undefined);
      const place = pool.popDue(milliseconds(due));
      assert.ok(place !== undefined && place.source.held === 0);
      assert.equal(new DataView(place.packet.buffer, place.packet.byteOffset).getUint32(0), due);
      pool.giveBack(place);
    }
    assert.equal(pool.size, 0);
  }
});
