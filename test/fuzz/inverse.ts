/** For formats with one encoding for each value: whatever a decoder takes, the encoder gives back byte for byte. */

import assert from "node:assert/strict";

export function inverse<T>(
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): (bytes: Uint8Array) => void {
  return (bytes) => {
    const value = decode(bytes);
    assert.deepEqual(new Uint8Array(encode(value)), new Uint8Array(bytes));
  };
}
