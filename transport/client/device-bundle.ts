/**
 * What one device of an account gives another: everything that makes it one (a bundle), and the secrets that follow when one is
 * removed (a notice). The provider passes both on and can read neither. Spec: docs/spec/07-mailbox.md §2.5
 */

import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { ProfileName } from "../core/parameters.ts";
import { withSecret } from "../core/secret.ts";
import { type MailboxId, mailboxId, type Milliseconds, milliseconds, type NodeId, nodeId } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { ADDRESS_BYTES_MAX, BUNDLE_BYTES_MAX } from "../link/control-limits.ts";
import { CERTIFICATE_BYTES_MAX } from "../directory/mailbox-record.ts";
import { BUNDLE_BOXES_MAX } from "./boxes/limits.ts";
import { BUNDLE_EXTRA_BYTES_MAX, BUNDLE_GUARDS_MAX, BUNDLE_KEYS_MAX } from "./limits.ts";
import type { MailboxRatchet, StoredAccount, StoredMailboxKey } from "./store.ts";

export interface BundleBox {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  readonly providerId: NodeId;
  readonly until: Milliseconds;
  readonly isGood: boolean;
}

export interface DeviceBundle {
  /** Which account it is: what the provider says of it must be the same. */
  readonly opened: NonNullable<StoredAccount["opened"]>;
  readonly ratchet: MailboxRatchet;
  /** Without their public halves. */
  readonly keys: readonly Omit<StoredMailboxKey, "publicKey">[];
  readonly accountKey: Uint8Array;
  readonly certificate: Uint8Array;
  readonly profile: ProfileName;
  readonly guards: StoredAccount["guards"];
  /** The account's newest, and whether others may be told of each. */
  readonly boxes: readonly BundleBox[];
  /** The program's own: opaque here. */
  readonly extra: Uint8Array;
}

/** Throws RangeError for what does not fit. */
export function encodeBundle(bundle: DeviceBundle): Uint8Array {
  const { opened, keys, guards, boxes, extra } = bundle;
  if (keys.length > BUNDLE_KEYS_MAX || guards.length > BUNDLE_GUARDS_MAX || boxes.length > BUNDLE_BOXES_MAX) {
    throw new RangeError("the bundle is too large");
  }
  if (extra.length > BUNDLE_EXTRA_BYTES_MAX) throw new RangeError("the bundle is too large");
  const writer = new Writer().u8(VERSION).text16(opened.address).raw(opened.providerId).raw(opened.mailboxId);
  writeRatchet(writer, bundle.ratchet);
  writer.raw(bundle.accountKey).bytes16(bundle.certificate).u8(PROFILES.indexOf(bundle.profile));
  writer.u8(guards.length);
  for (const { nodeId: guard, since } of guards) writer.raw(guard).u64(Math.floor(since));
  writer.u8(keys.length);
  for (const { privateKey, validFrom, validUntil, eraseAt } of keys) {
    writer.raw(privateKey).u64(Math.floor(validFrom)).u64(Math.floor(validUntil)).u64(Math.floor(eraseAt));
  }
  writer.u8(boxes.length);
  for (const { secret, providerId, until, isGood } of boxes) {
    writer
      .raw(secret)
      .raw(providerId)
      .u64(Math.floor(until))
      .u8(isGood ? 1 : 0);
  }
  return writer.bytes16(extra).finish();
}

/** Throws MALFORMED. */
export function decodeBundle(bytes: Uint8Array): DeviceBundle {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new TransportError("MALFORMED");
  const opened = {
    address: reader.text16(ADDRESS_BYTES_MAX),
    providerId: nodeId(reader.take(32)),
    mailboxId: mailboxId(reader.take(32)),
  };
  const ratchet = readRatchet(reader);
  const accountKey = reader.take(SECRET_BYTES);
  const certificate = reader.bytes16(CERTIFICATE_BYTES_MAX);
  const profile = PROFILES[reader.u8()];
  if (profile === undefined) throw new TransportError("MALFORMED");
  const guards = list(reader, BUNDLE_GUARDS_MAX, () => ({
    nodeId: nodeId(reader.take(SECRET_BYTES)),
    since: milliseconds(reader.u64()),
  }));
  const keys = list(reader, BUNDLE_KEYS_MAX, () => ({
    privateKey: reader.take(SECRET_BYTES),
    validFrom: milliseconds(reader.u64()),
    validUntil: milliseconds(reader.u64()),
    eraseAt: milliseconds(reader.u64()),
  }));
  const boxes = list(reader, BUNDLE_BOXES_MAX, () => ({
    secret: reader.take(SECRET_BYTES),
    providerId: nodeId(reader.take(SECRET_BYTES)),
    until: milliseconds(reader.u64()),
    isGood: flag(reader),
  }));
  const extra = reader.bytes16(BUNDLE_EXTRA_BYTES_MAX);
  reader.end();
  return { opened, ratchet, keys, accountKey, certificate, profile, guards, boxes, extra };
}

/**
 * version 2 ‖ encrypted, under the code that a person carries; each code seals one bundle. Always `BUNDLE_BYTES_MAX` long: how
 * many people somebody knows would be in its length. Throws RangeError for what does not fit.
 */
export function sealBundle(suite: Primitives, code: Uint8Array, bundle: Uint8Array): Uint8Array {
  if (bundle.length > BUNDLE_ROOM_BYTES) throw new RangeError("the bundle is too large");
  const filling = new Uint8Array(BUNDLE_ROOM_BYTES - bundle.length);
  return withSecret(new Writer().bytes16(bundle).raw(filling).finish(), (plaintext) =>
    withKey(suite, { secret: code, salt: NO_SALT, label: BUNDLE_LABEL }, (key, nonce) =>
      concat(SEALED_VERSION, suite.aeadSeal({ key, nonce, plaintext, associated: SEALED_VERSION })),
    ),
  );
}

