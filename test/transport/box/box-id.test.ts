import assert from "node:assert/strict";
import { test } from "node:test";
import { boxIdOf, readerIdOf } from "#transport/box/box-id.ts";
import { concat, utf8 } from "#transport/core/bytes.ts";
import { portableSuite } from "#transport/crypto/portable.ts";

const primitives = portableSuite("x25519");
const secret = new Uint8Array(32).fill(1);
const deviceKey = new Uint8Array(32).fill(2);

test("a box is called by a hash of its secret, and each reader by one of secret and device key", () => {
  assert.deepEqual([...boxIdOf(primitives, secret)], [...primitives.blake2b(concat(utf8("starling/box/v1"), secret))]);
  assert.deepEqual(
    [...readerIdOf(primitives, secret, deviceKey)],
    [...primitives.blake2b(concat(utf8("starling/box-reader/v1"), secret, deviceKey))],
  );
});

test("two devices, and one device in two boxes, are different readers", () => {
  const other = new Uint8Array(32).fill(3);
  const ids = [
    readerIdOf(primitives, secret, deviceKey),
    readerIdOf(primitives, secret, other),
    readerIdOf(primitives, other, deviceKey),
  ];
  assert.equal(new Set(ids.map((id) => id.join())).size, 3);
});

test("secrets and keys of another length name nothing", () => {
  assert.throws(() => boxIdOf(primitives, new Uint8Array(31)), RangeError);
  assert.throws(() => readerIdOf(primitives, secret, new Uint8Array(33)), RangeError);
});
