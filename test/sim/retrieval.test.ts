import assert from "node:assert/strict";
import { test } from "node:test";
import { entryFrameBytes, POLL_FRAME_BYTES, sendFrameBytes } from "#transport/link/frame-table.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { TransportClient } from "#transport/client/client.ts";
import type { SendClock, SendClockOptions } from "#transport/traffic/send-clock.ts";
import { GENESIS, SIM_PARAMETERS, World } from "./world.ts";

const SIZES = geometry({ suite: SIM_PARAMETERS.suite, packetBytes: SIM_PARAMETERS.packetBytes });

test("every poll has one answer of one size, mail or none; nothing comes unasked", async () => {
  const world = await World.create({ seed: "retrieval" });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(60));
  assert.ok(record);
  const body = new SeededRandom("body").bytes(30_000);
  await world.clock.runUntilSettled(alice.client.send({ to: record, body }), seconds(5));
  await world.clock.runFor(seconds(40));
  assert.equal(bob.received.size, 1);
  const { sightings } = bob.observer;
  let open = 0;
  const sizes = new Set<number>();
  for (const { direction, length } of sightings) {
    if (direction === "out" && length === POLL_FRAME_BYTES) open++;
    if (direction === "in" && length === entryFrameBytes(SIZES)) open--;
    assert.ok(open >= 0, "no answer before its question");
    sizes.add(length);
  }
  assert.ok(open <= 3, "what is open was asked a moment ago");
  assert.ok(sizes.has(sendFrameBytes(SIZES)));
  assert.ok(sizes.size <= 7, `${sizes.size} sizes of frames in all`);
  await world.stop();
});

test("own loops come back, and the client knows its network is well", async () => {
  const world = await World.create({ seed: "loops" });
  const alice = await world.join({ name: "alice", provider: "a" });
  await world.clock.runFor(seconds(100));
  const { sent, returned } = alice.client.status().loops;
  assert.ok(sent > 30 && returned === sent, `${returned} of ${sent}`);
  await world.stop();
});

test("a question that finds no slot before its epoch ends leaves with a SURB of the next, and is answered at once", async () => {
  // A box would be asked for, too.
  const parameters = { ...SIM_PARAMETERS, boxReplies: 0 };
  const world = await World.create({ seed: "epochs of questions", parameters });
  const carried: string[] = [];
  const alice = await world.join({
    name: "alice",
    provider: "a",
    make: (options) => new WithoutPayload(options),
    observer: { slotSent: (slot) => carried.push(slot.carried) },
  });
  const { duration, overlap } = SIM_PARAMETERS.epoch;
  const body = new Uint8Array(3);
  const asked = alice.client.request({ provider: world.provider("b").nodeId, service: "echo", body });
  // The nodes have lost the keys of the epoch in which it was asked.
  await world.clock.runUntil(milliseconds(GENESIS + duration + overlap + 5_000));
  assert.ok(!carried.includes("request"));
  (alice.client as WithoutPayload).holds = false;
  assert.deepEqual(await world.clock.runUntilSettled(asked, seconds(120)), body);
  assert.equal(carried.filter((cargo) => cargo === "request").length, 1, "the first to leave had its answer");
  await world.stop();
});

/** Gives no slot to anything that waits, as when larger mails are always before it. */
class WithoutPayload extends TransportClient {
  holds = true;

  protected override makeSendClock(options: SendClockOptions): SendClock {
    const prepare: SendClockOptions["prepare"] = (kind) =>
      options.prepare(kind === "payload" && this.holds ? "drop" : kind);
    return super.makeSendClock({ ...options, prepare });
  }
}
