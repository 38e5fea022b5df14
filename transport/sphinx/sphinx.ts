/**
 * Sphinx packets of one network: one suite, one size (Danezis & Goldberg, S&P 2009, with a KEM at each hop instead of a
 * blinded group element). Spec: docs/spec/03-sphinx.md
 */

import type { RandomSource } from "../core/random.ts";
import { withSecret } from "../core/secret.ts";
import { type MailboxId, type NodeId, SURB_ID_BYTES, type SurbId, surbId } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { buildHeader } from "./build-header.ts";
import type { Geometry } from "./geometry.ts";
import { lionessEncrypt } from "./lioness.ts";
import type { Destination, Hop, MixKeys, Path, Surb, Unwrapped, WrappedPacket } from "./packet.ts";
import { createSurb, openReply, wrapReply } from "./surb.ts";
import { unwrap } from "./unwrap.ts";

export class Sphinx {
  readonly suite: Suite;
  readonly geometry: Geometry;

  constructor(deps: { suite: Suite; geometry: Geometry }) {
    if (deps.suite.name !== deps.geometry.suite)
      throw new RangeError("suite and geometry belong to different networks");
    this.suite = deps.suite;
    this.geometry = deps.geometry;
  }

  /** Every packet of the network, real or cover, comes from here. `payload` has exactly `geometry.payloadBytes`. */
  wrap(options: { path: Path; destination: Destination; payload: Uint8Array; random: RandomSource }): WrappedPacket {
    const { path, destination, payload, random } = options;
    const { suite, geometry } = this;
    if (payload.length !== geometry.payloadBytes) throw new RangeError("a payload has exactly one size");
    const unused = surbId(random.bytes(SURB_ID_BYTES));
    const { header, hops, secrets } = buildHeader(this, { path, final: { ...destination, surbId: unused }, random });
    return withSecret(secrets, () => {
      const packet = new Uint8Array(geometry.packetBytes);
      packet.set(header);
      packet.set(payload, geometry.headerBytes);
      const body = packet.subarray(geometry.headerBytes);
      for (const hop of hops.toReversed()) lionessEncrypt(suite, hop.payload, body);
      return { firstHop: (path.hops[0] as Hop).nodeId, packet, tags: hops.map((hop) => hop.tag) };
    });
  }

  /** A reply block for the creator's mailbox, whose provider is the path's last hop. */
  createSurb(options: { path: Path; mailbox: MailboxId; surbId: SurbId; random: RandomSource }): Surb {
    return createSurb(this, options);
  }

  /** Throws MALFORMED for bytes that cannot be a SURB. `body` has at most `geometry.replyBytes`. */
  wrapReply(options: { surb: Uint8Array; body: Uint8Array; random: RandomSource }): {
    firstHop: NodeId;
    packet: Uint8Array;
  } {
    return wrapReply(this, options);
  }

  /** The body of the reply. Throws REPLY_FAILED only. */
  openReply(options: { replyKey: Uint8Array; payload: Uint8Array }): Uint8Array {
    return openReply(this, options);
  }

  /** Throws UNWRAP_FAILED only, the same whatever the cause. The caller checks the tag for replay. `into`: see unwrap.ts. */
  unwrap(packet: Uint8Array, keys: MixKeys, nodeId: NodeId, into?: Uint8Array): Unwrapped {
    return unwrap(this, { packet, keys, nodeId, into });
  }
}
