/** One token as a request carries it. Spec: docs/spec/13-tokens.md §3 */

import { Reader, Writer } from "../core/bytes.ts";
import { OUTPUT_BYTES } from "../crypto/blind-tokens.ts";
import { TOKEN_BYTES } from "../sphinx/limits.ts";

export const TOKEN_NONCE_BYTES = 32;
export const TOKEN_VALUE_BYTES = 32;

export interface Token {
  /** The period whose key made it. */
  readonly period: number;
  /** Drawn by the client, the VOPRF's input. */
  readonly nonce: Uint8Array;
  /** The first half of the VOPRF's output: who has it was let have it. */
  readonly value: Uint8Array;
}

/** period u32 ‖ nonce 32 ‖ value 32. */
export function encodeToken({ period, nonce, value }: Token): Uint8Array {
  return new Writer().u32(period).raw(nonce).raw(value).finish();
}

/** Any 68 bytes are some token, good or not. */
export function decodeToken(bytes: Uint8Array): Token {
  const reader = new Reader(bytes);
  const token = {
    period: reader.u32(),
    nonce: reader.take(TOKEN_NONCE_BYTES),
    value: reader.take(TOKEN_VALUE_BYTES),
  };
  reader.end();
  return token;
}

export function tokenValue(output: Uint8Array): Uint8Array {
  if (output.length !== OUTPUT_BYTES) throw new RangeError("an output has 64 bytes");
  return output.slice(0, TOKEN_VALUE_BYTES);
}

if (TOKEN_BYTES !== 4 + TOKEN_NONCE_BYTES + TOKEN_VALUE_BYTES) throw new RangeError("a request has room for one token");
