/**
 * What Starling asks of OpenPGP.js where its own settings leave room. Given to every call, so that no other module can
 * loosen it. Spec: RFC 9580; docs/spec/12-mail.md
 */

import { enums, type PartialConfig } from "openpgp";
import { DECOMPRESSED_BYTES_MAX } from "./limits.ts";

export const PGP: Readonly<PartialConfig> = Object.freeze({
  // A few kilobytes of compressed zeros must not become gigabytes (the library's own limit is infinity).
  maxDecompressedMessageSize: DECOMPRESSED_BYTES_MAX,
  // 2^16 KiB = 64 MiB for a passphrase-based message; the library would allow a tebibyte.
  maxArgon2MemoryExponent: 16,
  // OCB is the mode every RFC 9580 implementation has. It is used only when every reader's certificate asks for AEAD.
  preferredAEADAlgorithm: enums.aead.ocb,
  aeadProtect: false,
  // GnuPG 2.2 and Sequoia 1.x read version 4 certificates with the legacy curve identifiers only.
  v6Keys: false,
  preferredHashAlgorithm: enums.hash.sha512,
  preferredSymmetricAlgorithm: enums.symmetric.aes256,
  // Compressed text tells by its length what it contains.
  preferredCompressionAlgorithm: enums.compression.uncompressed,
  s2kType: enums.s2k.argon2,
  constantTimePKCS1Decryption: true,
  // Defaults that must not change: no output before the whole is authenticated, one message grammar, no weak hash or key.
  allowUnauthenticatedMessages: false,
  allowUnauthenticatedStream: false,
  enforceGrammar: true,
  ignoreMalformedPackets: false,
  minRSABits: 2047,
  allowInsecureDecryptionWithSigningKeys: false,
  allowInsecureVerificationWithReformattedKeys: false,
  allowMissingKeyFlags: false,
  showVersion: false,
  showComment: false,
});
