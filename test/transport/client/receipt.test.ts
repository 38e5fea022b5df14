import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeReceipt, encodeReceipt, receiptProof, receiptsPerPacket } from "#transport/client/receipt.ts";
import { fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { messageId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

test("the worked example of docs/spec/01-message.md §4 holds in both implementations", async () => {
  const id = messageId(fromHex("000102030405060708090a0b0c0d0e0f"));
  for (const implementation of ["native", "portable"] as const) {
    const suite = await loadSuite("x25519", implementation);
    const proof = receiptProof(suite, { id, body: utf8("hello") });
    assert.equal(toHex(proof), "1a6d13fc8c348b6754dcae6f6f695d65139300fb46364de0376e182fd2b4585d");
    assert.equal(toHex(encodeReceipt([{ id, proof }])), `0001${toHex(id)}${toHex(proof)}`);
    assert.deepEqual(decodeReceipt(encodeReceipt([{ id, proof }])), [{ id, proof }]);
  }
});

test("a live packet carries receipts for hundreds of mails, never more than a reader accepts", () => {
  assert.equal(receiptsPerPacket(geometry({ suite: "xwing", packetBytes: 28_672 })), 471);
  assert.equal(receiptsPerPacket(geometry({ suite: "xwing", packetBytes: 65_536 })), 512);
});
