/** What a hop and the sender derive from one encapsulated secret. Spec: docs/spec/03-sphinx.md §4 */

import { utf8 } from "../core/bytes.ts";
import { withSecret } from "../core/secret.ts";
import {
  type KeyPeriod,
  NODE_ID_BYTES,
  type NodeId,
  REPLAY_TAG_BYTES,
  type ReplayTag,
  replayTag,
} from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { SUITE_CODES } from "./geometry.ts";

/** Names for the parts of one hop secret: views, so that wiping the secret wipes them. */
export interface HopKeys {
  readonly mac: Uint8Array;
  readonly routing: Uint8Array;
  readonly payload: Uint8Array;
  /** A copy: it outlives the keys. */
  readonly tag: ReplayTag;
}

/** Derives a hop's 112 secret bytes and wipes the shared secret. Whoever gets them wipes them. */
export function hopSecret(
  suite: Suite,
  hop: { sharedSecret: Uint8Array; ciphertext: Uint8Array; nodeId: NodeId; period: KeyPeriod },
): Uint8Array {
  const info = new Uint8Array(LABEL.length + 1 + 4 + NODE_ID_BYTES + HASH_BYTES);
  info.set(LABEL);
  info[LABEL.length] = SUITE_CODES[suite.name];
  new DataView(info.buffer).setUint32(LABEL.length + 1, hop.period);
  info.set(hop.nodeId, LABEL.length + 5);
  info.set(suite.blake2b(hop.ciphertext), LABEL.length + 5 + NODE_ID_BYTES);
  return withSecret(hop.sharedSecret, (secret) =>
    suite.hkdf({ secret, salt: NO_SALT, info, length: HOP_SECRET_BYTES }),
  );
}

export function hopKeys(secret: Uint8Array): HopKeys {
  return {
    mac: secret.subarray(0, KEY_BYTES),
    routing: secret.subarray(KEY_BYTES, 2 * KEY_BYTES),
    payload: secret.subarray(2 * KEY_BYTES, 3 * KEY_BYTES),
    tag: replayTag(secret.slice(3 * KEY_BYTES)),
  };
}

const LABEL = utf8("starling/sphinx/v1");
const NO_SALT = new Uint8Array(0);
const KEY_BYTES = 32;
const HASH_BYTES = 32;
export const HOP_SECRET_BYTES = 3 * KEY_BYTES + REPLAY_TAG_BYTES;
