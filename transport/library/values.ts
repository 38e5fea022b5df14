/** A store's values as bytes: JSON, with byte strings in base64url. Nobody else reads them. */

import { fromBase64Url, toBase64Url } from "../core/base64url.ts";
import { utf8 } from "../core/bytes.ts";

export function encodeValue(value: unknown): Uint8Array {
  return utf8(
    JSON.stringify(value, (_key, part: unknown) =>
      part instanceof Uint8Array ? { [BYTES]: toBase64Url(part) } : part,
    ),
  );
}

export function decodeValue(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes), (_key, part: unknown) => {
    const text = typeof part === "object" && part !== null && BYTES in part ? part[BYTES] : undefined;
    return typeof text === "string" ? fromBase64Url(text) : part;
  });
}

const BYTES = "$bytes";