/** Undefined when it was sealed under another code, or changed. Throws DEVICE_NEWER and DEVICE_OLDER for forms of other programs. */
export function openBundle(suite: Primitives, code: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const [version = 0] = sealed;
  if (version > VERSION) throw new TransportError("DEVICE_NEWER");
  // Without boxes this device would read less than the others do.
  if (version > 0 && version < VERSION) throw new TransportError("DEVICE_OLDER");
  if (version !== VERSION) return undefined;
  const ciphertext = sealed.subarray(1);
  const opened = withKey(suite, { secret: code, salt: NO_SALT, label: BUNDLE_LABEL }, (key, nonce) =>
    suite.aeadOpen({ key, nonce, ciphertext, associated: SEALED_VERSION }),
  );
  // What is behind it is filling.
  return opened?.length === LENGTH_BYTES + BUNDLE_ROOM_BYTES ? withSecret(opened, bundleIn) : undefined;
}

function bundleIn(plaintext: Uint8Array): Uint8Array | undefined {
  const length = new Reader(plaintext).u16();
  return length > BUNDLE_ROOM_BYTES ? undefined : plaintext.slice(LENGTH_BYTES, LENGTH_BYTES + length);
}

/** salt 32 ‖ encrypted (version ‖ ratchet) ‖ tag 16: 125 bytes. `deviceSecret` is the one that all devices had before. */
export function sealNotice(
  suite: Primitives,
  o: { deviceSecret: Uint8Array; salt: Uint8Array; mailboxId: MailboxId; next: MailboxRatchet },
): Uint8Array {
  const plaintext = writeRatchet(new Writer().u8(NOTICE_VERSION), o.next).finish();
  const sealed = withKey(suite, { secret: o.deviceSecret, salt: o.salt, label: NOTICE_LABEL }, (key, nonce) =>
    suite.aeadSeal({ key, nonce, plaintext, associated: o.mailboxId }),
  );
  return concat(o.salt, sealed);
}

/** What follows the notice in an entry is padding. Undefined when it is not for whoever has this secret. */
export function openNotice(
  suite: Primitives,
  o: { deviceSecret: Uint8Array; mailboxId: MailboxId; entry: Uint8Array },
): MailboxRatchet | undefined {
  const salt = o.entry.slice(0, SALT_BYTES);
  const ciphertext = o.entry.subarray(SALT_BYTES, NOTICE_BYTES);
  const plaintext = withKey(suite, { secret: o.deviceSecret, salt, label: NOTICE_LABEL }, (key, nonce) =>
    suite.aeadOpen({ key, nonce, ciphertext, associated: o.mailboxId }),
  );
  if (plaintext?.[0] !== NOTICE_VERSION) return undefined;
  const reader = new Reader(plaintext.subarray(1));
  const next = readRatchet(reader);
  reader.end();
  return next;
}

const VERSION = 2;
const NOTICE_VERSION = 1;
const SECRET_BYTES = 32;
const SALT_BYTES = 32;
const LENGTH_BYTES = 2;
const SEALED_VERSION = Uint8Array.of(VERSION);
/** Behind a version and a length, before a tag. */
const BUNDLE_ROOM_BYTES = BUNDLE_BYTES_MAX - 1 - LENGTH_BYTES - 16;
const RATCHET_BYTES = 2 * SECRET_BYTES + 4 + 8;
/** salt ‖ version ‖ ratchet ‖ tag */
export const NOTICE_BYTES = SALT_BYTES + 1 + RATCHET_BYTES + 16;
const PROFILES: readonly ProfileName[] = ["mail", "chat"];
const NO_SALT = new Uint8Array(0);
const BUNDLE_LABEL = utf8("starling/device-bundle/v1");
const NOTICE_LABEL = utf8("starling/device-notice/v1");

/** device secret 32 ‖ secret 32 ‖ generation u32 ‖ from u64 */
function writeRatchet(writer: Writer, { deviceSecret, secret, generation, from }: MailboxRatchet): Writer {
  return writer.raw(deviceSecret).raw(secret).u32(generation).u64(Math.floor(from));
}

function readRatchet(reader: Reader): MailboxRatchet {
  const deviceSecret = reader.take(SECRET_BYTES);
  const secret = reader.take(SECRET_BYTES);
  return { deviceSecret, secret, generation: reader.u32(), from: milliseconds(reader.u64()) };
}

/** A count u8 of at most `max`, and so many. */
function list<T>(reader: Reader, max: number, read: () => T): T[] {
  const count = reader.u8();
  if (count > max) throw new TransportError("MALFORMED");
  return Array.from({ length: count }, read);
}

function flag(reader: Reader): boolean {
  const value = reader.u8();
  if (value > 1) throw new TransportError("MALFORMED");
  return value === 1;
}

function withKey<T>(
  suite: Primitives,
  from: { secret: Uint8Array; salt: Uint8Array; label: Uint8Array },
  use: (key: Uint8Array, nonce: Uint8Array) => T extends Promise<unknown> ? never : T,
): T {
  const { secret, salt, label: info } = from;
  const derived = suite.hkdf({ secret, salt, info, length: 44 });
  return withSecret<T>(derived, (bytes) => use(bytes.subarray(0, 32), bytes.subarray(32)));
}
