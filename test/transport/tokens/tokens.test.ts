/** The worked example of docs/spec/13-tokens.md, and what the forms of orders and stocks must keep. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { decodeStock, drawToken, encodeStock, type PeriodStock, takeToken } from "#transport/client/token-stock.ts";
import { toHex, utf8, Writer } from "#transport/core/bytes.ts";
import { nodeId } from "#transport/core/units.ts";
import { deriveVoprfKeys, evaluateInput } from "#transport/crypto/blind-tokens.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { CONTROL_BYTES } from "#transport/link/limits.ts";
import {
  batchSizes,
  decodeOrder,
  decodeOrderResult,
  encodeOrder,
  encodeOrderResult,
  providersPerOrder,
} from "#transport/tokens/order.ts";
import { readSigningRequest, signSigningRequest } from "#transport/tokens/signing.ts";
import { tokenValue } from "#transport/tokens/token.ts";

const random = new SeededRandom("tokens");
const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);

for (const implementation of ["portable", "native"] as const) {
  const suite = await loadSuite("x25519", implementation);
  test(`${implementation}: the worked example of docs/spec/13-tokens.md §7 is what the program computes`, () => {
    const page = readFileSync(new URL("../../../docs/spec/13-tokens.md", import.meta.url), "utf8");
    const info = utf8("starling/token-seed/v1");
    const seed = suite.hkdf({ secret: filled(2), salt: filled(0x55), info, length: 32 });
    const keys = deriveVoprfKeys(seed, new Writer().raw(utf8("starling/token-key/v1")).u32(3).finish());
    const provider = nodeId(filled(0x66));
    const { nonce, blinded } = drawToken({ primitives: suite, seed: filled(4), period: 3, provider, index: 0 });
    const values = [tokenValue(evaluateInput(keys.secretKey, nonce))];
    const stock: PeriodStock = {
      period: 3,
      seed: filled(4),
      providers: new Map([[toHex(provider), { values, used: 0 }]]),
    };
    const token = takeToken({ primitives: suite, stock, provider });
    for (const bytes of [keys.publicKey, nonce, blinded.element]) assert.ok(page.includes(toHex(bytes)));
    const shown = /```hex token\n([^`]*)```/.exec(page)?.[1]?.replaceAll("\n", "");
    assert.equal(token === undefined ? undefined : toHex(token), shown);
    assert.equal(takeToken({ primitives: suite, stock, provider }), undefined, "there was one");
  });

  test(`${implementation}: a signing request is its issuer's, whole, and for one signer`, () => {
    const identitySeed = filled(7);
    const signingKey = suite.ed25519.publicKey(identitySeed);
    const batches = [[random.bytes(32)], Array.from({ length: 8 }, () => random.bytes(32))];
    const request = { period: 9, issuer: nodeId(filled(1)), signer: nodeId(filled(2)), batches };
    const bytes = signSigningRequest({ request, identitySeed, suite });
    assert.deepEqual(readSigningRequest({ bytes, suite, signingKey: () => signingKey }), request);
    assert.throws(() => readSigningRequest({ bytes, suite, signingKey: () => undefined }), { code: "REFUSED" });
    for (let at = 0; at < bytes.length; at += 13) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 1;
      assert.throws(() => readSigningRequest({ bytes: changed, suite, signingKey: () => signingKey }), isRefused);
    }
    const none = signSigningRequest({ request: { ...request, batches: [] }, identitySeed, suite });
    assert.throws(() => readSigningRequest({ bytes: none, suite, signingKey: () => signingKey }), {
      code: "MALFORMED",
    });
  });
}

const isRefused = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["MALFORMED", "REFUSED"].includes(String(error.code));

test("orders and their results come back as they were, and fit a CONTROL frame with as many providers as they say", () => {
  for (const perProvider of [1, 8, 10, 16, 64]) {
    const count = providersPerOrder(perProvider);
    assert.ok(count >= 1);
    const parts = Array.from({ length: count }, (_, i) => ({
      provider: nodeId(filled(i + 1)),
      elements: Array.from({ length: perProvider }, () => random.bytes(32)),
    }));
    const order = encodeOrder({ period: 5, parts });
    assert.deepEqual(decodeOrder(order, perProvider), { period: 5, parts });
    const batches = batchSizes(perProvider).map((size) => ({
      evaluated: Array.from({ length: size }, () => random.bytes(32)),
      proof: random.bytes(64),
    }));
    const result = encodeOrderResult(parts.map(() => batches));
    assert.ok(order.length <= CONTROL_BYTES - 512 && result.length <= CONTROL_BYTES - 512);
    assert.deepEqual(
      decodeOrderResult(result, { parts: count, perProvider }),
      parts.map(() => batches),
    );
    const holed = encodeOrderResult(parts.map((_, i) => (i === 0 ? undefined : batches)));
    assert.equal((decodeOrderResult(holed, { parts: count, perProvider }) as unknown[])[0], undefined);
    assert.equal(decodeOrderResult(encodeOrderResult("pending"), { parts: count, perProvider }), "pending");
    assert.throws(() => decodeOrder(order.subarray(1), perProvider), { code: "MALFORMED" });
  }
});

const part = (name: number) => ({ provider: nodeId(filled(name)), elements: [random.bytes(32)] });

test("an order names each provider once, in ascending order", () => {
  for (const parts of [[part(2), part(1)], [part(1), part(1)], []]) {
    assert.throws(() => decodeOrder(encodeOrder({ period: 0, parts }), 1), { code: "MALFORMED" });
  }
});

test("a stock comes back with what was used of it, and what is none is refused", () => {
  const stock: PeriodStock[] = [3, 4].map((period) => ({
    period,
    seed: random.bytes(32),
    providers: new Map([
      [toHex(random.bytes(32)), { values: [random.bytes(32), random.bytes(32)], used: 1 }],
      [toHex(random.bytes(32)), { values: [], used: 0 }],
    ]),
  }));
  const bytes = encodeStock(stock);
  assert.deepEqual(decodeStock(bytes), stock);
  assert.throws(() => decodeStock(bytes.subarray(0, -1)), { code: "MALFORMED" });
  assert.throws(() => decodeStock(filled(9, 10)), { code: "MALFORMED" });
});
