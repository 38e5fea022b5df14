/** One authority's signature on its way to the others. Spec: docs/spec/08-directory.md §6 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type Epoch, epochNumber } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { isConsensusSignature } from "./consensus.ts";
import { HASH_BYTES, IDENTITY_SIGNATURE_BYTES } from "./labels.ts";
import type { Network } from "./model.ts";

export interface ConsensusSignature {
  readonly epoch: Epoch;
  /** Of the consensus. */
  readonly hash: Uint8Array;
  readonly authority: number;
  readonly signature: Uint8Array;
}

/** epoch u32 ‖ hash 32 ‖ authority u8 ‖ signature 3,373 */
export function encodeConsensusSignature(o: ConsensusSignature): Uint8Array {
  return new Writer().u32(o.epoch).raw(o.hash).u8(o.authority).raw(o.signature).finish();
}

/** What it says that it is, whoever sent it. Throws MALFORMED. */
export function readConsensusSignature(bytes: Uint8Array): ConsensusSignature {
  const reader = new Reader(bytes);
  const claimed: ConsensusSignature = {
    epoch: epochNumber(reader.u32()),
    hash: reader.take(HASH_BYTES),
    authority: reader.u8(),
    signature: reader.take(IDENTITY_SIGNATURE_BYTES),
  };
  reader.end();
  return claimed;
}

/** Throws MALFORMED, or REFUSED when the authority it names did not sign. */
export function verifyConsensusSignature(o: {
  network: Network;
  bytes: Uint8Array;
  suite: Primitives;
}): ConsensusSignature {
  const signed = readConsensusSignature(o.bytes);
  if (!isConsensusSignature({ network: o.network, suite: o.suite, ...signed })) throw new TransportError("REFUSED");
  return signed;
}
