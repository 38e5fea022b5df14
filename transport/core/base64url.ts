/** Base64url without padding (RFC 4648 §5), in any runtime. */

import { TransportError } from "./errors.ts";

export function toBase64Url(bytes: Uint8Array): string {
  let characters = "";
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The one encoding of some bytes; anything else, padding and white space included, throws MALFORMED. */
export function fromBase64Url(text: string): Uint8Array {
  if (!/^[\w-]*$/.test(text)) throw new TransportError("MALFORMED");
  let characters: string;
  try {
    characters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw new TransportError("MALFORMED");
  }
  const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0));
  // A decoder may overlook bits behind the last byte: two texts would then mean the same.
  if (toBase64Url(bytes) !== text) throw new TransportError("MALFORMED");
  return bytes;
}
