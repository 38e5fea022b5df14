/**
 * The one function by which every packet of a client is made, whatever it carries: the same seal, the same hash, the same
 * wrapping, hence the same time. Spec: docs/spec/04-traffic.md §3
 */

import type { RandomSource } from "../core/random.ts";
import type { NodeId, ReplayTag } from "../core/units.ts";
import { fragmentHash, seal } from "../fragment/seal.ts";
import type { Destination, Path } from "../sphinx/packet.ts";
import type { Sphinx } from "../sphinx/sphinx.ts";

export interface SlotContent {
  readonly destination: Destination;
  /** What is sealed: `geometry.fragmentBytes`. */
  readonly plaintext: Uint8Array;
  /** To whom: X-Wing, 1,216 bytes. */
  readonly mailboxKey: Uint8Array;
  /** A service request travels unsealed: then the seal is made all the same and thrown away. */
  readonly request?: Uint8Array;
}

export interface WrappedSlot {
  readonly firstHop: NodeId;
  readonly packet: Uint8Array;
  readonly tags: readonly ReplayTag[];
  /** By which the `have` service knows the sealed fragment, 16 bytes. */
  readonly hash: Uint8Array;
}

export function wrapSlot(options: {
  sphinx: Sphinx;
  path: Path;
  content: SlotContent;
  keys: RandomSource;
}): WrappedSlot {
  const { sphinx, path, content, keys } = options;
  const { suite, geometry } = sphinx;
  const { plaintext, mailboxKey } = content;
  const sealed = seal({ suite, geometry, mailboxKey, plaintext, random: keys });
  const hash = fragmentHash(suite, sealed);
  const payload = content.request ?? sealed;
  const wrapped = sphinx.wrap({ path, destination: content.destination, payload, random: keys });
  return { ...wrapped, hash };
}
