/** Asks the provider of a reader's mailbox, or box, which sealed fragments it has. Spec: docs/spec/07-mailbox.md §7.3 */

import { Reader, Writer } from "../core/bytes.ts";
import { MAILBOX_ID_BYTES } from "../core/units.ts";
import { FRAGMENT_HASH_BYTES } from "../fragment/seal.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { requestBytesMax } from "../sphinx/service-payload.ts";
import { HAVE_HASHES_PER_REQUEST } from "./limits.ts";
import { destinationOf, type WrittenWhere } from "./recipient.ts";
import type { Question } from "./requests.ts";

/** One answer for each hash, in as many requests as it takes. Throws MALFORMED, and what `ask` throws. */
export async function askHave(o: {
  geometry: Geometry;
  ask: (question: Question) => Promise<Uint8Array>;
  to: WrittenWhere;
  hashes: readonly Uint8Array[];
}): Promise<boolean[]> {
  const { geometry, ask, to, hashes } = o;
  const room = requestBytesMax(geometry, "have") - MAILBOX_ID_BYTES - 2;
  const most = Math.min(HAVE_HASHES_PER_REQUEST, Math.floor(room / FRAGMENT_HASH_BYTES));
  const { provider, recipient } = destinationOf(to);
  const present: boolean[] = [];
  for (let at = 0; at < hashes.length; at += most) {
    const part = hashes.slice(at, at + most);
    const writer = new Writer().raw(recipient).u16(part.length);
    for (const hash of part) writer.raw(hash);
    const bitmap = await ask({ provider, service: "have", body: writer.finish() });
    present.push(...readBitmap(bitmap, part.length));
  }
  return present;
}

/** Bit i (from the least significant of each byte) says whether hash i is there. Throws MALFORMED. */
function readBitmap(bitmap: Uint8Array, count: number): boolean[] {
  const reader = new Reader(bitmap);
  const bytes = reader.take(Math.ceil(count / 8));
  reader.end();
  return Array.from({ length: count }, (_, i) => (((bytes[i >> 3] as number) >> (i & 7)) & 1) === 1);
}
