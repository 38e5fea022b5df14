/**
 * One whole packet and one reply, run once at start after the primitives (crypto/self-test.ts): each primitive may be right at the
 * sizes it is tried at and wrong at a packet's. A reply block of test/vectors, made by the other implementation, is followed
 * over four hops to known answers; then a packet of the network's own size is made and opened, and changed ones are refused.
 */

import { concat, equalBytes, fromHex, toHex } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import { keyPeriodNumber, milliseconds, nodeId } from "../core/units.ts";
import { assertHolds } from "../crypto/self-test.ts";
import type { Suite } from "../crypto/suite.ts";
import { geometryForPayload, HOPS_MAX, MAC_BYTES, SURB_KEY_BYTES } from "./geometry.ts";
import { PACKET_ANSWERS } from "./packet-answers.ts";
import type { Delivered, Hop, MixKeys, Unwrapped } from "./packet.ts";
import { Sphinx } from "./sphinx.ts";

/**
 * Throws an Error that names what was wrong. Some 5 ms native at 28 KiB, portable a tenth of a second or two. What it makes
 * goes to nobody.
 */
export function packetSelfTest(sphinx: Sphinx, random: RandomSource): void {
  const { suite } = sphinx;
  const check = (name: string, holds: () => boolean): void => assertHolds({ suite, name, holds });
  const answers = PACKET_ANSWERS[suite.name];
  check("a known reply over four hops", () => knownReplyHolds(suite, answers));
  const made = trialPacket(sphinx, random);
  check("a packet of the network's size", () => madeHolds(sphinx, made));
  check("the refusal of changed packets", () => changedAreRefused(sphinx, made));
}

/** Known answers of one suite, in hexadecimal: transport/sphinx/packet-answers.ts. */
export interface PacketAnswers {
  readonly mailbox: string;
  readonly surbId: string;
  /** The key of the user's layer, then those of the hops. */
  readonly replyKey: string;
  /** In path order. `digest`: BLAKE2b-256 of the packet that the hop sends on, of the payload at the last one. */
  readonly hops: readonly {
    readonly nodeId: string;
    readonly privateKey: string;
    readonly tag: string;
    readonly digest: string;
  }[];
  /** In lines. */
  readonly header: readonly string[];
}

/** A packet over the longest path with the keys of every hop: what a self-test opens, and a start measures. */
export interface TrialPacket {
  readonly packet: Uint8Array;
  readonly payload: Uint8Array;
  readonly tags: readonly Uint8Array[];
  readonly hops: readonly TrialHop[];
}

interface TrialHop {
  readonly hop: Hop;
  readonly keys: MixKeys;
}

export function trialPacket(sphinx: Sphinx, random: RandomSource): TrialPacket {
  const { suite, geometry } = sphinx;
  const hops = Array.from({ length: HOPS_MAX }, (_, i): TrialHop => {
    const { privateKey, publicKey } = suite.kem.generate(random);
    const hop = { nodeId: nodeId(random.bytes(32)), mixKey: publicKey, delay: milliseconds(1000 + i) };
    return { hop, keys: keysOf(suite, privateKey) };
  });
  const payload = random.bytes(geometry.payloadBytes);
  const path = { period: PERIOD, hops: hops.map(({ hop }) => hop) };
  const destination = { command: "loop", recipient: random.bytes(32) } as const;
  return { ...sphinx.wrap({ path, destination, payload, random }), payload, hops };
}

const PERIOD = keyPeriodNumber(1);

const keysOf = (suite: Suite, privateKey: Uint8Array): MixKeys => {
  const key = suite.kem.open(privateKey);
  return { get: () => key };
};

/** The same bytes at every draw: what they hide here is known to everyone. */
const FIXED: RandomSource = { bytes: (length) => new Uint8Array(length).fill(5) };
export const KNOWN_BODY_BYTES = 1024;
/** As in test/vectors. */
export const KNOWN_PAYLOAD_BYTES = 1536;
/** What the holder of the known reply block answers. */
export const knownBody = (): Uint8Array => Uint8Array.from({ length: KNOWN_BODY_BYTES }, (_, i) => i % 251);

