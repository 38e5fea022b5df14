import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ReplaySet } from "#provider-server/mix/replay-set.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type ReplayTag, replayTag } from "#transport/core/units.ts";

const emptySet = (capacity: number): ReplaySet => new ReplaySet({ capacity, random: new SeededRandom("table") });

/** Tags from a small space, so that repetitions and shared first bytes are common; the tag of zeros is among them. */
const tag = fc
  .tuple(fc.constantFrom(0, 1, 255), fc.integer({ min: 0, max: 40 }))
  .map(
    ([first, last]): ReplayTag =>
      replayTag(Uint8Array.from({ length: 16 }, (_, i) => [first, ...Array(14).fill(0), last][i])),
  );

test("it knows exactly what a Set knows", () => {
  fc.assert(
    fc.property(fc.array(tag, { maxLength: 400 }), (tags) => {
      const set = emptySet(1000);
      const model = new Set<string>();
      for (const each of tags) {
        const id = toHex(each);
        assert.equal(set.has(each), model.has(id));
        assert.equal(set.add(each), model.has(id) ? "seen" : "added");
        model.add(id);
        assert.equal(set.size, model.size);
      }
    }),
  );
});

test("a hundred thousand random tags are all remembered and no other is", () => {
  const random = new SeededRandom("tags");
  const set = emptySet(200_000);
  const tags = Array.from({ length: 100_000 }, () => replayTag(random.bytes(16)));
  for (const each of tags) assert.equal(set.add(each), "added");
  for (const each of tags) assert.equal(set.add(each), "seen");
  for (let i = 0; i < 10_000; i++) assert.equal(set.has(replayTag(random.bytes(16))), false);
});

test("a full set says so, keeps what it has and takes no more", () => {
  const random = new SeededRandom("full");
  const set = emptySet(3);
  const tags = Array.from({ length: 3 }, () => replayTag(random.bytes(16)));
  for (const each of tags) set.add(each);
  assert.equal(set.add(replayTag(random.bytes(16))), "full");
  assert.equal(set.size, 3);
  for (const each of tags) assert.equal(set.add(each), "seen");
});

test("a tag that lies inside a larger buffer is read at its place", () => {
  const bytes = new SeededRandom("offset").bytes(40);
  const set = emptySet(10);
  set.add(replayTag(bytes.subarray(7, 23)));
  assert.equal(set.has(replayTag(bytes.slice(7, 23))), true);
  assert.equal(set.has(replayTag(bytes.slice(8, 24))), false);
});
