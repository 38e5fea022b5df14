/** What a device hands to a new one of the account's boxes, and what that one keeps of them. Spec: docs/spec/17-boxes.md §5 */

import { equalBytes } from "../../core/bytes.ts";
import type { RandomSource } from "../../core/random.ts";
import { wipe, withSecret } from "../../core/secret.ts";
import type { Milliseconds } from "../../core/units.ts";
import type { Primitives } from "../../crypto/suite.ts";
import type { BundleBox } from "../device-bundle.ts";
import type { ClientStore } from "../store.ts";
import { eraOf } from "./announcement.ts";
import { BoxProgress } from "./box-progress.ts";
import { BUNDLE_BOXES_MAX } from "./limits.ts";
import { decodeBoxesOrNone, encodeBoxes, type KeptBoxes, type OwnBox, READER_KEY_BYTES, wipeBox } from "./own-box.ts";

interface Devices {
  readonly suite: Primitives;
  readonly store: Pick<ClientStore, "boxes" | "saveBoxes">;
  readonly keys: RandomSource;
}

/** The newest that are read now; the caller wipes their secrets. */
export async function boxesToBundle(
  { suite, store }: Devices,
  o: { readonly deviceSecret: Uint8Array; readonly now: Milliseconds; readonly retention: Milliseconds },
): Promise<BundleBox[]> {
  const era = eraOf(suite, o.deviceSecret);
  const all = ((await keptIn(store))?.boxes ?? []).flatMap((box): BundleBox[] => {
    const { secret, providerId, until } = box;
    if (until === undefined || box.era === undefined || until + o.retention <= o.now) return [];
    return [{ secret, providerId, until, isGood: !box.isLost && equalBytes(box.era, era) }];
  });
  return all.toSorted((a, b) => b.until - a.until).slice(0, BUNDLE_BOXES_MAX);
}

/** Durable when it resolves. A device that joins again goes on where it was in each box. */
export async function adoptBoxes(
  { suite, store, keys }: Devices,
  o: { readonly deviceSecret: Uint8Array; readonly boxes: readonly BundleBox[] },
): Promise<void> {
  const before = await keptIn(store);
  const era = eraOf(suite, o.deviceSecret);
  const given = o.boxes.map(({ secret, providerId, until, isGood }): OwnBox => {
    const known = before?.boxes.find((box) => equalBytes(box.secret, secret));
    const progress = known?.progress ?? new BoxProgress();
    const loss = { isLost: !isGood, isGone: !isGood, suspicion: 0 };
    return { secret, providerId, until, era, ...loss, tellings: known?.tellings ?? 0, progress };
  });
  const others = (before?.boxes ?? []).filter(
    (box) => box.until !== undefined && !given.some(({ secret }) => equalBytes(secret, box.secret)),
  );
  const readerKey = before?.readerKey ?? keys.bytes(READER_KEY_BYTES);
  const kept = encodeBoxes({ readerKey, openAt: undefined, failures: 0, boxes: [...given, ...others] });
  await store.saveBoxes(kept).finally(() => wipe(kept));
  wipe(readerKey);
  for (const box of [...given, ...(before?.boxes ?? [])]) wipeBox(box);
}

async function keptIn(store: Pick<ClientStore, "boxes">): Promise<KeptBoxes | undefined> {
  const bytes = await store.boxes();
  return bytes === undefined ? undefined : withSecret(bytes, decodeBoxesOrNone);
}
