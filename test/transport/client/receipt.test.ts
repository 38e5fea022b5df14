import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeReceipt, encodeReceipt, receiptProof, receiptsPerPacket } from "#transport/client/receipt.ts";
import { placed } from "#transport/box/place.ts";
import { fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { messageId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { messageDigest } from "#transport/fragment/split.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

test("the worked example of docs/spec/01-message.md §4 holds in both implementations", async () => {
  const id = messageId(fromHex("000102030405060708090a0b0c0d0e0f"));
  for (const implementation of ["native", "portable"] as const) {
    const suite = await loadSuite("x25519", implementation);
    const body = placed(undefined, utf8("hello"));
    const digest = messageDigest(suite, { kind: "message", messageId: id, body });
    assert.equal(toHex(digest), "6533c5a59632f5d6132e3e6647110d4e7909a66e872c348a14657079e842b575");
    const proof = receiptProof(suite, { id, body });
    assert.equal(toHex(proof), "757f58b6a2c0de4ccff0c63154928d232dee2152dbc9f617d4874a30337a9a99");
    const receipt = { place: undefined, entries: [{ id, proof }] };
    assert.equal(toHex(encodeReceipt(receipt)), `${"00".repeat(72)}0001${toHex(id)}${toHex(proof)}`);
    assert.deepEqual(decodeReceipt(encodeReceipt(receipt)), receipt);
  }
});

test("a live packet carries receipts for hundreds of mails, never more than a reader accepts", () => {
  assert.equal(receiptsPerPacket(geometry({ suite: "xwing", packetBytes: 28_672 })), 470);
  assert.equal(receiptsPerPacket(geometry({ suite: "xwing", packetBytes: 65_536 })), 512);
});
