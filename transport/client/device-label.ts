/**
 * What a device is called, and since when it is one of the account: for the account's devices to read, and for their provider
 * to keep. Always of one length. Spec: docs/spec/07-mailbox.md §2.6
 */

import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { withSecret } from "../core/secret.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { DEVICE_NAME_BYTES_MAX } from "./limits.ts";

export interface DeviceLabel {
  readonly name: string;
  readonly since: Milliseconds;
}

/** Whose label it is, and what every device of the account knows. */
interface LabelKey {
  /** Ed25519 seed, 32 bytes. */
  readonly accountKey: Uint8Array;
  readonly deviceKey: Uint8Array;
}

/** salt 32 ‖ encrypted (version ‖ since ‖ name, filled up) ‖ tag 16: 123 bytes. Throws RangeError for a name over 64 bytes. */
export function sealLabel(suite: Primitives, o: LabelKey & DeviceLabel & { salt: Uint8Array }): Uint8Array {
  const name = utf8(o.name);
  if (name.length > DEVICE_NAME_BYTES_MAX) throw new RangeError("the name is too long");
  const filling = new Uint8Array(DEVICE_NAME_BYTES_MAX - name.length);
  const plaintext = new Writer().u8(VERSION).u64(Math.floor(o.since)).bytes16(name).raw(filling).finish();
  const sealed = withLabelKey(suite, o, (key, nonce) =>
    suite.aeadSeal({ key, nonce, plaintext, associated: o.deviceKey }),
  );
  return concat(o.salt, sealed);
}

/** Undefined for what no device of the account sealed for this one. */
export function openLabel(suite: Primitives, o: LabelKey & { label: Uint8Array }): DeviceLabel | undefined {
  if (o.label.length !== DEVICE_LABEL_BYTES) return undefined;
  const salt = o.label.slice(0, SALT_BYTES);
  const ciphertext = o.label.subarray(SALT_BYTES);
  const plaintext = withLabelKey(suite, { accountKey: o.accountKey, salt }, (key, nonce) =>
    suite.aeadOpen({ key, nonce, ciphertext, associated: o.deviceKey }),
  );
  if (plaintext?.[0] !== VERSION) return undefined;
  try {
    const reader = new Reader(plaintext.subarray(1));
    const since = milliseconds(reader.u64());
    return { since, name: reader.text16(DEVICE_NAME_BYTES_MAX) };
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

const VERSION = 1;
const SALT_BYTES = 32;
/** salt ‖ version ‖ since ‖ length ‖ name ‖ tag */
export const DEVICE_LABEL_BYTES = SALT_BYTES + 1 + 8 + 2 + DEVICE_NAME_BYTES_MAX + 16;
const LABEL = utf8("starling/device-label/v1");

function withLabelKey<T>(
  suite: Primitives,
  o: { accountKey: Uint8Array; salt: Uint8Array },
  use: (key: Uint8Array, nonce: Uint8Array) => T extends Promise<unknown> ? never : T,
): T {
  const derived = suite.hkdf({ secret: o.accountKey, salt: o.salt, info: LABEL, length: 44 });
  return withSecret<T>(derived, (bytes) => use(bytes.subarray(0, 32), bytes.subarray(32)));
}