/** What the user of the vector's reply block sends, and what each hop makes of it. */
function knownReplyHolds(suite: Suite, answers: PacketAnswers): boolean {
  const sphinx = new Sphinx({
    suite,
    geometry: geometryForPayload({ suite: suite.name, payloadBytes: KNOWN_PAYLOAD_BYTES }),
  });
  const hops = answers.hops.map((hop) => ({
    ...hop,
    id: nodeId(fromHex(hop.nodeId)),
    keys: keysOf(suite, fromHex(hop.privateKey)),
  }));
  const replyKey = fromHex(answers.replyKey);
  // header ‖ first hop's id ‖ the key of the one layer that its user adds
  const surb = concat(
    fromHex(answers.header.join("")),
    fromHex(answers.hops[0]?.nodeId ?? ""),
    replyKey.subarray(0, SURB_KEY_BYTES),
  );
  let { packet } = sphinx.wrapReply({ surb, body: knownBody(), random: FIXED });
  for (const [i, { id, keys, tag, digest }] of hops.entries()) {
    const step = sphinx.unwrap(packet, keys, id);
    const isLast = i === hops.length - 1;
    if (toHex(step.tag) !== tag || (step.kind === "deliver") !== isLast) return false;
    if (step.kind === "deliver") return deliveredHolds(sphinx, step, answers, replyKey);
    if (toHex(step.next) !== answers.hops[i + 1]?.nodeId || toHex(suite.blake2b(step.packet)) !== digest) return false;
    packet = step.packet;
  }
  return false;
}

function deliveredHolds(sphinx: Sphinx, step: Delivered, answers: PacketAnswers, replyKey: Uint8Array): boolean {
  return (
    step.command === "reply" &&
    toHex(step.recipient) === answers.mailbox &&
    toHex(step.surbId) === answers.surbId &&
    toHex(sphinx.suite.blake2b(step.payload)) === answers.hops.at(-1)?.digest &&
    equalBytes(sphinx.openReply({ replyKey, payload: step.payload }), knownBody())
  );
}

function madeHolds(sphinx: Sphinx, { packet: first, payload, tags, hops }: TrialPacket): boolean {
  let packet = first;
  for (const [i, { hop, keys }] of hops.entries()) {
    const step = sphinx.unwrap(packet, keys, hop.nodeId);
    if (!equalBytes(step.tag, tags[i] as Uint8Array)) return false;
    if (step.kind === "deliver") return i === hops.length - 1 && equalBytes(step.payload, payload);
    if (step.delay !== hop.delay) return false;
    packet = step.packet;
  }
  return false;
}

/** One bit in each part: of the header nothing may be opened, of the payload nothing may be left. */
function changedAreRefused(sphinx: Sphinx, made: TrialPacket): boolean {
  const { packet, hops } = made;
  const { headerBytes, packetBytes } = sphinx.geometry;
  const [first, second] = hops as readonly [TrialHop, TrialHop];
  const outcome = (bytes: Uint8Array, keys = first.keys, id = first.hop.nodeId): Unwrapped | undefined => {
    try {
      return sphinx.unwrap(bytes, keys, id);
    } catch {
      return undefined;
    }
  };
  const flipped = (at: number): Uint8Array => packet.with(at, (packet[at] as number) ^ 1);
  const marked = outcome(flipped(packetBytes - 1));
  return (
    [2, 6, headerBytes - MAC_BYTES - 1, headerBytes - 1].every((at) => outcome(flipped(at)) === undefined) &&
    outcome(packet, second.keys) === undefined &&
    outcome(packet, first.keys, second.hop.nodeId) === undefined &&
    marked?.kind === "forward" &&
    isNoise(sphinx, marked.packet, made)
  );
}

/** What the second hop gets of a marked packet shares no block of the payload with what it gets of the whole one. */
function isNoise(sphinx: Sphinx, marked: Uint8Array, { packet, hops }: TrialPacket): boolean {
  const { headerBytes, packetBytes } = sphinx.geometry;
  const [{ hop, keys }] = hops as readonly [TrialHop];
  const whole = sphinx.unwrap(packet, keys, hop.nodeId);
  if (whole.kind !== "forward") return false;
  const blockAt = (bytes: Uint8Array, at: number): Uint8Array => bytes.subarray(at, at + BLOCK_BYTES);
  const samples = [headerBytes, (headerBytes + packetBytes) >> 1, packetBytes - 2 * BLOCK_BYTES];
  return samples.every((at) => !equalBytes(blockAt(marked, at), blockAt(whole.packet, at)));
}

const BLOCK_BYTES = 16;
