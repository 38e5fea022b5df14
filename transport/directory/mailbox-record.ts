/**
 * What a sender needs to know about a reader: where the mailbox is, the key to seal fragments to, the OpenPGP certificate,
 * all signed by the reader's account key. The `keys` service answers with it. Spec: docs/spec/07-mailbox.md §3
 */

import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type MailboxId, type Milliseconds, mailboxId, milliseconds, type NodeId, nodeId } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { ADDRESS_BYTES_MAX } from "../link/control-limits.ts";
import { LABELS, SIGNATURE_BYTES, signLabelled, verifyLabelled } from "./labels.ts";

export interface MailboxRecord {
  /** local@domain, lower case. */
  readonly address: string;
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  /** X-Wing public key, 1,216 bytes. */
  readonly mailboxKey: Uint8Array;
  readonly validFrom: Milliseconds;
  readonly validUntil: Milliseconds;
  /** Transferable OpenPGP public key, binary, at most 8 KiB. */
  readonly certificate: Uint8Array;
  /** Ed25519, 32 bytes; stays the same for the life of the account, so that a sender can notice another. */
  readonly accountKey: Uint8Array;
}

/** The one encoding of a record, signed with the account key's 32-byte seed. Throws RangeError for fields over their limits. */
export function signMailboxRecord(o: {
  record: MailboxRecord;
  accountSeed: Uint8Array;
  suite: Primitives;
}): Uint8Array {
  const body = encodeBody(o.record);
  const { suite, accountSeed: seed } = o;
  return concat(body, signLabelled({ suite, label: LABELS.mailboxRecord, message: body, seed }));
}

/**
 * The record, when its signature holds. The caller still compares the account key with the one it knows.
 * Throws MALFORMED; RECORD_FORGED when the signature is wrong, or the record is for another address than the one asked for.
 */
export function verifyMailboxRecord(o: { bytes: Uint8Array; suite: Primitives; address?: string }): MailboxRecord {
  const record = decode(o.bytes);
  const body = o.bytes.subarray(0, o.bytes.length - SIGNATURE_BYTES);
  const signature = o.bytes.subarray(body.length);
  const key = record.accountKey;
  const isSigned = verifyLabelled({ suite: o.suite, label: LABELS.mailboxRecord, message: body, signature, key });
  if (!isSigned) throw new TransportError("RECORD_FORGED");
  if (o.address !== undefined && o.address !== record.address) throw new TransportError("RECORD_FORGED");
  return record;
}

/** Throws RECORD_EXPIRED when nothing may be sealed to this record at `now`. */
export function assertCurrent(record: MailboxRecord, now: Milliseconds): void {
  if (isEarly(record, now) || now >= record.validUntil) throw new TransportError("RECORD_EXPIRED");
}

/** Whether `now` is before the record's time, by more than honest clocks may differ by. */
export function isEarly({ validFrom }: MailboxRecord, now: Milliseconds): boolean {
  return now < validFrom - CLOCK_SLACK;
}

export const MAILBOX_RECORD_VERSION = 1;
export const MAILBOX_KEY_BYTES = 1216;
/** A v4 certificate with two user ids, an encryption subkey and a revocation is under 2 KiB; photos do not belong here. */
export const CERTIFICATE_BYTES_MAX = 8192;
const ACCOUNT_KEY_BYTES = 32;
/** Two honest clocks may differ by this much: a record made now is good now. */
const CLOCK_SLACK = 10 * 60 * 1000;

function encodeBody(record: MailboxRecord): Uint8Array {
  if (record.certificate.length > CERTIFICATE_BYTES_MAX) throw new RangeError("certificate over 8 KiB");
  if (record.mailboxKey.length !== MAILBOX_KEY_BYTES) throw new RangeError("mailbox key is not an X-Wing public key");
  if (record.accountKey.length !== ACCOUNT_KEY_BYTES) throw new RangeError("account key is not 32 bytes");
  if (utf8(record.address).length > ADDRESS_BYTES_MAX) throw new RangeError("address over 320 bytes");
  return new Writer()
    .u8(MAILBOX_RECORD_VERSION)
    .text16(record.address)
    .raw(record.providerId)
    .raw(record.mailboxId)
    .raw(record.mailboxKey)
    .u64(record.validFrom)
    .u64(record.validUntil)
    .bytes16(record.certificate)
    .raw(record.accountKey)
    .finish();
}

function decode(bytes: Uint8Array): MailboxRecord {
  const reader = new Reader(bytes);
  if (reader.u8() !== MAILBOX_RECORD_VERSION) throw new TransportError("MALFORMED");
  const record: MailboxRecord = {
    address: reader.text16(ADDRESS_BYTES_MAX),
    providerId: nodeId(reader.take(32)),
    mailboxId: mailboxId(reader.take(32)),
    mailboxKey: reader.take(MAILBOX_KEY_BYTES),
    validFrom: milliseconds(reader.u64()),
    validUntil: milliseconds(reader.u64()),
    certificate: reader.bytes16(CERTIFICATE_BYTES_MAX),
    accountKey: reader.take(ACCOUNT_KEY_BYTES),
  };
  reader.take(SIGNATURE_BYTES);
  reader.end();
  if (record.validUntil <= record.validFrom) throw new TransportError("MALFORMED");
  return record;
}
