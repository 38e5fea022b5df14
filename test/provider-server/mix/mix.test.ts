import assert from "node:assert/strict";
import { test } from "node:test";
import { type MixContext, type PacketContext, processPacket } from "#provider-server/mix/mix.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { keyPeriodNumber, milliseconds, nodeId, replayTag, surbId } from "#transport/core/units.ts";
import type { Unwrapped } from "#transport/sphinx/packet.ts";

const random = new SeededRandom("mix");
const nodes = { self: nodeId(random.bytes(32)), next: nodeId(random.bytes(32)) };
/** version ‖ suite ‖ key period 7 */
const packet = Uint8Array.of(1, 1, 0, 0, 0, 7);

test("a packet is held for as long as its sender drew, and not for longer than a sender may draw", () => {
  const recorded: number[] = [];
  const [now, delayMax] = [milliseconds(1_000), milliseconds(80_000)];
  const outcomeOf = (delay: number) => {
    const unwrapped: Unwrapped = {
      kind: "forward",
      tag: replayTag(random.bytes(16)),
      next: nodes.next,
      delay: milliseconds(delay),
      packet: random.bytes(10),
    };
    const context: PacketContext = {
      unwrap: () => unwrapped,
      keys: { get: () => undefined, record: (period) => (recorded.push(period), "added") },
      nodeId: nodes.self,
      now,
      latest: keyPeriodNumber(7),
      delayMax,
    };
    return processPacket(packet, context);
  };
  for (const delay of [0, 1, 4_321, delayMax]) {
    const outcome = outcomeOf(delay);
    assert.equal(outcome.kind === "hold" && outcome.due, now + delay);
  }
  assert.deepEqual(outcomeOf(delayMax + 1), { kind: "drop", reason: "DELAY_TOO_LONG" });
  assert.deepEqual(recorded, Array(5).fill(keyPeriodNumber(7)), "remembered whatever became of it");
});

test("only a packet whose tag was remembered goes on: seen before, or no room left, it is dropped", () => {
  const outcomes = (["added", "seen", "full"] as const).flatMap((recorded) =>
    [forwarded(), { ...forwarded(), ...DELIVERED }].map((unwrapped) => {
      const keys: MixContext["keys"] = { record: () => recorded };
      const times = { now: milliseconds(1_000), latest: keyPeriodNumber(7), delayMax: milliseconds(80_000) };
      const context = { nodeId: nodes.self, ...times };
      const unwrap = (): Unwrapped => unwrapped;
      const outcome = processPacket(packet, { ...context, unwrap, keys: { ...keys, get: () => undefined } });
      return outcome.kind === "drop" ? outcome.reason : outcome.kind;
    }),
  );
  assert.deepEqual(outcomes, ["hold", "deliver", "REPLAY", "REPLAY", "REPLAY_SET_FULL", "REPLAY_SET_FULL"]);
});

const forwarded = (): Unwrapped & { kind: "forward" } => ({
  kind: "forward",
  tag: replayTag(random.bytes(16)),
  next: nodes.next,
  delay: milliseconds(5),
  packet: random.bytes(10),
});

const DELIVERED = {
  kind: "deliver",
  command: "mailbox",
  recipient: random.bytes(32),
  surbId: surbId(random.bytes(16)),
  payload: random.bytes(10),
} as const;
