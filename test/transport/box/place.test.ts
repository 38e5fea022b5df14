import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePlace, encodePlace, PLACE_BYTES, type Place } from "#transport/box/place.ts";
import { toHex } from "#transport/core/bytes.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";

const place: Place = {
  providerId: nodeId(new Uint8Array(32).fill(2)),
  boxId: mailboxId(new Uint8Array(32).fill(3)),
  until: milliseconds(1_800_000_000_000),
};

test("a place is 72 bytes: provider, box, and until when it takes entries", () => {
  assert.equal(PLACE_BYTES, 72);
  assert.equal(toHex(encodePlace(place)), `${"02".repeat(32)}${"03".repeat(32)}000001a3185c5000`);
  assert.deepEqual(decodePlace(encodePlace(place)), place);
});

test("no place is 72 zeros", () => {
  assert.deepEqual(encodePlace(undefined), new Uint8Array(72));
  assert.equal(decodePlace(new Uint8Array(72)), undefined);
});

test("what is zeros in a part, a byte too few and a byte too many are no place", () => {
  const bytes = encodePlace(place);
  for (const [from, to] of [
    [0, 32],
    [32, 64],
    [64, 72],
    [0, 64],
    [32, 72],
  ] as const) {
    assert.throws(() => decodePlace(bytes.slice().fill(0, from, to)), { code: "MALFORMED" });
  }
  assert.throws(() => decodePlace(bytes.subarray(1)), { code: "MALFORMED" });
  assert.throws(() => decodePlace(new Uint8Array([...bytes, 0])), { code: "MALFORMED" });
  assert.throws(() => decodePlace(bytes.slice().fill(0xff, 64)), { code: "MALFORMED" }, "a time past 2^53");
  assert.throws(() => decodePlace(new Uint8Array(73)), { code: "MALFORMED" });
});
