/** Real frames of a whole network over two epochs, while two people sign up, look each other up and write. */

import type { Captured } from "#test/sim/network-in-memory.ts";
import { World } from "#test/sim/world.ts";
import { seconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { type Frame, decodeFrame } from "#transport/link/frame.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import { geometry, type Geometry } from "#transport/sphinx/geometry.ts";

export interface Traffic {
  readonly network: Network;
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly frames: readonly Captured[];
  readonly sizes: FrameSizes;
  /** All captured frames of a type, as values. */
  of<T extends Frame["type"]>(type: T): Extract<Frame, { type: T }>[];
}

/** Of each kind of frame, on each side of each protocol: more teach a mutation loop nothing new. */
const FRAMES_OF_A_KIND_MAX = 12;

export async function recordTraffic(seed: string): Promise<Traffic> {
  const world = await World.create({ seed });
  const frames: Captured[] = [];
  const kinds = new Map<string, number>();
  world.net.capture = ({ protocol, direction, bytes }) => {
    const kind = `${protocol}/${direction}/${bytes[0]}`;
    const seen = kinds.get(kind) ?? 0;
    if (seen >= FRAMES_OF_A_KIND_MAX) return;
    kinds.set(kind, seen + 1);
    frames.push({ protocol, direction, bytes: bytes.slice() });
  };
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(60));
  if (record === undefined) throw new Error("bob cannot be found");
  await world.clock.runUntilSettled(alice.client.send({ to: record, body: new Uint8Array(20_000) }), seconds(10));
  // Long enough for the authorities to vote on another epoch.
  await world.clock.runFor(seconds(150));
  const { network, suite } = world;
  const shape = geometry({ suite: network.parameters.suite, packetBytes: network.parameters.packetBytes });
  await world.stop();
  const sizesOf = (protocol: Captured["protocol"]): FrameSizes =>
    protocol === "starling-directory/1" ? { packetBytes: 0, payloadBytes: 0 } : shape;
  const decoded = frames.map((frame) => decodeFrame(frame.bytes.slice(), { ...frame, sizes: sizesOf(frame.protocol) }));
  return {
    network,
    suite,
    geometry: shape,
    frames,
    sizes: shape,
    of: <T extends Frame["type"]>(type: T) =>
      decoded.filter((frame): frame is Extract<Frame, { type: T }> => frame.type === type),
  };
}
