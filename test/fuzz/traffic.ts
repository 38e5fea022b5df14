/**
 * Real frames of a whole network over two epochs, while two people sign up, look each other up and write, and one of them
 * lets in a second device and puts it out again.
 */

import type { Captured } from "#test/sim/network-in-memory.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS, type SuiteName } from "#transport/core/parameters.ts";
import { type MailboxId, seconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { decodeControlAnswer, decodeControlRequest, type ListedDevice } from "#transport/link/control.ts";
import { type Frame, decodeFrame } from "#transport/link/frame.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import { geometry, type Geometry } from "#transport/sphinx/geometry.ts";
import { type BoxTraffic, watchBoxes } from "./box-traffic.ts";

export interface Traffic {
  readonly network: Network;
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly frames: readonly Captured[];
  readonly sizes: FrameSizes;
  readonly household: Household;
  readonly boxes: BoxTraffic;
  /** All captured frames of a type, as values. */
  of<T extends Frame["type"]>(type: T): Extract<Frame, { type: T }>[];
}

/** The account with two devices. */
export interface Household {
  readonly mailboxId: MailboxId;
  /** What somebody typed into the second one. */
  readonly code: string;
  readonly devices: readonly ListedDevice[];
}

/** Of each kind of frame, on each side of each protocol: more teach a mutation loop nothing new. */
const FRAMES_OF_A_KIND_MAX = 12;
/** Tokens under two proofs, and boxes. */
const PARAMETERS = { ...SIM_PARAMETERS, boxReplies: 2, tokens: { ...SIM_PARAMETERS.tokens, perProvider: 9 } };

export async function recordTraffic(options: { suite: SuiteName; seed: string }): Promise<Traffic> {
  const { suite: name, seed } = options;
  // As long as live packets; those of x25519 are short and quick.
  const { packetBytes } = name === "xwing" ? LIVE_PARAMETERS : PARAMETERS;
  const world = await World.create({ seed, parameters: { ...PARAMETERS, suite: name, packetBytes } });
  const { network, suite } = world;
  const shape = geometry({ suite: network.parameters.suite, packetBytes: network.parameters.packetBytes });
  const valueOf = ({ bytes, ...side }: Captured): Frame =>
    decodeFrame(bytes.slice(), { ...side, sizes: sizesOf(side.protocol, shape) });

  const frames: Captured[] = [];
  const kinds = new Map<string, number>();
  world.net.capture = (frame) => {
    const kind = `${frame.protocol}/${frame.direction}/${kindOf(valueOf(frame))}`;
    const seen = kinds.get(kind) ?? 0;
    if (seen >= FRAMES_OF_A_KIND_MAX) return;
    kinds.set(kind, seen + 1);
    frames.push({ ...frame, bytes: frame.bytes.slice() });
  };
  const boxes = watchBoxes(world);
  const household = await story(world);
  await world.stop();
  const decoded = frames.map(valueOf);
  return {
    network,
    suite,
    geometry: shape,
    frames,
    sizes: shape,
    household,
    boxes,
    of: <T extends Frame["type"]>(type: T) =>
      decoded.filter((frame): frame is Extract<Frame, { type: T }> => frame.type === type),
  };
}

/** Of packets without a network: short where they may be, so that they are quick; X-Wing's SURBs need the real length. */
export function payloadOf({ suite, geometry: { payloadBytes } }: Traffic): { suite: SuiteName; payloadBytes: number } {
  return { suite: suite.name, payloadBytes: suite.name === "xwing" ? payloadBytes : SHORT_PAYLOAD_BYTES };
}

const SHORT_PAYLOAD_BYTES = 1600;

async function story(world: World): Promise<Household> {
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const settle = <T>(promise: Promise<T>): Promise<T> => world.clock.runUntilSettled(promise, seconds(60));
  const code = await settle(bob.client.offerDevice({ extra: utf8("the program's own") }));
  const phone = world.client({ name: "phone", provider: "b" });
  await settle(phone.start());
  const joining = { code, deviceKey: world.deviceKey("phone"), name: "phone", keep: async () => undefined };
  const account = await settle(phone.client.joinDevice(joining));
  const devices = await settle(bob.client.devices());
  const record = await settle(alice.client.lookup(bob.address));
  if (record === undefined) throw new Error("bob cannot be found");
  await settle(alice.client.send({ to: record, body: new Uint8Array(20_000) }));
  await settle(bob.client.removeDevice({ deviceKey: world.deviceKey("phone") }));
  // Long enough for the authorities to vote on another epoch.
  await world.clock.runFor(seconds(150));
  return { mailboxId: account.mailboxId, code, devices };
}

const sizesOf = (protocol: Captured["protocol"], packet: FrameSizes): FrameSizes =>
  protocol === "starling-directory/2" ? { packetBytes: 0, payloadBytes: 0 } : packet;

/** What is common is so much more common that the first frames of a type are all alike. */
function kindOf(frame: Frame): string {
  switch (frame.type) {
    case "control":
      return `control ${decodeControlRequest(frame.body).kind}`;
    case "controlAnswer": {
      const { result, body } = decodeControlAnswer(frame.body);
      return `controlAnswer ${result} ${body.length} ${toHex(body.subarray(0, 1))}`;
    }
    case "entry":
      return `entry ${frame.kind}`;
    default:
      return frame.type;
  }
}
