/** A node's descriptor: encoding, signing, checking. Spec: docs/spec/08-directory.md §3 */

import { concat, equalBytes, Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type KeyPeriod, keyPeriodNumber, milliseconds, NODE_ID_BYTES, type NodeId, nodeId } from "../core/units.ts";
import type { Primitives, Suite } from "../crypto/suite.ts";
import { ADDRESS_TEXT_BYTES_MAX, parseAddress } from "../link/address.ts";
import {
  IDENTITY_KEY_BYTES,
  IDENTITY_SIGNATURE_BYTES,
  KEY_BYTES,
  LABELS,
  signAsIdentity,
  verifyIdentity,
} from "./labels.ts";
import { DOMAIN_BYTES_MAX, MIX_KEYS_MAX, OPERATOR_BYTES_MAX, TOKEN_KEYS_MAX } from "./limits.ts";
import { decodeLoopReport, encodeLoopReport } from "./loop-report.ts";
import type { NodeDescriptor, NodeRole, SignedDescriptor } from "./model.ts";
import { checkDomain, checkName } from "./texts.ts";
import { checkVersion } from "./version.ts";

/** What a node says; its id, its key and the encodings follow. */
export type DescriptorFields = Omit<
  NodeDescriptor,
  "version" | "nodeId" | "signingKey" | "loopReport" | "listed" | "bytes"
> &
  Partial<Pick<NodeDescriptor, "loopReport">>;

/** `identitySeed`: the node's 32-byte seed. Throws MALFORMED for fields that would be refused. */
export function signDescriptor(o: {
  fields: DescriptorFields;
  identitySeed: Uint8Array;
  suite: Suite;
}): SignedDescriptor {
  const { fields, identitySeed, suite } = o;
  const identityKey = suite.hybrid.publicKey(identitySeed);
  const body = encodeBody(fields, identityKey, suite);
  const signature = signAsIdentity({ suite, label: LABELS.descriptor, message: body, seed: identitySeed });
  return decodeDescriptor(concat(body, identityKey.subarray(KEY_BYTES), signature), suite);
}

/** Checks id, key and signature, and decodes. Throws MALFORMED, REFUSED when someone else signed it, VERSION_NEWER. */
export function verifyDescriptor(bytes: Uint8Array, suite: Suite): SignedDescriptor {
  if (bytes.length < SIGNING_KEY_AT + KEY_BYTES + SEAL_BYTES) throw new TransportError("MALFORMED");
  const body = bytes.subarray(0, bytes.length - SEAL_BYTES);
  const seal = bytes.subarray(body.length);
  // At these places in every version, so that a newer one is known to be its node's before it is said to be newer.
  const id = bytes.subarray(NODE_ID_AT, SIGNING_KEY_AT);
  const signingKey = bytes.subarray(SIGNING_KEY_AT, SIGNING_KEY_AT + KEY_BYTES);
  const key = concat(signingKey, seal.subarray(0, LATTICE_KEY_BYTES));
  const signature = seal.subarray(LATTICE_KEY_BYTES);
  const isOwn =
    equalBytes(id, nodeIdOf(suite, key)) &&
    verifyIdentity({ suite, label: LABELS.descriptor, message: body, signature, key });
  if (!isOwn) throw new TransportError("REFUSED", "A descriptor that its node did not sign.");
  return decodeDescriptor(bytes, suite);
}

/**
 * Whose it says that it is: whoever takes descriptors from anybody knows before it checks a signature. Undefined when it is too
 * short to say.
 */
export const nodeIdIn = (bytes: Uint8Array): Uint8Array | undefined =>
  bytes.length < SIGNING_KEY_AT ? undefined : bytes.subarray(NODE_ID_AT, SIGNING_KEY_AT);

/** Without checking who signed it: for descriptors in a vote, which are checked when votes are counted. Throws MALFORMED. */
export function decodeDescriptor(bytes: Uint8Array, suite: Suite): SignedDescriptor {
  if (bytes.length < SEAL_BYTES) throw new TransportError("MALFORMED");
  return { ...decodeListed(bytes.subarray(0, bytes.length - SEAL_BYTES), suite), bytes: bytes.slice() };
}

