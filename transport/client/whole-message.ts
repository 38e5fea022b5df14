/** What fragments hold once all are here: a message behind its place, a receipt, an announcement. Spec: docs/spec/01-message.md §3-4 */

import { type Place, unplaced } from "../box/place.ts";
import { equalBytes } from "../core/bytes.ts";
import type { MessageId } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { DIGEST_BYTES, type Fragment, fragmentDataBytes } from "../fragment/fragment.ts";
import { Reassembly, type ReassemblyDeps } from "../fragment/reassembly.ts";
import { messageDigest } from "../fragment/split.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import { decodeReceipt, proofOfDigest, type Receipt } from "./receipt.ts";
import type { ClientStore } from "./store.ts";

export interface WholeMessage {
  readonly body: Uint8Array;
  /** Where its receipts are to go. */
  readonly place: Place | undefined;
  /** What a receipt for it must contain, 32 bytes. */
  readonly proof: Uint8Array;
}

/** Read piece by piece into the one array that holds it; undefined when the digest does not hold, or it begins with no place. */
export async function wholeMessage(
  deps: { suite: Suite; geometry: Geometry; quiet: QuietTime; store: Pick<ClientStore, "incomingFragment"> },
  { id, messageBytes, needed }: { id: MessageId; messageBytes: number; needed: number },
): Promise<WholeMessage | undefined> {
  const { suite, geometry, quiet, store } = deps;
  const whole = new Uint8Array(DIGEST_BYTES + messageBytes);
  for (let index = 0; index < needed; index++) {
    whole.set(await store.incomingFragment(id, index), index * fragmentDataBytes(geometry));
  }
  const cut = whole.subarray(DIGEST_BYTES);
  const digest = await quiet.run(
    () => messageDigest(suite, { kind: "message", messageId: id, body: cut }),
    messageBytes,
  );
  if (!equalBytes(digest, whole.subarray(0, DIGEST_BYTES))) return undefined;
  return orNone(() => ({ ...unplaced(cut), proof: proofOfDigest(suite, { id, digest }) }));
}

/** What one fragment holds that is all of its message. */
export function wholeBody(deps: ReassemblyDeps, fragment: Fragment): Uint8Array | undefined {
  const reassembly = new Reassembly(deps);
  return reassembly.add(fragment) === "complete" ? reassembly.body() : undefined;
}

export function wholeReceipt(deps: ReassemblyDeps, fragment: Fragment): Receipt | undefined {
  const body = wholeBody(deps, fragment);
  return body && orNone(() => decodeReceipt(body));
}

function orNone<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
