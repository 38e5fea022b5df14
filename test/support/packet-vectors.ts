/**
 * Builds the packet vectors of test/vectors from seeds, with the portable implementation: `node test/support/generate-vectors.ts`
 * writes them, a test regenerates and compares them. Their form is described in docs/spec/03-sphinx.md §11.
 */

import { toHex } from "#transport/core/bytes.ts";
import type { SuiteName } from "#transport/core/parameters.ts";
import { keyPeriodNumber, mailboxId, milliseconds, nodeId, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { type Geometry, geometryForPayload, HOPS_MAX } from "#transport/sphinx/geometry.ts";
import { hopSecret } from "#transport/sphinx/hop-keys.ts";
import type { Destination, MixKeys, Path } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { naiveHeader } from "./naive-sphinx.ts";
import { SeededRandom } from "./seeded-random.ts";

export interface PacketVectors {
  readonly provenance: string;
  readonly suite: SuiteName;
  readonly packetBytes: number;
  readonly period: number;
  /** The nodes of every path, in order; a path of n hops is the first n. */
  readonly nodes: readonly NodeVector[];
  readonly packets: readonly PacketVector[];
  readonly surbs: readonly SurbVector[];
  readonly refused: readonly RefusedVector[];
}

export interface NodeVector {
  readonly nodeId: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly delay: number;
}

/** What one hop derives and sends on. Whole packets would fill megabytes: from the second on, their BLAKE2b-256. */
export interface StepVector {
  readonly hopSecret: string;
  readonly tag: string;
  readonly command: string;
  readonly next?: string;
  readonly delay?: number;
  readonly packetDigest?: string;
}

export interface PacketVector {
  readonly hops: number;
  readonly seed: string;
  readonly command: Destination["command"];
  readonly recipient: string;
  readonly payload: string;
  readonly packet: string;
  readonly steps: readonly StepVector[];
}

export interface SurbVector {
  readonly hops: number;
  readonly seed: string;
  readonly mailbox: string;
  readonly surbId: string;
  readonly surb: string;
  readonly replyKey: string;
  readonly body: string;
  readonly packet: string;
  readonly steps: readonly StepVector[];
  /** As it lies in the mailbox. */
  readonly payloadDigest: string;
}

/** An edit of the 4-hop packet (`at` and bytes to XOR or set there, a new length), or a whole packet; and who refuses. */
export interface RefusedVector {
  readonly name: string;
  readonly edit?: { readonly at?: number; readonly xor?: string; readonly set?: string; readonly length?: number };
  readonly packet?: string;
  /** hop 1 to 4, or the recipient, who alone sees what is in the payload. */
  readonly refusedBy: 1 | 2 | 3 | 4 | "recipient" | "replay log";
  /** The edit is made to what this hop sends on; 0: to the packet itself. */
  readonly after: number;
}

const PERIOD = keyPeriodNumber(0x01020304);
/** Small, so that the files are; the format is the same at any size. */
const PAYLOAD_BYTES: Readonly<Record<SuiteName, number>> = { x25519: 1536, xwing: 1536 };
const DESTINATIONS = ["drop", "loop", "service", "mailbox"] as const;

export async function packetVectors(name: SuiteName): Promise<PacketVectors> {
  const suite = await loadSuite(name, "portable");
  const geometry = geometryForPayload({ suite: name, payloadBytes: PAYLOAD_BYTES[name] });
  const sphinx = new Sphinx({ suite, geometry });
  const nodes = vectorNodes(suite);
  const counts = Array.from({ length: HOPS_MAX }, (_, i) => i + 1);
  return {
    provenance:
      "Made by `node test/support/generate-vectors.ts` from the seeds in this file; test/support/packet-vectors.ts.",
    suite: name,
    packetBytes: geometry.packetBytes,
    period: PERIOD,
    nodes: nodes.map(({ hop, privateKey }) => ({
      nodeId: toHex(hop.nodeId),
      privateKey: toHex(privateKey),
      publicKey: toHex(hop.mixKey),
      delay: hop.delay,
    })),
    packets: counts.map((hops) => packetVector(sphinx, nodes, hops)),
    surbs: counts.map((hops) => surbVector(sphinx, nodes, hops)),
    refused: [...editVectors(geometry), ...forgedVectors(sphinx, nodes)],
  };
}

type VectorNode = ReturnType<typeof vectorNodes>[number];

function vectorNodes(suite: Suite) {
  return Array.from({ length: HOPS_MAX }, (_, i) => {
    const random = new SeededRandom(`vectors ${suite.name} node ${i + 1}`);
    const { privateKey, publicKey } = suite.kem.generate(random);
    const hop = { nodeId: nodeId(random.bytes(32)), mixKey: publicKey, delay: milliseconds(1000 * (i + 1) + i) };
    const key = suite.kem.open(privateKey);
    return { hop, privateKey, keys: { get: () => key } satisfies MixKeys };
  });
}

const pathOf = (nodes: readonly VectorNode[], hops: number): Path => ({
  period: PERIOD,
  hops: nodes.slice(0, hops).map(({ hop }) => hop),
});

function packetVector(sphinx: Sphinx, nodes: readonly VectorNode[], hops: number): PacketVector {
  const seed = `vectors ${sphinx.suite.name} packet ${hops}`;
  const input = new SeededRandom(`${seed} input`);
  const command = DESTINATIONS[hops - 1] as Destination["command"];
  const recipient = input.bytes(32);
  const payload = input.bytes(sphinx.geometry.payloadBytes);
  const random = new SeededRandom(seed);
  const { packet } = sphinx.wrap({ path: pathOf(nodes, hops), destination: { command, recipient }, payload, random });
  return {
    hops,
    seed,
    command,
    recipient: toHex(recipient),
    payload: toHex(payload),
    packet: toHex(packet),
    steps: follow(sphinx, nodes, packet).steps,
  };
}

function surbVector(sphinx: Sphinx, nodes: readonly VectorNode[], hops: number): SurbVector {
  const seed = `vectors ${sphinx.suite.name} surb ${hops}`;
  const input = new SeededRandom(`${seed} input`);
  const mailbox = mailboxId(input.bytes(32));
  const id = surbId(input.bytes(16));
  const body = input.bytes(100 * hops);
  const random = new SeededRandom(seed);
  const { surb, replyKey } = sphinx.createSurb({ path: pathOf(nodes, hops), mailbox, surbId: id, random });
  const { packet } = sphinx.wrapReply({ surb, body, random });
  const { steps, payload } = follow(sphinx, nodes, packet);
  return {
    hops,
    seed,
    mailbox: toHex(mailbox),
    surbId: toHex(id),
    surb: toHex(surb),
    replyKey: toHex(replyKey),
    body: toHex(body),
    packet: toHex(packet),
    steps,
    payloadDigest: toHex(sphinx.suite.blake2b(payload)),
  };
}

function follow(sphinx: Sphinx, nodes: readonly VectorNode[], first: Uint8Array) {
  const { suite, geometry } = sphinx;
  const steps: StepVector[] = [];
  let packet = first;
  for (const { hop, keys } of nodes) {
    const ciphertext = packet.subarray(6, 6 + geometry.ciphertextBytes);
    const sharedSecret = keys.get().decapsulate(ciphertext) as Uint8Array;
    const secret = toHex(hopSecret(suite, { sharedSecret, ciphertext, nodeId: hop.nodeId, period: PERIOD }));
    const step = sphinx.unwrap(packet, keys, hop.nodeId);
    if (step.kind === "deliver") {
      steps.push({ hopSecret: secret, tag: toHex(step.tag), command: step.command });
      return { steps, payload: step.payload };
    }
    packet = step.packet;
    const next = { next: toHex(step.next), delay: step.delay, packetDigest: toHex(suite.blake2b(packet)) };
    steps.push({ hopSecret: secret, tag: toHex(step.tag), command: "forward", ...next });
  }
  throw new Error("the last hop did not deliver");
}

/** One edit in every field; the bit is flipped before the first hop, and again after each. */
function editVectors(geometry: Geometry): RefusedVector[] {
  const routing = 6 + geometry.ciphertextBytes;
  const mac = geometry.headerBytes - 32;
  const fields: [name: string, at: number][] = [
    ["version", 0],
    ["suite", 1],
    ["period, first byte", 2],
    ["period, last byte", 5],
    ["ciphertext, first byte", 6],
    ["ciphertext, last byte", routing - 1],
    ["routing block: command", routing],
    ["routing block: delay", routing + 4],
    ["routing block: next hop's id", routing + 5],
    ["routing block: next hop's MAC", routing + 37],
    ["routing block: next hop's ciphertext", routing + 69],
    ["routing block: what later hops read", routing + geometry.forwardBytes],
    ["routing block, last byte", mac - 1],
    ["MAC, first byte", mac],
    ["MAC, last byte", mac + 31],
  ];
  const flips = [0, 1, 2, 3].flatMap((after) =>
    fields.map(
      ([name, at]): RefusedVector => ({
        name: `a flipped bit: ${name}${after === 0 ? "" : `, after hop ${after}`}`,
        edit: { at, xor: "01" },
        refusedBy: (after + 1) as 1 | 2 | 3 | 4,
        after,
      }),
    ),
  );
  return [
    ...flips,
    ...[0, 1, 2, 3].flatMap((after) => [
      payload("first byte", geometry.headerBytes, after),
      payload("last byte", geometry.packetBytes - 1, after),
    ]),
    first("version 0", { at: 0, set: "00" }),
    first("version 2", { at: 0, set: "02" }),
    first("the other suite", { at: 1, set: geometry.suite === "xwing" ? "01" : "02" }),
    first("the period before", { at: 2, set: "01020303" }),
    first("the period after", { at: 2, set: "01020305" }),
    first("a MAC of zeros", { at: mac, set: "00".repeat(32) }),
    first("an all-zero point", { at: routing - 32, set: "00".repeat(32) }),
    first("a point of order 1", { at: routing - 32, set: `01${"00".repeat(31)}` }),
    first("an all-zero ciphertext", { at: 6, set: "00".repeat(geometry.ciphertextBytes) }),
    first("one byte short", { length: geometry.packetBytes - 1 }),
    first("header only", { length: geometry.headerBytes }),
    first("no byte at all", { length: 0 }),
    first("one byte long", { length: geometry.packetBytes + 1 }),
    { name: "the same packet again", edit: {}, refusedBy: "replay log", after: 0 },
    {
      name: "the same header with another payload",
      edit: { at: geometry.headerBytes, xor: "ff" },
      refusedBy: "replay log",
      after: 0,
    },
  ];
}

const payload = (name: string, at: number, after: number): RefusedVector => ({
  name: `a flipped bit: payload, ${name}, after hop ${after}`,
  edit: { at, xor: "80" },
  refusedBy: "recipient",
  after,
});

const first = (name: string, edit: NonNullable<RefusedVector["edit"]>): RefusedVector => ({
  name,
  edit,
  refusedBy: 1,
  after: 0,
});

/** Under MACs that hold, made by the naive implementation: commands that do not exist. */
function forgedVectors(sphinx: Sphinx, nodes: readonly VectorNode[]): RefusedVector[] {
  const { suite, geometry } = sphinx;
  const hops = nodes.map(({ hop }) => ({ nodeId: hop.nodeId, publicKey: hop.mixKey, delay: hop.delay }));
  return [
    { code: 0x00, count: 1 },
    { code: 0x02, count: 2 },
    { code: 0x15, count: 3 },
    { code: 0xff, count: 4 },
  ].map(({ code, count }): RefusedVector => {
    const random = new SeededRandom(`vectors ${suite.name} command ${code}`);
    const draw = (length: number): Uint8Array => random.bytes(length);
    const finalBlock = Uint8Array.of(code, ...draw(48));
    const { header } = naiveHeader(suite.name, PERIOD, hops.slice(0, count), finalBlock, draw);
    const packet = Uint8Array.of(...header, ...draw(geometry.payloadBytes));
    const name = `command 0x${code.toString(16).padStart(2, "0")} under a MAC that holds`;
    return { name, packet: toHex(packet), refusedBy: count as 1 | 2 | 3 | 4, after: 0 };
  });
}
