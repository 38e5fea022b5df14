/** The sizes of every part of a packet, derived from the suite and one total. Spec: docs/spec/03-sphinx.md §2 */

import { TransportError } from "../core/errors.ts";
import type { SuiteName } from "../core/parameters.ts";
import { MAILBOX_ID_BYTES, NODE_ID_BYTES, SURB_ID_BYTES } from "../core/units.ts";

export interface Geometry {
  readonly suite: SuiteName;
  readonly packetBytes: number;
  readonly headerBytes: number;
  readonly payloadBytes: number;
  readonly surbBytes: number;
  /** A seal; what is left of a payload is random, so that a reply carries a whole seal (docs/spec/02-fragment.md §2). */
  readonly sealedBytes: number;
  /** Plaintext inside one seal. */
  readonly fragmentBytes: number;
  /** The longest body of a service request or reply, its frame of zeros and length taken off. */
  readonly replyBytes: number;
  readonly ciphertextBytes: number;
  /** The encrypted instructions for all hops. */
  readonly routingBytes: number;
  /** One forwarding hop's share of the routing block. */
  readonly forwardBytes: number;
}

/** Hops that decapsulate: three mixes and the destination provider. */
export const HOPS_MAX = 4;

export const VERSION = 1;
export const SUITE_CODES: Readonly<Record<SuiteName, number>> = { x25519: 1, xwing: 2 };

export const MAC_BYTES = 32;
/** Zeros in front of a service payload, by which its reader knows that nobody touched it. */
export const CHECK_BYTES = 32;
/** The key of the one layer that a SURB's user adds. */
export const SURB_KEY_BYTES = 32;
/** version u8 ‖ suite u8 ‖ key period u32 */
export const PREFIX_BYTES = 1 + 1 + 4;
/** command u8 ‖ recipient ‖ SURB id */
export const FINAL_BYTES = 1 + MAILBOX_ID_BYTES + SURB_ID_BYTES;

const COMMAND_AND_DELAY_BYTES = 1 + 4;
const LENGTH_BYTES = 4;
const CIPHERTEXT_BYTES: Readonly<Record<SuiteName, number>> = { x25519: 32, xwing: 1120 };
/** X-Wing ciphertext and Poly1305 tag of the seal, whatever the suite of the hops. */
const SEAL_BYTES = CIPHERTEXT_BYTES.xwing + 16;
/** Behind a seal: more than a reply's frame (36 bytes) and the numbers of an entry of a box (17 bytes, docs/spec/17-boxes.md §3) take. */
const SEAL_REST_BYTES = 64;

/** Throws MALFORMED when `packetBytes` leaves no room for a sealed fragment and a request. */
export function geometry(options: { suite: SuiteName; packetBytes: number }): Geometry {
  const { suite, packetBytes } = options;
  const ciphertextBytes = CIPHERTEXT_BYTES[suite];
  const forwardBytes = COMMAND_AND_DELAY_BYTES + NODE_ID_BYTES + MAC_BYTES + ciphertextBytes;
  const routingBytes = (HOPS_MAX - 1) * forwardBytes + FINAL_BYTES;
  const headerBytes = PREFIX_BYTES + ciphertextBytes + routingBytes + MAC_BYTES;
  const surbBytes = headerBytes + NODE_ID_BYTES + SURB_KEY_BYTES;
  const payloadBytes = packetBytes - headerBytes;
  const replyBytes = payloadBytes - CHECK_BYTES - LENGTH_BYTES;
  const sealedBytes = payloadBytes - SEAL_REST_BYTES;
  const fragmentBytes = sealedBytes - SEAL_BYTES;
  if (!Number.isSafeInteger(packetBytes) || fragmentBytes < 256) {
    throw new TransportError("MALFORMED", `A packet of ${packetBytes} bytes is too small for the suite ${suite}.`);
  }
  return {
    suite,
    packetBytes,
    headerBytes,
    payloadBytes,
    surbBytes,
    sealedBytes,
    fragmentBytes,
    replyBytes,
    ciphertextBytes,
    routingBytes,
    forwardBytes,
  };
}

/** The geometry whose payload has exactly this size: for benches and tests. */
export function geometryForPayload(options: { suite: SuiteName; payloadBytes: number }): Geometry {
  const { headerBytes } = geometry({ suite: options.suite, packetBytes: 2 ** 16 });
  return geometry({ suite: options.suite, packetBytes: headerBytes + options.payloadBytes });
}
