/**
 * A body of any length inside a payload of one length, with zeros in front that show whether anybody touched it: what
 * services and SURB replies carry. Spec: docs/spec/03-sphinx.md §8
 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { CHECK_BYTES, type Geometry } from "./geometry.ts";

/** zeros 32 ‖ length u32 ‖ body ‖ random. Throws RangeError for a body over `geometry.replyBytes`. */
export function frameBody(geometry: Geometry, body: Uint8Array, random: RandomSource): Uint8Array {
  if (body.length > geometry.replyBytes) throw new RangeError(`a body has at most ${geometry.replyBytes} bytes`);
  return new Writer()
    .raw(new Uint8Array(CHECK_BYTES))
    .bytes32(body)
    .raw(random.bytes(geometry.replyBytes - body.length))
    .finish();
}

/** The body. Throws MALFORMED when the zeros or the length do not hold. */
export function unframeBody(geometry: Geometry, payload: Uint8Array): Uint8Array {
  if (payload.length !== geometry.payloadBytes) throw new TransportError("MALFORMED");
  const reader = new Reader(payload);
  let difference = 0;
  for (const byte of reader.view(CHECK_BYTES)) difference |= byte;
  if (difference !== 0) throw new TransportError("MALFORMED");
  return reader.bytes32(geometry.replyBytes);
}
