/**
 * What `packetSelfTest` compares with (transport/sphinx/packet-answers.ts): the four-hop reply block of test/vectors, and what
 * each hop makes of a fixed reply, by the portable implementation. `node test/support/generate-vectors.ts` writes it.
 */

import { concat, fromHex, toHex } from "#transport/core/bytes.ts";
import type { SuiteName } from "#transport/core/parameters.ts";
import { nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometryForPayload } from "#transport/sphinx/geometry.ts";
import { knownBody, KNOWN_PAYLOAD_BYTES, type PacketAnswers } from "#transport/sphinx/packet-self-test.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { PacketVectors } from "./packet-vectors.ts";
import { readVectors } from "./vectors.ts";

const LINE_DIGITS = 112;

export async function packetAnswers(name: SuiteName): Promise<PacketAnswers> {
  const vectors = readVectors(`packets-${name}`) as PacketVectors;
  const vector = vectors.surbs.at(-1);
  if (vector === undefined) throw new Error("no reply block in test/vectors");
  const suite = await loadSuite(name, "portable");
  const sphinx = new Sphinx({
    suite,
    geometry: geometryForPayload({ suite: name, payloadBytes: KNOWN_PAYLOAD_BYTES }),
  });
  const random = { bytes: (length: number) => new Uint8Array(length).fill(5) };
  let { packet } = sphinx.wrapReply({ surb: concat(fromHex(vector.surb)), body: knownBody(), random });
  const hops = vectors.nodes.map((node, i) => {
    const key = suite.kem.open(fromHex(node.privateKey));
    const step = sphinx.unwrap(packet, { get: () => key }, nodeId(fromHex(node.nodeId)));
    const bytes = step.kind === "forward" ? step.packet : step.payload;
    if (step.kind === "forward") ({ packet } = step);
    const digest = toHex(suite.blake2b(bytes));
    return { nodeId: node.nodeId, privateKey: node.privateKey, tag: vector.steps[i]?.tag ?? "", digest };
  });
  const header = vector.surb.slice(0, 2 * sphinx.geometry.headerBytes);
  return {
    mailbox: vector.mailbox,
    surbId: vector.surbId,
    replyKey: vector.replyKey,
    hops,
    header: header.match(new RegExp(`.{1,${LINE_DIGITS}}`, "g")) ?? [],
  };
}

/** The file, byte for byte. */
export async function packetAnswersFile(): Promise<string> {
  const answers = { x25519: await packetAnswers("x25519"), xwing: await packetAnswers("xwing") };
  return `${HEAD}export const PACKET_ANSWERS: Readonly<Record<SuiteName, PacketAnswers>> = ${inTypeScript(answers)};\n`;
}

function inTypeScript(value: unknown, indent = ""): string {
  if (typeof value === "string") return JSON.stringify(value);
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const lines = Object.entries(value as object).map(
    ([key, item]) =>
      `${inner}${Array.isArray(value) ? "" : `${key}:${isLong(item) ? `\n${inner}  ` : " "}`}${inTypeScript(item, inner)},\n`,
  );
  return `${open}\n${lines.join("")}${indent}${close}`;
}

/** Where the formatter begins a new line. */
const isLong = (item: unknown): boolean => typeof item === "string" && item.length > LINE_DIGITS;

const HEAD = `/**
 * What \`packetSelfTest\` expects, in hexadecimal. Made by \`node test/support/generate-vectors.ts\` from the reply blocks of
 * test/vectors/packets-x25519.json and packets-xwing.json; test/transport/sphinx/packet-self-test.test.ts compares.
 */

import type { SuiteName } from "../core/parameters.ts";
import type { PacketAnswers } from "./packet-self-test.ts";

`;
