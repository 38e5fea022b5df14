/** Single-use reply blocks: a header that leads back to its creator, and one key. Spec: docs/spec/03-sphinx.md §8 */

import { concat, Reader } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { withSecret } from "../core/secret.ts";
import { type MailboxId, NODE_ID_BYTES, type NodeId, nodeId, type SurbId } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { buildHeader } from "./build-header.ts";
import { frameBody, unframeBody } from "./framed-body.ts";
import { type Geometry, HOPS_MAX, SURB_KEY_BYTES } from "./geometry.ts";
import { lionessDecrypt, lionessEncrypt } from "./lioness.ts";
import type { Hop, Path, Surb } from "./packet.ts";

type Parts = { readonly suite: Suite; readonly geometry: Geometry };

export function createSurb(
  parts: Parts,
  options: { path: Path; mailbox: MailboxId; surbId: SurbId; random: RandomSource },
): Surb {
  const { path, mailbox, surbId, random } = options;
  const final = { command: "reply", recipient: mailbox, surbId } as const;
  const { header, hops, secrets } = buildHeader(parts, { path, final, random });
  return withSecret(secrets, () =>
    withSecret(random.bytes(SURB_KEY_BYTES), (key) => ({
      surb: concat(header, (path.hops[0] as Hop).nodeId, key),
      replyKey: concat(key, ...hops.map((hop) => hop.payload)),
      tags: hops.map((hop) => hop.tag),
    })),
  );
}

/**
 * The user of a SURB adds exactly one layer, with a key that no hop has: given the hops' keys, it and the last hop
 * together could know the reply again. Throws MALFORMED for bytes that cannot be a SURB, RangeError for a body over
 * `geometry.replyBytes`.
 */
export function wrapReply(
  { suite, geometry }: Parts,
  options: { surb: Uint8Array; body: Uint8Array; random: RandomSource },
): { firstHop: NodeId; packet: Uint8Array } {
  const reader = new Reader(options.surb);
  const header = reader.view(geometry.headerBytes);
  const firstHop = nodeId(reader.take(NODE_ID_BYTES));
  const key = reader.view(SURB_KEY_BYTES);
  reader.end();
  const packet = concat(header, frameBody(geometry, options.body, options.random));
  lionessEncrypt(suite, key, packet.subarray(geometry.headerBytes));
  return { firstHop, packet };
}

/** Puts back the layers that the hops took off, then takes off the user's own. Throws REPLY_FAILED and nothing else. */
export function openReply(
  { suite, geometry }: Parts,
  { replyKey, payload }: { replyKey: Uint8Array; payload: Uint8Array },
): Uint8Array {
  const layers = replyKey.length / SURB_KEY_BYTES;
  if (!Number.isInteger(layers) || layers < 2 || layers > HOPS_MAX + 1) throw new TransportError("REPLY_FAILED");
  if (payload.length !== geometry.payloadBytes) throw new TransportError("REPLY_FAILED");
  const block = payload.slice();
  const keyAt = (i: number): Uint8Array => replyKey.subarray(i * SURB_KEY_BYTES, (i + 1) * SURB_KEY_BYTES);
  for (let i = layers - 1; i >= 1; i--) lionessEncrypt(suite, keyAt(i), block);
  lionessDecrypt(suite, keyAt(0), block);
  try {
    return unframeBody(geometry, block);
  } catch {
    throw new TransportError("REPLY_FAILED");
  }
}
