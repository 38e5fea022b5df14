/** The network file: who decides about the network, and by which parameters. Spec: docs/spec/08-directory.md §4 */

import { concat, equalBytes, Reader, toHex, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { ADDRESS_TEXT_BYTES_MAX, parseAddress } from "../link/address.ts";
import {
  hashLabelled,
  IDENTITY_KEY_BYTES,
  IDENTITY_SIGNATURE_BYTES,
  KEY_BYTES,
  LABELS,
  signAsIdentity,
  verifyIdentity,
} from "./labels.ts";
import {
  AUTHORITIES_MAX,
  AUTHORITY_NAME_BYTES_MAX,
  NETWORK_BYTES_MAX,
  NETWORK_NAME_BYTES_MAX,
  PARAMETERS_BYTES_MAX,
} from "./limits.ts";
import type { Authority, Network } from "./model.ts";
import { decodeParameters, encodeParameters } from "./parameters-codec.ts";
import { checkName } from "./texts.ts";
import { checkVersion } from "./version.ts";

export interface NetworkFields {
  readonly name: string;
  readonly kind: "demo" | "live";
  readonly authorities: readonly Authority[];
  readonly threshold: number;
  readonly genesis: Milliseconds;
  readonly bootstrap: Milliseconds;
  readonly parameters: Parameters;
}

/** The file before anyone signed it: what each authority's `signNetwork` takes. Throws MALFORMED for fields that would be refused. */
export function encodeNetwork(fields: NetworkFields): Uint8Array {
  const authorities = [...fields.authorities].toSorted((a, b) =>
    toHex(a.identityKey) < toHex(b.identityKey) ? -1 : 1,
  );
  const writer = new Writer()
    .u8(VERSION)
    .u8(KINDS.indexOf(fields.kind))
    .text16(fields.name)
    .u64(fields.genesis)
    .u64(fields.bootstrap)
    .u8(fields.threshold)
    .u8(authorities.length);
  for (const { name, identityKey, linkKey, address } of authorities) {
    writer.text16(name).raw(identityKey).raw(linkKey).text16(address);
  }
  const body = writer.bytes16(encodeParameters(fields.parameters)).finish();
  decodeNetworkBody(body);
  return body;
}

/** One authority's signature over an encoded network; its operator does this alone, with its own key. */
export function signNetwork(o: { body: Uint8Array; identitySeed: Uint8Array; suite: Primitives }): Uint8Array {
  return signAsIdentity({ suite: o.suite, label: LABELS.network, message: o.body, seed: o.identitySeed });
}

/** Joins the signatures, in any order, to the file. Throws CONSENSUS_FORGED unless every authority signed. */
export function assembleNetwork(o: {
  body: Uint8Array;
  signatures: readonly Uint8Array[];
  suite: Primitives;
}): Network {
  const { body, suite } = o;
  const ordered = decodeNetworkBody(body).authorities.map(({ name, identityKey: key }) => {
    const signature = o.signatures.find((candidate) =>
      verifyIdentity({ suite, label: LABELS.network, message: body, signature: candidate, key }),
    );
    if (signature === undefined) throw new TransportError("CONSENSUS_FORGED", `${name} did not sign the network.`);
    return signature;
  });
  return decodeNetwork(concat(new Writer().bytes16(body).finish(), ...ordered), suite);
}

/**
 * Throws MALFORMED, CONSENSUS_FORGED when an authority's signature is missing or wrong, VERSION_NEWER. That it is the right
 * network is for the caller to know, by `hash`.
 */
export function decodeNetwork(bytes: Uint8Array, suite: Primitives): Network {
  if (bytes.length > NETWORK_BYTES_MAX) throw new TransportError("MALFORMED");
  const reader = new Reader(bytes);
  const body = reader.bytes16(NETWORK_BYTES_MAX);
  const fields = decodeNetworkBody(body);
  const signatures = fields.authorities.map(() => reader.take(IDENTITY_SIGNATURE_BYTES));
  reader.end();
  fields.authorities.forEach(({ name, identityKey: key }, index) => {
    const signature = signatures[index] as Uint8Array;
    if (!verifyIdentity({ suite, label: LABELS.network, message: body, signature, key })) {
      throw new TransportError("CONSENSUS_FORGED", `${name} did not sign the network.`);
    }
  });
  return { ...fields, hash: hashLabelled(suite, LABELS.networkHash, body), bytes: bytes.slice() };
}

/** Whose seeds are all at hand: demonstrations and tests. */
export function createNetwork(o: {
  fields: NetworkFields;
  identitySeeds: readonly Uint8Array[];
  suite: Primitives;
}): Network {
  const body = encodeNetwork(o.fields);
  const signatures = o.identitySeeds.map((identitySeed) => signNetwork({ body, identitySeed, suite: o.suite }));
  return assembleNetwork({ body, signatures, suite: o.suite });
}

const VERSION = 1;
const KINDS: readonly Network["kind"][] = ["live", "demo"];

/** The file's hash, by which invites name it, whatever its version. Throws MALFORMED. */
export const networkHashOf = (bytes: Uint8Array, suite: Primitives): Uint8Array =>
  hashLabelled(suite, LABELS.networkHash, new Reader(bytes).bytes16(NETWORK_BYTES_MAX));

/** What `encodeNetwork` made, for whoever is to sign it. Throws MALFORMED, VERSION_NEWER. */
export function decodeNetworkBody(body: Uint8Array): NetworkFields {
  const reader = new Reader(body);
  checkVersion(reader.u8(), VERSION);
  const kind = KINDS[reader.u8()];
  const name = checkName(reader.text16(NETWORK_NAME_BYTES_MAX));
  const genesis = milliseconds(reader.u64());
  const bootstrap = milliseconds(reader.u64());
  const threshold = reader.u8();
  const count = reader.u8();
  // More than half: any two sets of signers then share an authority.
  const isSound = count >= 1 && count <= AUTHORITIES_MAX && threshold > count / 2 && threshold <= count;
  if (kind === undefined || !isSound) throw new TransportError("MALFORMED");
  const authorities = Array.from({ length: count }, () => decodeAuthority(reader));
  const parameters = decodeParameters(reader.bytes16(PARAMETERS_BYTES_MAX));
  reader.end();
  assertAscending(authorities.map((authority) => authority.identityKey));
  return { name, kind, authorities, threshold, genesis, bootstrap, parameters };
}

function decodeAuthority(reader: Reader): Authority {
  const name = checkName(reader.text16(AUTHORITY_NAME_BYTES_MAX));
  const identityKey = reader.take(IDENTITY_KEY_BYTES);
  const linkKey = reader.take(KEY_BYTES);
  const address = reader.text16(ADDRESS_TEXT_BYTES_MAX);
  parseAddress(address);
  return { name, identityKey, linkKey, address };
}

function assertAscending(keys: readonly Uint8Array[]): void {
  keys.forEach((key, index) => {
    const before = keys[index - 1];
    if (before === undefined) return;
    if (equalBytes(before, key) || toHex(before) > toHex(key)) throw new TransportError("MALFORMED");
  });
}
