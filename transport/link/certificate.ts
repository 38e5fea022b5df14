/**
 * A self-signed Ed25519 certificate (RFC 5280, RFC 8410) that says nothing but its key, and the key read back from a peer's.
 * Links are pinned by key: names, dates and issuers in certificates mean nothing here. Spec: docs/spec/05-link.md §2
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, type X509Certificate } from "node:crypto";
import { concat, equalBytes, fromHex, utf8 } from "../core/bytes.ts";

export interface LinkCertificate {
  readonly certificatePem: string;
  /** Outside the JavaScript heap where the runtime can. */
  readonly privateKey: KeyObject;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** From a 32-byte Ed25519 seed. The certificate is a function of the seed alone, so that a restart shows the same one. */
export function createLinkCertificate(seed: Uint8Array): LinkCertificate {
  if (seed.length !== 32) throw new RangeError("an Ed25519 seed is 32 bytes");
  const privateKey = createPrivateKey({ key: Buffer.from(concat(PKCS8_PREFIX, seed)), format: "der", type: "pkcs8" });
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  if (publicKey === undefined) throw new RangeError("not an Ed25519 key");
  const body = sequence(
    VERSION_3,
    integer(publicKey.slice(0, 8)),
    ED25519_ALGORITHM,
    NAME,
    VALIDITY,
    NAME,
    concat(SPKI_PREFIX, publicKey),
  );
  const certificate = sequence(body, ED25519_ALGORITHM, bitString(sign(null, body, privateKey)));
  return { certificatePem: pem(certificate), privateKey, publicKey };
}

/** The Ed25519 key of a peer's certificate, 32 bytes, or undefined for any other kind of key. */
export function certificateKey(certificate: X509Certificate): Uint8Array | undefined {
  return rawPublicKey(certificate.publicKey);
}

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 §4). */
const SPKI_PREFIX = fromHex("302a300506032b6570032100");
/** PKCS #8 of an Ed25519 seed up to the seed (RFC 8410 §7). */
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");
const ED25519_ALGORITHM = fromHex("300506032b6570");
/** [0] EXPLICIT INTEGER 2 */
const VERSION_3 = fromHex("a003020102");
/** One attribute, CN=starling: the same in every certificate. */
const NAME = sequence(set(sequence(fromHex("0603550403"), tlv(0x0c, utf8("starling")))));
/** From 2000 to "no well-defined end" (RFC 5280 §4.1.2.5): keys are replaced by the directory, not by a date. */
const VALIDITY = sequence(tlv(0x17, utf8("000101000000Z")), tlv(0x18, utf8("99991231235959Z")));

function rawPublicKey(key: KeyObject): Uint8Array | undefined {
  if (key.asymmetricKeyType !== "ed25519") return undefined;
  const spki = new Uint8Array(key.export({ format: "der", type: "spki" }));
  const isPlain = spki.length === 44 && equalBytes(spki.subarray(0, 12), SPKI_PREFIX);
  return isPlain ? spki.slice(12) : undefined;
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0x30, concat(...parts));
}

function set(content: Uint8Array): Uint8Array {
  return tlv(0x31, content);
}

/** Positive whatever the bytes: a serial number is at most 20 octets and not negative (RFC 5280 §4.1.2.2). */
function integer(bytes: Uint8Array): Uint8Array {
  return tlv(0x02, concat(Uint8Array.of(0x01), bytes));
}

function bitString(bytes: Uint8Array): Uint8Array {
  return tlv(0x03, concat(Uint8Array.of(0), bytes));
}

/** DER: tag, length in its shortest form, content (X.690 §8.1). */
function tlv(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), content);
}

function pem(der: Uint8Array): string {
  const text = Buffer.from(der)
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${text}-----END CERTIFICATE-----\n`;
}
