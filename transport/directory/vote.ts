/** What one authority would have in the next consensus, and the endorsements it gathers on its way. Spec: docs/spec/08-directory.md §5 */

import { concat, Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import { type Epoch, epochNumber } from "../core/units.ts";
import type { Primitives, Suite } from "../crypto/suite.ts";
import { VOTE_BYTES_MAX } from "../link/limits.ts";
import {
  HASH_BYTES,
  hashLabelled,
  LABELS,
  IDENTITY_SIGNATURE_BYTES,
  signAsIdentity,
  verifyIdentity,
} from "./labels.ts";
import { AUTHORITIES_MAX, PARAMETERS_BYTES_MAX } from "./limits.ts";
import type { Network, SignedDescriptor } from "./model.ts";
import { decodeSignedNodes, encodeSignedNodes } from "./node-list.ts";
import { decodeParameters, encodeParameters } from "./parameters-codec.ts";
import { checkVersion } from "./version.ts";

export interface VoteFields {
  readonly epoch: Epoch;
  /** Position in the network file. */
  readonly authority: number;
  /** Hash of the newest consensus this authority holds; the network's for the first. */
  readonly previous: Uint8Array;
  /** Opens the commitment of the vote before. */
  readonly reveal: Uint8Array;
  /** To what the authority will reveal in the next epoch's vote. */
  readonly commit: Uint8Array;
  readonly parameters: Parameters;
  readonly nodes: readonly SignedDescriptor[];
}

export interface Vote extends VoteFields {
  /** Of everything but the signature: votes with the same hash say the same. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

export function signVote(o: { network: Network; fields: VoteFields; identitySeed: Uint8Array; suite: Suite }): Vote {
  const { network, fields, suite } = o;
  const writer = new Writer()
    .u8(VERSION)
    .raw(network.hash)
    .u32(fields.epoch)
    .u8(fields.authority)
    .raw(fields.previous)
    .raw(fields.reveal)
    .raw(fields.commit)
    .bytes16(encodeParameters(fields.parameters));
  encodeSignedNodes(writer, fields.nodes);
  const body = writer.finish();
  const signature = signAsIdentity({ suite, label: LABELS.vote, message: body, seed: o.identitySeed });
  return verifyVote({ network, bytes: concat(body, signature), suite });
}

/** Throws MALFORMED, REFUSED when it is for another network or not signed by the authority it names, VERSION_NEWER. */
export function verifyVote(o: { network: Network; bytes: Uint8Array; suite: Suite }): Vote {
  const { network, bytes, suite } = o;
  const { version, epoch, authority, body, signature, reader } = readHeader(network, bytes);
  const key = network.authorities[authority]?.identityKey;
  // Before anything else is read: only authorities can make us parse their lists.
  if (key === undefined || !verifyIdentity({ suite, label: LABELS.vote, message: body, signature, key })) {
    throw new TransportError("REFUSED", "A vote that no authority signed.");
  }
  checkVersion(version, VERSION);
  const vote: Vote = {
    epoch,
    authority,
    previous: reader.take(HASH_BYTES),
    reveal: reader.take(HASH_BYTES),
    commit: reader.take(HASH_BYTES),
    parameters: decodeParameters(reader.bytes16(PARAMETERS_BYTES_MAX)),
    nodes: decodeSignedNodes(reader, suite),
    hash: hashLabelled(suite, LABELS.voteHash, body),
    bytes: bytes.slice(),
  };
  reader.end();
  return vote;
}

/** A vote with the signatures of other authorities that had it in time. */
export interface RelayedVote {
  readonly vote: Vote;
  /** By position; never the vote's own authority. */
  readonly endorsements: ReadonlyMap<number, Uint8Array>;
}

export function endorse(o: { vote: Vote; identitySeed: Uint8Array; suite: Primitives }): Uint8Array {
  return signAsIdentity({ suite: o.suite, label: LABELS.endorsement, message: o.vote.hash, seed: o.identitySeed });
}

export function encodeRelayedVote({ vote, endorsements }: RelayedVote): Uint8Array {
  const writer = new Writer().bytes32(vote.bytes).u8(endorsements.size);
  for (const [authority, signature] of [...endorsements].toSorted(([a], [b]) => a - b)) {
    writer.u8(authority).raw(signature);
  }
  return writer.finish();
}

/** What a relayed vote says that it is, before any signature is looked at: whoever sent it may have made it all up. */
export interface ClaimedVote {
  readonly epoch: Epoch;
  readonly authority: number;
  /** Of the vote, as in `Vote`. */
  readonly hash: Uint8Array;
  /** By position. */
  readonly endorsers: readonly number[];
}

/**
 * Cheap beside `verifyRelayedVote`, which for the same bytes gives the same or throws. Throws MALFORMED, REFUSED when it is for
 * another network or of no authority of this one, and, once its signature holds, VERSION_NEWER.
 */
export function readRelayedVote(o: { network: Network; bytes: Uint8Array; suite: Suite }): ClaimedVote {
  const { network, suite } = o;
  const { voteBytes, endorsements } = splitRelayedVote(o.bytes);
  const { version, epoch, authority, body } = readHeader(network, voteBytes);
  if (network.authorities[authority] === undefined) throw new TransportError("REFUSED", "A vote of no authority.");
  // What else a later version has at these places nobody knows; only who signed it can make us believe in one.
  if (version !== VERSION) verifyVote({ network, bytes: voteBytes, suite });
  const hash = hashLabelled(suite, LABELS.voteHash, body);
  return { epoch, authority, hash, endorsers: [...endorsements.keys()] };
}

/** Throws MALFORMED, REFUSED when the vote or one endorsement is not signed by whom it names, VERSION_NEWER. */
export function verifyRelayedVote(o: { network: Network; bytes: Uint8Array; suite: Suite }): RelayedVote {
  const { network, suite } = o;
  const { voteBytes, endorsements } = splitRelayedVote(o.bytes);
  const vote = verifyVote({ network, bytes: voteBytes, suite });
  for (const [authority, signature] of endorsements) {
    const key = network.authorities[authority]?.identityKey;
    const isOther = key !== undefined && authority !== vote.authority;
    if (!isOther || !verifyIdentity({ suite, label: LABELS.endorsement, message: vote.hash, signature, key })) {
      throw new TransportError("REFUSED", "An endorsement that its authority did not sign.");
    }
  }
  return { vote, endorsements };
}

function splitRelayedVote(bytes: Uint8Array): { voteBytes: Uint8Array; endorsements: Map<number, Uint8Array> } {
  const reader = new Reader(bytes);
  const voteBytes = reader.bytes32(VOTE_BYTES_MAX);
  const count = reader.u8();
  if (count > AUTHORITIES_MAX) throw new TransportError("MALFORMED");
  const endorsements = new Map<number, Uint8Array>();
  let last = -1;
  for (let i = 0; i < count; i++) {
    const authority = reader.u8();
    if (authority <= last) throw new TransportError("MALFORMED");
    endorsements.set(authority, reader.take(IDENTITY_SIGNATURE_BYTES));
    last = authority;
  }
  reader.end();
  return { voteBytes, endorsements };
}

/** `reader` stands behind the header. */
function readHeader(network: Network, bytes: Uint8Array) {
  if (bytes.length < HEADER_BYTES + IDENTITY_SIGNATURE_BYTES) throw new TransportError("MALFORMED");
  const body = bytes.subarray(0, bytes.length - IDENTITY_SIGNATURE_BYTES);
  const signature = bytes.subarray(body.length);
  const reader = new Reader(body);
  const version = reader.u8();
  const networkHash = reader.take(HASH_BYTES);
  if (networkHash.some((byte, index) => byte !== network.hash[index])) {
    throw new TransportError("REFUSED", "A vote in another network.");
  }
  return { version, epoch: epochNumber(reader.u32()), authority: reader.u8(), body, signature, reader };
}

const VERSION = 1;
/** Up to and including the authority's position. */
const HEADER_BYTES = 1 + HASH_BYTES + 4 + 1;
