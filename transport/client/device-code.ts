/** What somebody carries from one device to another: 16 random bytes as 26 letters and digits. Spec: docs/spec/07-mailbox.md §2.4 */

import { TransportError } from "../core/errors.ts";

export const DEVICE_CODE_BYTES = 16;

/** RFC 4648 §6 base32 in lower case, without padding, in groups of five or six for the eye: 7bdq2-… */
export function encodeDeviceCode(code: Uint8Array): string {
  let bits = 0n;
  for (const byte of code) bits = (bits << 8n) | BigInt(byte);
  bits <<= PADDING_BITS;
  let text = "";
  for (let at = CHARACTERS - 1; at >= 0; at--) text += ALPHABET[Number((bits >> BigInt(5 * at)) & 31n)];
  return text.replaceAll(/.{5}(?=.{6})/g, "$&-");
}

/** Upper case, spaces and hyphens do not matter. Throws MALFORMED. */
export function decodeDeviceCode(text: string): Uint8Array {
  const plain = text.toLowerCase().replaceAll(/[\s-]/g, "");
  if (plain.length !== CHARACTERS) throw new TransportError("MALFORMED");
  let bits = 0n;
  for (const character of plain) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) throw new TransportError("MALFORMED");
    bits = (bits << 5n) | BigInt(value);
  }
  if ((bits & ((1n << PADDING_BITS) - 1n)) !== 0n) throw new TransportError("MALFORMED");
  bits >>= PADDING_BITS;
  return Uint8Array.from({ length: DEVICE_CODE_BYTES }, (_, i) =>
    Number((bits >> BigInt(8 * (DEVICE_CODE_BYTES - 1 - i))) & 255n),
  );
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const CHARACTERS = 26;
const PADDING_BITS = BigInt(5 * CHARACTERS - 8 * DEVICE_CODE_BYTES);
