/**
 * What this program gives a new device of the account beside what the transport does: the OpenPGP key, the owner's name, and
 * whose keys were compared. It travels inside the bundle that the code seals. Spec: docs/spec/12-mail.md §6
 */

import { BUNDLE_EXTRA_BYTES_MAX, Reader, TransportError, utf8, wipe, Writer } from "#transport";
import { MainError } from "../error.ts";
import type { ContactRecord } from "../store/records.ts";
import { NAME_BYTES_MAX, PEOPLE_HANDED_OVER_MAX, PRIVATE_KEY_BYTES_MAX } from "./limits.ts";

/** Somebody whose keys are pinned. */
export type KnownPerson = Pick<ContactRecord, "address" | "name" | "verified" | "accepted"> & {
  readonly pinned: NonNullable<ContactRecord["pinned"]>;
};

export interface DevicePayload {
  readonly name: string;
  /** A secret: whoever decodes wipes it. */
  readonly privateKey: Uint8Array;
  readonly people: readonly KnownPerson[];
}

/** Of the people as many as there is room for, the first ones. The caller wipes the result. */
export function encodePayload({ name, privateKey, people }: DevicePayload): Uint8Array {
  const own = new Writer().u8(VERSION).text16(name).bytes16(privateKey).finish();
  let room = BUNDLE_EXTRA_BYTES_MAX - own.length - 1;
  const taken: Uint8Array[] = [];
  for (const person of people.slice(0, PEOPLE_HANDED_OVER_MAX)) {
    const bytes = encodePerson(person);
    if (bytes.length > room) break;
    room -= bytes.length;
    taken.push(bytes);
  }
  const writer = new Writer().raw(own).u8(taken.length);
  for (const bytes of taken) writer.raw(bytes);
  const payload = writer.finish();
  wipe(own);
  return payload;
}

/** Throws DEVICE_NEWER for a later version's, REFUSED for what is none. */
export function decodePayload(bytes: Uint8Array): DevicePayload {
  try {
    const reader = new Reader(bytes);
    const version = reader.u8();
    if (version > VERSION) throw new MainError("DEVICE_NEWER");
    if (version !== VERSION) throw new MainError("REFUSED");
    const name = reader.text16(NAME_BYTES_MAX);
    const privateKey = reader.bytes16(PRIVATE_KEY_BYTES_MAX);
    const people = Array.from({ length: reader.u8() }, () => decodePerson(reader));
    reader.end();
    return { name, privateKey, people };
  } catch (error) {
    if (error instanceof TransportError) throw new MainError("REFUSED", { cause: error });
    throw error;
  }
}

const VERSION = 1;
const VERIFIED = 1;
const ACCEPTED = 2;
const KEY_BYTES = 32;
/** RFC 5321's longest address, and the longest fingerprint in hexadecimal. */
const ADDRESS_BYTES_MAX = 320;
const FINGERPRINT_BYTES_MAX = 64;

function encodePerson({ address, name, pinned, verified, accepted }: KnownPerson): Uint8Array {
  const flags = (verified ? VERIFIED : 0) | (accepted ? ACCEPTED : 0);
  const shown = utf8(name).length > NAME_BYTES_MAX ? "" : name;
  return new Writer()
    .text16(address)
    .text16(shown)
    .raw(pinned.accountKey)
    .text16(pinned.fingerprint)
    .u8(flags)
    .finish();
}

function decodePerson(reader: Reader): KnownPerson {
  const address = reader.text16(ADDRESS_BYTES_MAX);
  const name = reader.text16(NAME_BYTES_MAX);
  const accountKey = reader.take(KEY_BYTES);
  const fingerprint = reader.text16(FINGERPRINT_BYTES_MAX);
  const flags = reader.u8();
  if (flags > (VERIFIED | ACCEPTED)) throw new TransportError("MALFORMED");
  const pinned = { accountKey, fingerprint };
  return { address, name, pinned, verified: (flags & VERIFIED) !== 0, accepted: (flags & ACCEPTED) !== 0 };
}
