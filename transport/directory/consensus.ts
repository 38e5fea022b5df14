/** The one list of nodes for an epoch, signed by a majority of the authorities. Spec: docs/spec/08-directory.md §6 */

import { equalBytes, Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import { type Epoch, epochNumber, type KeyPeriod } from "../core/units.ts";
import type { Primitives, Suite } from "../crypto/suite.ts";
import { DIRECTORY_MESSAGE_BYTES_MAX, DOCUMENT_BYTES_MAX } from "../link/limits.ts";
import { type Demotion, decodeDemotions, encodeDemotions } from "./demotions.ts";
import { keyPeriodsNeeded, validity } from "./epochs.ts";
import {
  HASH_BYTES,
  hashLabelled,
  LABELS,
  IDENTITY_SIGNATURE_BYTES,
  signAsIdentity,
  verifyIdentity,
} from "./labels.ts";
import { AUTHORITIES_MAX, PARAMETERS_BYTES_MAX } from "./limits.ts";
import type { Consensus, Layers, Network, NodeDescriptor } from "./model.ts";
import { decodeNodes, encodeNodes } from "./node-list.ts";
import { decodeParameters, encodeParameters } from "./parameters-codec.ts";
import { checkVersion } from "./version.ts";

export interface ConsensusFields {
  readonly epoch: Epoch;
  readonly previous: Uint8Array;
  readonly sharedRandom: Uint8Array;
  readonly parameters: Parameters;
  readonly commits: ReadonlyMap<number, Uint8Array>;
  readonly layers: Layers;
  readonly providers: readonly NodeDescriptor[];
  readonly demotions: readonly Demotion[];
}

/** What the authorities sign: the same bytes from the same fields, whoever writes them. */
export function encodeConsensusBody(network: Network, fields: ConsensusFields): Uint8Array {
  const writer = new Writer()
    .u8(VERSION)
    .raw(network.hash)
    .u32(fields.epoch)
    .raw(fields.previous)
    .raw(fields.sharedRandom)
    .bytes16(encodeParameters(fields.parameters))
    .u8(fields.commits.size);
  for (const [authority, commit] of [...fields.commits].toSorted(([a], [b]) => a - b)) writer.u8(authority).raw(commit);
  for (const layer of fields.layers) encodeNodes(writer, layer);
  encodeNodes(writer, fields.providers);
  encodeDemotions(writer, fields.demotions);
  return writer.finish();
}

/** The longest body, in bytes, that readers take from an authority when all authorities have signed it. */
export const consensusBodyBytesMax = ({ authorities }: Network): number =>
  DOCUMENT_BYTES_MAX -
  encodeConsensus(new Uint8Array(0), new Map()).length -
  authorities.length * (1 + IDENTITY_SIGNATURE_BYTES);

export const consensusHash = (suite: Primitives, body: Uint8Array): Uint8Array =>
  hashLabelled(suite, LABELS.consensusHash, body);

/** Names the epoch beside the hash, so that an old signature cannot be passed off as one of today. `identitySeed` is the authority's. */
export function signConsensus(o: {
  epoch: Epoch;
  hash: Uint8Array;
  identitySeed: Uint8Array;
  suite: Primitives;
}): Uint8Array {
  return signAsIdentity({ suite: o.suite, label: LABELS.consensus, message: signedMessage(o), seed: o.identitySeed });
}

export function isConsensusSignature(o: {
  network: Network;
  authority: number;
  epoch: Epoch;
  hash: Uint8Array;
  signature: Uint8Array;
  suite: Primitives;
}): boolean {
  const key = o.network.authorities[o.authority]?.identityKey;
  if (key === undefined) return false;
  const { suite, signature } = o;
  return verifyIdentity({ suite, label: LABELS.consensus, message: signedMessage(o), signature, key });
}

function signedMessage(o: { epoch: Epoch; hash: Uint8Array }): Uint8Array {
  return new Writer().u32(o.epoch).raw(o.hash).finish();
}

/** length u32 ‖ body ‖ count u8 ‖ count × (authority u8 ‖ signature 3,373) */
export function encodeConsensus(body: Uint8Array, signatures: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const writer = new Writer().bytes32(body).u8(signatures.size);
  for (const [authority, signature] of [...signatures].toSorted(([a], [b]) => a - b))
    writer.u8(authority).raw(signature);
  return writer.finish();
}

/**
 * Checks the signatures, then reads. Throws MALFORMED; CONSENSUS_FORGED when fewer than the network's threshold of different
 * authorities signed these bytes, or they are another network's; VERSION_NEWER when as many signed a list of a newer form.
 */
export function verifyConsensus(network: Network, bytes: Uint8Array, suite: Suite): Consensus {
  if (bytes.length > DIRECTORY_MESSAGE_BYTES_MAX) throw new TransportError("MALFORMED");
  const reader = new Reader(bytes);
  const body = reader.bytes32(DIRECTORY_MESSAGE_BYTES_MAX);
  const offered = decodeSignatures(reader);
  reader.end();
  const hash = consensusHash(suite, body);
  const epoch = epochOf(body);
  const signatures = new Map(
    [...offered].filter(([authority, signature]) =>
      isConsensusSignature({ network, authority, epoch, hash, signature, suite }),
    ),
  );
  if (signatures.size < network.threshold) {
    const text = `${signatures.size} of at least ${network.threshold} authorities signed it.`;
    throw new TransportError("CONSENSUS_FORGED", text);
  }
  const fields = decodeBody(network, body, suite);
  const { validFrom, validUntil } = validity(network, fields.epoch);
  return {
    ...fields,
    networkHash: network.hash,
    validFrom,
    validUntil,
    hash,
    signatures,
    bytes: encodeConsensus(body, signatures),
  };
}

/** Of which network a consensus says that it is, whoever signed it. Undefined when it is too short to say. */
export function networkHashIn(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length < NETWORK_HASH_AT + HASH_BYTES
    ? undefined
    : bytes.slice(NETWORK_HASH_AT, NETWORK_HASH_AT + HASH_BYTES);
}

const VERSION = 1;
/** Behind the body's length and version. */
const NETWORK_HASH_AT = 4 + 1;

/** version u8 ‖ network hash 32 ‖ epoch u32 ‖ … */
function epochOf(body: Uint8Array): Epoch {
  const reader = new Reader(body);
  reader.view(1 + HASH_BYTES);
  return epochNumber(reader.u32());
}

function decodeSignatures(reader: Reader): ReadonlyMap<number, Uint8Array> {
  const count = reader.u8();
  if (count > AUTHORITIES_MAX) throw new TransportError("MALFORMED");
  const signatures = new Map<number, Uint8Array>();
  let last = -1;
  for (let i = 0; i < count; i++) {
    const authority = reader.u8();
    if (authority <= last) throw new TransportError("MALFORMED");
    signatures.set(authority, reader.take(IDENTITY_SIGNATURE_BYTES));
    last = authority;
  }
  return signatures;
}

function decodeBody(network: Network, body: Uint8Array, suite: Suite): ConsensusFields {
  const reader = new Reader(body);
  const version = reader.u8();
  if (!equalBytes(reader.take(HASH_BYTES), network.hash)) {
    throw new TransportError("CONSENSUS_FORGED", "It is another network's.");
  }
  checkVersion(version, VERSION);
  const epoch = epochNumber(reader.u32());
  const previous = reader.take(HASH_BYTES);
  const sharedRandom = reader.take(HASH_BYTES);
  const parameters = decodeParameters(reader.bytes16(PARAMETERS_BYTES_MAX));
  assertSame(network.parameters, parameters);
  const commits = decodeCommits(reader, network.authorities.length);
  const layers: Layers = [decodeNodes(reader, suite), decodeNodes(reader, suite), decodeNodes(reader, suite)];
  const providers = decodeNodes(reader, suite);
  const demotions = decodeDemotions(reader);
  reader.end();
  assertPlaces(layers, providers, keyPeriodsNeeded(network, epoch));
  return { epoch, previous, sharedRandom, parameters, commits, layers, providers, demotions };
}

/** Whoever signs lists must not be able to lower cover or delays: they are the network's, for its life (docs/decisions/0020). */
function assertSame(fixed: Parameters, listed: Parameters): void {
  if (!equalBytes(encodeParameters(fixed), encodeParameters(listed))) throw new TransportError("MALFORMED");
}

function decodeCommits(reader: Reader, authorities: number): ReadonlyMap<number, Uint8Array> {
  const commits = new Map<number, Uint8Array>();
  const count = reader.u8();
  let last = -1;
  for (let i = 0; i < count; i++) {
    const authority = reader.u8();
    if (authority <= last || authority >= authorities) throw new TransportError("MALFORMED");
    commits.set(authority, reader.take(HASH_BYTES));
    last = authority;
  }
  return commits;
}

/** Every node in one place that fits its role, with the keys that senders need. */
function assertPlaces(layers: Layers, providers: readonly NodeDescriptor[], periods: readonly KeyPeriod[]): void {
  const mixes = layers.flat();
  const all = [...mixes, ...providers];
  const isSound =
    mixes.every((node) => node.role === "mix") &&
    providers.every((node) => node.role === "provider") &&
    all.every(({ mixKeys }) => periods.every((period) => mixKeys.has(period))) &&
    new Set(all.map((node) => node.nodeId.join())).size === all.length;
  if (!isSound) throw new TransportError("MALFORMED");
}
