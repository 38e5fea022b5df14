/**
 * Packets that one mix opens and passes on: a real encapsulation, real keys, a real MAC for that hop; what the hops after it
 * would open is random. In the next hop's ciphertext, which leaves the mix in the clear, travels a mark for whoever receives it.
 * Spec: docs/spec/03-sphinx.md §6
 */

import type { RandomSource } from "#transport/core/random.ts";
import { type KeyPeriod, type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { type Geometry, MAC_BYTES, PREFIX_BYTES, SUITE_CODES, VERSION } from "#transport/sphinx/geometry.ts";
import { HOP_SECRET_BYTES, hopKeys, hopSecret } from "#transport/sphinx/hop-keys.ts";
import { encodeRouting } from "#transport/sphinx/routing.ts";

export interface OneHop {
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly period: KeyPeriod;
  readonly nodeId: NodeId;
  readonly mixKey: Uint8Array;
}

interface Encapsulation {
  readonly ciphertext: Uint8Array;
  readonly secret: Uint8Array;
}

/** When it was sent (milliseconds since 1970, with fractions) and how long the mix was asked to hold it. */
export interface Mark {
  readonly sentAt: number;
  readonly delay: Milliseconds;
}

/** Makes packets. Each has an encapsulation of its own, which may be made ahead: then a packet costs little more than its MAC. */
export class OneHopPackets {
  readonly #hop: OneHop;
  readonly #random: RandomSource;
  readonly #noise: Uint8Array;
  /** Ciphertext ‖ hop secret of each packet to come, used from the end. */
  #stock = new Uint8Array(0);
  #stocked = 0;

  constructor(hop: OneHop, random: RandomSource) {
    this.#hop = hop;
    this.#random = random;
    this.#noise = random.bytes(hop.geometry.packetBytes);
  }

  /** Encapsulates for the next `count` packets, in place of what is left of an earlier stock. */
  prepare(count: number): void {
    const bytes = this.#hop.geometry.ciphertextBytes + HOP_SECRET_BYTES;
    if (this.#stock.length < count * bytes) this.#stock = new Uint8Array(count * bytes);
    for (this.#stocked = 0; this.#stocked < count; this.#stocked++) {
      const { ciphertext, secret } = this.#encapsulate();
      this.#stock.set(ciphertext, this.#stocked * bytes);
      this.#stock.set(secret, this.#stocked * bytes + ciphertext.length);
    }
  }

  /**
   * `into`: a packet that was made here and that nobody needs any more. The payload is noise, the same each time: under
   * another key it opens to other noise.
   */
  make(next: NodeId, delay: Milliseconds, sentAt: number, into?: Uint8Array): Uint8Array {
    const { suite, geometry, period } = this.#hop;
    const { ciphertextBytes, routingBytes, headerBytes } = geometry;
    const { ciphertext, secret } = this.#fromStock() ?? this.#encapsulate();
    const keys = hopKeys(secret);
    const packet = into ?? this.#noise.slice();
    packet[0] = VERSION;
    packet[1] = SUITE_CODES[suite.name];
    new DataView(packet.buffer, packet.byteOffset).setUint32(2, period);
    packet.set(ciphertext, PREFIX_BYTES);
    const routing = packet.subarray(PREFIX_BYTES + ciphertextBytes, PREFIX_BYTES + ciphertextBytes + routingBytes);
    const nextCiphertext = this.#noise.slice(0, ciphertextBytes);
    writeMark(nextCiphertext, { sentAt, delay });
    const nextMac = this.#noise.subarray(0, MAC_BYTES);
    routing.set(encodeRouting({ command: "forward", delay, next, nextMac, nextCiphertext }));
    suite.chacha20InPlace(keys.routing, routing);
    const covered = packet.subarray(0, headerBytes - MAC_BYTES);
    packet.set(suite.blake2b(covered, keys.mac), covered.length);
    return packet;
  }

  #fromStock(): Encapsulation | undefined {
    if (this.#stocked === 0) return undefined;
    const { ciphertextBytes } = this.#hop.geometry;
    const bytes = ciphertextBytes + HOP_SECRET_BYTES;
    const start = --this.#stocked * bytes;
    return {
      ciphertext: this.#stock.subarray(start, start + ciphertextBytes),
      secret: this.#stock.subarray(start + ciphertextBytes, start + bytes),
    };
  }

  #encapsulate(): Encapsulation {
    const { suite, period, nodeId, mixKey } = this.#hop;
    const { ciphertext, sharedSecret } = suite.kem.encapsulate(mixKey, this.#random);
    return { ciphertext, secret: hopSecret(suite, { sharedSecret, ciphertext, nodeId, period }) };
  }
}

function writeMark(bytes: Uint8Array, { sentAt, delay }: Mark): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setFloat64(0, sentAt);
  view.setUint32(8, delay);
}

/** From the frame in which the mix passed the packet on. */
export function readMark(frame: Uint8Array): Mark {
  const view = new DataView(frame.buffer, frame.byteOffset + 1 + PREFIX_BYTES);
  return { sentAt: view.getFloat64(0), delay: milliseconds(view.getUint32(8)) };
}

/** One clock for all processes of the machine, finer than a millisecond. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
