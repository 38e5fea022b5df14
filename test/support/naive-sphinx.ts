/**
 * A second implementation of docs/spec/03-sphinx.md, written from the page alone to be compared with the real one: slow,
 * straight, on hexadecimal-free byte arrays and @noble, sharing no code with transport/. It also makes the packets that an
 * honest sender cannot make: with an unknown command, say, under a MAC that holds.
 */

import { chacha20 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js";

type Bytes = Uint8Array;
type Random = (length: number) => Bytes;
export type NaiveSuite = "x25519" | "xwing";

export interface NaiveHop {
  readonly nodeId: Bytes;
  readonly publicKey: Bytes;
  readonly delay: number;
}

export interface NaiveKeys {
  readonly mac: Bytes;
  readonly routing: Bytes;
  readonly payload: Bytes;
  readonly tag: Bytes;
}

/** §2: every size, from the suite and the payload. */
export function naiveSizes(suite: NaiveSuite) {
  const ciphertext = suite === "xwing" ? 1120 : 32;
  const forward = 1 + 4 + 32 + 32 + ciphertext;
  const final = 1 + 32 + 16;
  const routing = 3 * forward + final;
  return { ciphertext, forward, final, routing, header: 1 + 1 + 4 + ciphertext + routing + 32 };
}

/** §6: header for a path that ends with the given final block (49 bytes, whatever they say). */
export function naiveHeader(
  suite: NaiveSuite,
  period: number,
  hops: readonly NaiveHop[],
  finalBlock: Bytes,
  random: Random,
) {
  const size = naiveSizes(suite);
  const last = hops.length - 1;
  const prefix = [1, suite === "xwing" ? 2 : 1, ...u32(period)];

  const sealed = hops.map((hop) => encapsulate(suite, hop.publicKey, random));
  const keys = hops.map((hop, i) => naiveKeys(suite, period, hop.nodeId, sealed[i]!.ciphertext, sealed[i]!.secret));
  const stream = keys.map((key) => keystream(key.routing, size.routing + size.forward));

  let filler = new Uint8Array(0) as Bytes;
  for (let i = 0; i < last; i++) {
    filler = join(filler, new Uint8Array(size.forward));
    filler = xor(filler, stream[i]!.slice(size.routing + size.forward - filler.length));
  }
  const padding = random(size.routing - finalBlock.length - filler.length);
  const inside = join(finalBlock, padding);
  let routing = join(xor(inside, stream[last]!.slice(0, inside.length)), filler);
  let mac = blake2b(join(prefix, sealed[last]!.ciphertext, routing), { dkLen: 32, key: keys[last]!.mac });

  for (let i = last - 1; i >= 0; i--) {
    const block = join([0x01], u32(hops[i]!.delay), hops[i + 1]!.nodeId, mac, sealed[i + 1]!.ciphertext);
    const plain = join(block, routing).slice(0, size.routing);
    routing = xor(plain, stream[i]!.slice(0, size.routing));
    mac = blake2b(join(prefix, sealed[i]!.ciphertext, routing), { dkLen: 32, key: keys[i]!.mac });
  }
  return { header: join(prefix, sealed[0]!.ciphertext, routing, mac), keys };
}

/** §6: header and payload. The SURB id of a packet that is no reply is drawn first. */
export function naiveWrap(options: {
  suite: NaiveSuite;
  period: number;
  hops: readonly NaiveHop[];
  command: number;
  recipient: Bytes;
  payload: Bytes;
  random: Random;
}) {
  const finalBlock = join([options.command], options.recipient, options.random(16));
  const { header, keys } = naiveHeader(options.suite, options.period, options.hops, finalBlock, options.random);
  let payload = options.payload;
  for (const key of keys.toReversed()) payload = naiveLioness(key.payload, payload, "encrypt");
  return { packet: join(header, payload), tags: keys.map((key) => key.tag) };
}

/** §7: undefined when the packet is refused. */
export function naiveUnwrap(options: {
  suite: NaiveSuite;
  packet: Bytes;
  packetBytes: number;
  periods: ReadonlyMap<number, Bytes>;
  nodeId: Bytes;
}) {
  const { suite, packet, nodeId } = options;
  const size = naiveSizes(suite);
  if (packet.length !== options.packetBytes) return undefined;
  if (packet[0] !== 1 || packet[1] !== (suite === "xwing" ? 2 : 1)) return undefined;
  const period = packet[2]! * 2 ** 24 + packet[3]! * 2 ** 16 + packet[4]! * 2 ** 8 + packet[5]!;
  const privateKey = options.periods.get(period);
  if (privateKey === undefined) return undefined;
  const ciphertext = packet.slice(6, 6 + size.ciphertext);
  const secret = decapsulate(suite, privateKey, ciphertext);
  if (secret === undefined) return undefined;
  const keys = naiveKeys(suite, period, nodeId, ciphertext, secret);

  const covered = packet.slice(0, size.header - 32);
  const mac = blake2b(covered, { dkLen: 32, key: keys.mac });
  if (mac.some((byte, i) => byte !== packet[size.header - 32 + i])) return undefined;

  const routing = join(packet.slice(6 + size.ciphertext, size.header - 32), new Uint8Array(size.forward));
  const plain = xor(routing, keystream(keys.routing, routing.length));
  const payload = naiveLioness(keys.payload, packet.slice(size.header), "decrypt");
  const command = plain[0]!;
  if (command === 0x01) {
    const delay = plain[1]! * 2 ** 24 + plain[2]! * 2 ** 16 + plain[3]! * 2 ** 8 + plain[4]!;
    const next = plain.slice(5, 37);
    const nextMac = plain.slice(37, 69);
    const nextCiphertext = plain.slice(69, size.forward);
    const nextRouting = plain.slice(size.forward);
    return {
      command,
      tag: keys.tag,
      delay,
      next,
      packet: join(packet.slice(0, 6), nextCiphertext, nextRouting, nextMac, payload),
    };
  }
  if (![0x10, 0x11, 0x12, 0x13, 0x14].includes(command)) return undefined;
  return { command, tag: keys.tag, recipient: plain.slice(1, 33), surbId: plain.slice(33, 49), payload };
}

/** §4: HKDF-SHA-512 over the shared secret; info = label ‖ suite ‖ period ‖ node id ‖ BLAKE2b-256(ciphertext). */
export function naiveKeys(
  suite: NaiveSuite,
  period: number,
  nodeId: Bytes,
  ciphertext: Bytes,
  secret: Bytes,
): NaiveKeys {
  const label = new TextEncoder().encode("starling/sphinx/v1");
  const info = join(label, [suite === "xwing" ? 2 : 1], u32(period), nodeId, blake2b(ciphertext, { dkLen: 32 }));
  const okm = hkdf(sha512, secret, new Uint8Array(0), info, 112);
  return { mac: okm.slice(0, 32), routing: okm.slice(32, 64), payload: okm.slice(64, 96), tag: okm.slice(96) };
}

/** §5 */
export function naiveLioness(key: Bytes, block: Bytes, direction: "encrypt" | "decrypt"): Bytes {
  const stream = keystream(key, 128);
  const [k1, k2, k3, k4] = [0, 32, 64, 96].map((at) => stream.slice(at, at + 32)) as [Bytes, Bytes, Bytes, Bytes];
  let left: Bytes = block.slice(0, 32);
  let right: Bytes = block.slice(32);
  const hashInto = (k: Bytes) => {
    left = xor(left, sha256(join(k, right)));
  };
  const streamInto = (k: Bytes) => {
    right = xor(right, keystream(xor(left, k), right.length));
  };
  if (direction === "encrypt") {
    streamInto(k1);
    hashInto(k2);
    streamInto(k3);
    hashInto(k4);
  } else {
    hashInto(k4);
    streamInto(k3);
    hashInto(k2);
    streamInto(k1);
  }
  return join(left, right);
}

/** §8: what the creator of a SURB keeps and gives, and what comes back. */
export function naiveSurb(options: {
  suite: NaiveSuite;
  period: number;
  hops: readonly NaiveHop[];
  mailbox: Bytes;
  surbId: Bytes;
  random: Random;
}) {
  const finalBlock = join([0x13], options.mailbox, options.surbId);
  const { header, keys } = naiveHeader(options.suite, options.period, options.hops, finalBlock, options.random);
  const own = options.random(32);
  return {
    surb: join(header, options.hops[0]!.nodeId, own),
    replyKey: join(own, ...keys.map((key) => key.payload)),
    tags: keys.map((key) => key.tag),
  };
}

export function naiveReply(options: {
  suite: NaiveSuite;
  surb: Bytes;
  body: Bytes;
  payloadBytes: number;
  random: Random;
}) {
  const { header } = naiveSizes(options.suite);
  const framed = join(new Uint8Array(32), u32(options.body.length), options.body);
  const payload = join(framed, options.random(options.payloadBytes - framed.length));
  const key = options.surb.slice(header + 32);
  return {
    firstHop: options.surb.slice(header, header + 32),
    packet: join(options.surb.slice(0, header), naiveLioness(key, payload, "encrypt")),
  };
}

export function naiveOpenReply(replyKey: Bytes, payload: Bytes): Bytes | undefined {
  let block = payload;
  for (let at = replyKey.length - 32; at > 0; at -= 32)
    block = naiveLioness(replyKey.slice(at, at + 32), block, "encrypt");
  block = naiveLioness(replyKey.slice(0, 32), block, "decrypt");
  if (block.slice(0, 32).some((byte) => byte !== 0)) return undefined;
  const length = block[32]! * 2 ** 24 + block[33]! * 2 ** 16 + block[34]! * 2 ** 8 + block[35]!;
  return length <= block.length - 36 ? block.slice(36, 36 + length) : undefined;
}

function encapsulate(suite: NaiveSuite, publicKey: Bytes, random: Random): { ciphertext: Bytes; secret: Bytes } {
  if (suite === "xwing") {
    const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(publicKey, random(64));
    return { ciphertext: cipherText, secret: sharedSecret };
  }
  const ephemeral = random(32);
  return { ciphertext: x25519.getPublicKey(ephemeral), secret: x25519.getSharedSecret(ephemeral, publicKey) };
}

function decapsulate(suite: NaiveSuite, privateKey: Bytes, ciphertext: Bytes): Bytes | undefined {
  try {
    return suite === "xwing"
      ? ml_kem768_x25519.decapsulate(ciphertext, privateKey)
      : x25519.getSharedSecret(privateKey, ciphertext);
  } catch {
    return undefined;
  }
}

const keystream = (key: Bytes, length: number): Bytes => chacha20(key, new Uint8Array(12), new Uint8Array(length));
const xor = (a: Bytes, b: Bytes): Bytes => a.map((byte, i) => byte ^ b[i]!);
const u32 = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);

function join(...parts: readonly ArrayLike<number>[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
