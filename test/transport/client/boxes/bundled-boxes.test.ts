/** What a new device is given of the account's boxes. Spec: docs/spec/17-boxes.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { eraOf } from "#transport/client/boxes/announcement.ts";
import { BoxProgress } from "#transport/client/boxes/box-progress.ts";
import { adoptBoxes, boxesToBundle } from "#transport/client/boxes/bundled-boxes.ts";
import { BUNDLE_BOXES_MAX } from "#transport/client/boxes/limits.ts";
import { decodeBoxes, encodeBoxes, type OwnBox } from "#transport/client/boxes/own-box.ts";
import { milliseconds } from "#transport/core/units.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { idOf, suite } from "./boxes-world.ts";

const deviceSecret = new Uint8Array(32).fill(7);
const era = eraOf(suite, deviceSecret);
const [NOW, RETENTION] = [milliseconds(1000), milliseconds(100)];

const box = (byte: number, change: Partial<OwnBox> = {}): OwnBox => ({
  secret: new Uint8Array(32).fill(byte),
  providerId: idOf("other"),
  until: milliseconds(1000 + byte),
  era,
  isLost: false,
  isGone: false,
  suspicion: 0,
  tellings: 0,
  progress: new BoxProgress({ cursor: byte, taken: 0n }),
  ...change,
});

async function device(name: string, boxes?: readonly OwnBox[]) {
  const [store, keys] = [new MemoryClientStore(), new SeededRandom(name)];
  const readerKey = new Uint8Array(32).fill(1);
  if (boxes !== undefined) await store.saveBoxes(encodeBoxes({ readerKey, openAt: NOW, failures: 2, boxes }));
  const kept = async () => decodeBoxes((await store.boxes()) ?? assert.fail());
  return { suite, store, keys, kept };
}

test("a bundle has the newest boxes that are read, and says which of them others may be told of", async () => {
  const old = eraOf(suite, new Uint8Array(32).fill(8));
  const laptop = await device("laptop", [
    box(1),
    box(2, { isLost: true }),
    box(3, { era: old }),
    box(4, { era: undefined }),
    box(5, { until: undefined }),
    box(6, { until: milliseconds(NOW - RETENTION) }),
    box(7, { until: milliseconds(NOW - 1) }),
  ]);
  const given = await boxesToBundle(laptop, { deviceSecret, now: NOW, retention: RETENTION });
  assert.deepEqual(
    given.map(({ secret, isGood }) => [secret[0], isGood]),
    [
      [3, false],
      [2, false],
      [1, true],
      [7, true],
    ],
  );
  const many = await device(
    "many",
    Array.from({ length: 9 }, (_, n) => box(n + 1)),
  );
  const newest = await boxesToBundle(many, { deviceSecret, now: NOW, retention: RETENTION });
  assert.equal(newest.length, BUNDLE_BOXES_MAX);
  assert.equal(newest[0]?.secret[0], 9);
  assert.deepEqual(await boxesToBundle(await device("none"), { deviceSecret, now: NOW, retention: RETENTION }), []);
});

test("a new device reads each from its beginning, as a reader of its own", async () => {
  const phone = await device("phone");
  const laptop = await device("laptop", [box(1), box(2, { isLost: true })]);
  const boxes = await boxesToBundle(laptop, { deviceSecret, now: NOW, retention: RETENTION });
  await adoptBoxes(phone, { deviceSecret, boxes });
  const kept = await phone.kept();
  const progress = new BoxProgress();
  assert.deepEqual(kept.boxes, [box(2, { isLost: true, isGone: true, progress }), box(1, { progress })]);
  assert.deepEqual([kept.openAt, kept.failures], [undefined, 0]);
  assert.notDeepEqual(kept.readerKey, new Uint8Array(32).fill(1));
  assert.ok(kept.readerKey.some((byte) => byte !== 0));
});

test("a device that joins again goes on where it was, and with the boxes that only it knows of", async () => {
  const phone = await device("phone", [box(1), box(3), box(4, { until: undefined })]);
  const boxes = [
    { secret: new Uint8Array(32).fill(1), providerId: idOf("other"), until: milliseconds(1001), isGood: true },
  ];
  await adoptBoxes(phone, { deviceSecret, boxes });
  const kept = await phone.kept();
  assert.deepEqual(
    kept.boxes.map(({ secret, progress }) => [secret[0], progress.cursor]),
    [
      [1, 1],
      [3, 3],
    ],
  );
  assert.deepEqual(kept.readerKey, new Uint8Array(32).fill(1));
});
