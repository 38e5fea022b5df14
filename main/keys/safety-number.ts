/**
 * What two people read to each other to know that each holds the other's real keys: 60 digits, the same on both sides.
 * Spec: docs/spec/09-storage.md §6
 */

import { concat, fromHex, type Suite, utf8, Writer } from "#transport";

export interface Holder {
  readonly address: string;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
  /** Of the OpenPGP certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
}

/** 12 groups of 5 digits: two times 6 groups from a hash over both holders in the order of their addresses. */
export function safetyNumber(one: Holder, other: Holder, suite: Pick<Suite, "blake2b">): string[] {
  const both = [one, other].toSorted((a, b) => (a.address < b.address ? -1 : 1)).map(encode);
  const halves = [1, 2].map((half) => suite.blake2b(concat(utf8(`starling/safety-number/v1/${half}`), ...both)));
  return halves.flatMap((hash) => Array.from({ length: 6 }, (_, i) => group(hash.subarray(i * 5, i * 5 + 5))));
}

function encode(holder: Holder): Uint8Array {
  return new Writer().text16(holder.address).bytes16(holder.accountKey).bytes16(fromHex(holder.fingerprint)).finish();
}

/** 40 bits modulo 100,000: no digit is preferred by more than one in ten million. */
function group(bytes: Uint8Array): string {
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return String(value % 100_000).padStart(5, "0");
}
