/**
 * Certificates: making our own, reading other people's. Version 4 with the legacy curve identifiers (Ed25519 and X25519 as
 * EdDSA and ECDH), because that is what GnuPG 2.2 and Sequoia 1.x read. Spec: RFC 9580 §9.2; docs/spec/12-mail.md
 */

import {
  type Config,
  config,
  generateKey,
  type Key,
  type PrivateKey,
  readKey,
  readPrivateKey,
  reformatKey,
} from "openpgp";
import { dateAt, isDate } from "../date.ts";
import { PGP } from "./config.ts";
import { CERTIFICATE_BYTES_MAX, CERTIFICATE_SECONDS, CLOCK_SLACK_MS, EXTEND_BEFORE_SECONDS } from "./limits.ts";

/** Both in binary transferable form. The private half is not protected by a passphrase: the store seals it. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly certificate: Uint8Array;
}

/** The user id is the bare address: the name travels inside mails, where only their readers see it. */
export async function generateKeyPair(o: { address: string; now: number }): Promise<KeyPair> {
  const pair = await generateKey({
    type: "ecc",
    curve: "curve25519Legacy",
    userIDs: [{ email: o.address }],
    date: dateAt(o.now),
    keyExpirationTime: CERTIFICATE_SECONDS,
    format: "binary",
    config: PGP,
  });
  return { privateKey: pair.privateKey, certificate: pair.publicKey };
}

/** The same keys with a later expiry, or undefined while there is time enough. */
export async function extended(o: { pair: KeyPair; address: string; now: number }): Promise<KeyPair | undefined> {
  const privateKey = await readPrivateKey({ binaryKey: o.pair.privateKey, config: PGP });
  const expires = await privateKey.getExpirationTime();
  if (!isDate(expires) || expires.getTime() - o.now > EXTEND_BEFORE_SECONDS * 1000) return undefined;
  const ageSeconds = Math.floor((o.now - privateKey.getCreationTime().getTime()) / 1000);
  const pair = await reformatKey({
    privateKey,
    userIDs: [{ email: o.address }],
    date: dateAt(o.now),
    keyExpirationTime: ageSeconds + CERTIFICATE_SECONDS,
    format: "binary",
    config: PGP,
  });
  return { privateKey: pair.privateKey, certificate: pair.publicKey };
}

export type { PrivateKey } from "openpgp";

export type Usability = "usable" | "expired" | "unusable";

/** A certificate that was read and found to be a public one, for this address. */
export interface Certificate {
  readonly key: Key;
  readonly bytes: Uint8Array;
  /** Lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly usability: Usability;
}

/** Undefined when the bytes are no certificate for `address`: another address, a private key, too large, not OpenPGP. */
export async function readCertificate(o: {
  bytes: Uint8Array;
  address: string;
  now: number;
}): Promise<Certificate | undefined> {
  if (o.bytes.length > CERTIFICATE_BYTES_MAX) return undefined;
  let key: Key;
  try {
    key = await readKey({ binaryKey: o.bytes, config: PGP });
  } catch {
    return undefined;
  }
  if (key.isPrivate() || !key.users.some((user) => sameAddress(user.userID?.email, o.address))) return undefined;
  return { key, bytes: o.bytes, fingerprint: key.getFingerprint(), usability: await usability(key, o) };
}

async function usability(key: Key, o: { address: string; now: number }): Promise<Usability> {
  const expires = await key.getExpirationTime().catch(() => null);
  if (isDate(expires) && expires.getTime() <= o.now) return "expired";
  try {
    // Made a moment ago on a clock slightly ahead of ours is not yet "in the future".
    const date = dateAt(o.now + CLOCK_SLACK_MS);
    // Only a user id with a valid self-signature counts.
    const primary = await key.getPrimaryUser(date, { email: o.address }, fullConfig());
    if (!sameAddress(primary.user.userID?.email, o.address)) return "unusable";
    await key.getEncryptionKey(undefined, date, undefined, fullConfig());
    return "usable";
  } catch {
    return "unusable";
  }
}

/** Reads our own private key. Throws whatever the library throws: the bytes come out of our sealed store. */
export function readOwnKey(bytes: Uint8Array): Promise<PrivateKey> {
  return readPrivateKey({ binaryKey: bytes, config: PGP });
}

/** Overwrites the secret numbers of a key that was read; it cannot be used afterwards. */
export function forgetOwnKey(key: PrivateKey): void {
  // The library has it and does not declare it.
  (key as unknown as { clearPrivateParams(): void }).clearPrivateParams();
}

/** The methods of a key take a whole configuration, the functions a partial one. */
function fullConfig(): Config {
  return { ...config, ...PGP };
}

function sameAddress(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
