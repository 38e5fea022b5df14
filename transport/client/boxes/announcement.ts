/**
 * What tells an account's devices of a box, sealed to their own mailbox key: anybody can seal to that, so it also proves that its
 * maker knows what only they know. Spec: docs/spec/17-boxes.md §5
 */

import { concat, equalBytes, Reader, utf8, Writer } from "../../core/bytes.ts";
import { withSecret } from "../../core/secret.ts";
import {
  type MailboxId,
  type Milliseconds,
  milliseconds,
  NODE_ID_BYTES,
  type NodeId,
  nodeId,
} from "../../core/units.ts";
import type { Primitives } from "../../crypto/suite.ts";
import { BOX_SECRET_BYTES } from "../../box/box-id.ts";
import { ERA_BYTES } from "./own-box.ts";

export interface Announced {
  readonly secret: Uint8Array;
  readonly providerId: NodeId;
  readonly until: Milliseconds;
}

/** What all devices of the account have, and nobody else. */
export interface AnnouncementKey {
  /** 32 bytes (docs/spec/07-mailbox.md §2.5). */
  readonly deviceSecret: Uint8Array;
  readonly mailboxId: MailboxId;
}

/** 104 bytes. */
export function encodeAnnouncement(suite: Primitives, key: AnnouncementKey, box: Announced): Uint8Array {
  const said = new Writer().raw(box.secret).raw(box.providerId).u64(box.until).finish();
  return concat(said, proofOf(suite, key, said));
}

/** Undefined for what nobody can have made who knows the secret that the devices have now. */
export function readAnnouncement(suite: Primitives, key: AnnouncementKey, body: Uint8Array): Announced | undefined {
  if (body.length !== ANNOUNCEMENT_BYTES) return undefined;
  const said = body.subarray(0, SAID_BYTES);
  if (!equalBytes(body.subarray(SAID_BYTES), proofOf(suite, key, said))) return undefined;
  const reader = new Reader(said);
  const secret = reader.take(BOX_SECRET_BYTES);
  return { secret, providerId: nodeId(reader.take(NODE_ID_BYTES)), until: milliseconds(reader.u64()) };
}

/** 16 bytes that change with the device secret, and say nothing of it: a box of an earlier one is known to who was put out. */
export function eraOf(suite: Primitives, deviceSecret: Uint8Array): Uint8Array {
  return suite.hkdf({ secret: deviceSecret, salt: NO_SALT, info: ERA_LABEL, length: ERA_BYTES });
}

const SAID_BYTES = BOX_SECRET_BYTES + NODE_ID_BYTES + 8;
const PROOF_BYTES = 32;
export const ANNOUNCEMENT_BYTES = SAID_BYTES + PROOF_BYTES;

const NO_SALT = new Uint8Array(0);
const KEY_LABEL = utf8("starling/box-announcement-key/v1");
const LABEL = utf8("starling/box-announcement/v1");
const ERA_LABEL = utf8("starling/box-era/v1");

function proofOf(suite: Primitives, { deviceSecret, mailboxId }: AnnouncementKey, said: Uint8Array): Uint8Array {
  const derived = suite.hkdf({ secret: deviceSecret, salt: NO_SALT, info: KEY_LABEL, length: 32 });
  return withSecret(derived, (key) => suite.blake2b(concat(LABEL, mailboxId, said), key));
}