/** A descriptor inside a consensus: the authorities have checked it and signed the list. Throws MALFORMED. */
export function decodeListed(bytes: Uint8Array, suite: Suite): NodeDescriptor {
  const reader = new Reader(bytes);
  checkVersion(reader.u8(), VERSION);
  const role = ROLES[reader.u8()];
  if (role === undefined) throw new TransportError("MALFORMED");
  const id = nodeId(reader.take(NODE_ID_BYTES));
  const signingKey = reader.take(KEY_BYTES);
  const linkKey = reader.take(KEY_BYTES);
  const address = reader.text16(ADDRESS_TEXT_BYTES_MAX);
  const operator = checkName(reader.text16(OPERATOR_BYTES_MAX));
  const domain = reader.text16(DOMAIN_BYTES_MAX);
  const publishedAt = milliseconds(reader.u64());
  const mixKeys = decodeMixKeys(reader, suite.kem.publicKeyBytes);
  const tokenKeys = decodeKeys(reader, { keyBytes: KEY_BYTES, atLeast: 0, atMost: TOKEN_KEYS_MAX });
  const loopReport = decodeLoopReport(reader);
  reader.end();
  parseAddress(address);
  if (role === "provider") checkDomain(domain);
  else if (domain !== "" || tokenKeys.size > 0) throw new TransportError("MALFORMED");
  return {
    version: VERSION,
    role,
    nodeId: id,
    signingKey,
    linkKey,
    address,
    operator,
    domain,
    mixKeys,
    tokenKeys,
    loopReport,
    publishedAt,
    listed: bytes.slice(),
  };
}

/** BLAKE2b-256 of the whole identity key, 1,984 bytes: a node's name in packets and lists, and what operators admit it by. */
export const nodeIdOf = (suite: Primitives, identityKey: Uint8Array): NodeId => nodeId(suite.blake2b(identityKey));

const VERSION = 1;
/** Behind version and role. */
const NODE_ID_AT = 2;
const SIGNING_KEY_AT = NODE_ID_AT + NODE_ID_BYTES;
/** Behind what is signed: the ML-DSA half of the node's key, and the signature. */
const LATTICE_KEY_BYTES = IDENTITY_KEY_BYTES - KEY_BYTES;
const SEAL_BYTES = LATTICE_KEY_BYTES + IDENTITY_SIGNATURE_BYTES;
const ROLES: readonly (NodeRole | undefined)[] = [undefined, "mix", "provider"];

function encodeBody(fields: DescriptorFields, identityKey: Uint8Array, suite: Suite): Uint8Array {
  const writer = new Writer()
    .u8(VERSION)
    .u8(ROLES.indexOf(fields.role))
    .raw(nodeIdOf(suite, identityKey))
    .raw(identityKey.subarray(0, KEY_BYTES))
    .raw(fields.linkKey)
    .text16(fields.address)
    .text16(fields.operator)
    .text16(fields.domain)
    .u64(fields.publishedAt);
  for (const keys of [fields.mixKeys, fields.tokenKeys]) {
    writer.u8(keys.size);
    for (const [number, key] of [...keys].toSorted(([a], [b]) => a - b)) writer.u32(number).raw(key);
  }
  encodeLoopReport(writer, fields.loopReport);
  return writer.finish();
}

function decodeMixKeys(reader: Reader, keyBytes: number): ReadonlyMap<KeyPeriod, Uint8Array> {
  const keys = decodeKeys(reader, { keyBytes, atLeast: 1, atMost: MIX_KEYS_MAX });
  return new Map([...keys].map(([period, key]) => [keyPeriodNumber(period), key]));
}

/** In ascending order of their numbers, so that there is one encoding only. */
function decodeKeys(
  reader: Reader,
  { keyBytes, atLeast, atMost }: { keyBytes: number; atLeast: number; atMost: number },
): Map<number, Uint8Array> {
  const count = reader.u8();
  if (count < atLeast || count > atMost) throw new TransportError("MALFORMED");
  const keys = new Map<number, Uint8Array>();
  let last = -1;
  for (let i = 0; i < count; i++) {
    const number = reader.u32();
    if (number <= last) throw new TransportError("MALFORMED");
    keys.set(number, reader.take(keyBytes));
    last = number;
  }
  return keys;
}
