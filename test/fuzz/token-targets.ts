/** Tokens: orders and what comes back, what providers ask each other, and points and proofs that are none. */

import assert from "node:assert/strict";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { concat } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { nodeId } from "#transport/core/units.ts";
import {
  blindInput,
  deriveVoprfKeys,
  ELEMENT_BYTES,
  evaluateBlinded,
  finishBlinded,
} from "#transport/crypto/blind-tokens.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { decodeControlAnswer, decodeControlRequest } from "#transport/link/control.ts";
import { batchSizes, decodeOrder, decodeOrderResult, encodeOrder, encodeOrderResult } from "#transport/tokens/order.ts";
import {
  decodeSignedBatches,
  encodeSignedBatches,
  readSigningRequest,
  signSigningRequest,
} from "#transport/tokens/signing.ts";
import { decodeToken, encodeToken } from "#transport/tokens/token.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function tokenTargets(traffic: Traffic): Target[] {
  const { perProvider } = traffic.network.parameters.tokens;
  const orders = traffic.of("control").flatMap(({ body }) => {
    const request = decodeControlRequest(body);
    return request.kind === "order-tokens" ? [request.order] : [];
  });
  const [order] = orders.map((bytes) => decodeOrder(bytes, perProvider));
  assert.ok(order !== undefined && order.parts.length > 1);
  const shape = { parts: order.parts.length, perProvider };
  const answers = traffic.of("controlAnswer").map(({ body }) => decodeControlAnswer(body).body);
  const results = answers.filter((body) => isResult(body, shape));
  const batches = results.flatMap((bytes) => {
    const result = decodeOrderResult(bytes, shape);
    return result === "pending" ? [] : result.flatMap((part) => part ?? []);
  });
  assert.ok(batches.length > 1);
  const sizes = batches.slice(0, 2).map(({ evaluated }) => evaluated.length);
  const random = new SeededRandom("fuzz tokens");
  return [
    {
      name: "token",
      corpus: [0, 1].map((period) => encodeToken({ period, nonce: random.bytes(32), value: random.bytes(32) })),
      decode: inverse(decodeToken, encodeToken),
      takesChanged: "some",
    },
    {
      name: "order of tokens",
      corpus: orders,
      decode: inverse((bytes) => decodeOrder(bytes, perProvider), encodeOrder),
      takesChanged: "some",
    },
    {
      name: "what became of an order",
      corpus: results,
      decode: inverse((bytes) => decodeOrderResult(bytes, shape), encodeOrderResult),
      takesChanged: "some",
    },
    {
      name: "batches that another provider signed",
      corpus: [encodeSignedBatches(batches.slice(0, 2))],
      decode: inverse((bytes) => decodeSignedBatches(bytes, sizes), encodeSignedBatches),
      takesChanged: "some",
    },
    ...signing(traffic.suite, [order.parts.map(({ elements }) => elements.slice(0, 8)), [[random.bytes(32)]]]),
    ...groupTargets(),
  ];
}

function isResult(body: Uint8Array, shape: { parts: number; perProvider: number }): boolean {
  try {
    decodeOrderResult(body, shape);
    return true;
  } catch {
    return false; // an answer to another question
  }
}

/** As it comes, and to a reader that believes every signature. */
function signing(suite: Suite, requests: readonly (readonly (readonly Uint8Array[])[])[]): Target[] {
  const identitySeed = new Uint8Array(32).fill(1);
  const signingKey = suite.ed25519.publicKey(identitySeed);
  const [issuer, signer] = [nodeId(suite.blake2b(signingKey)), nodeId(new Uint8Array(32).fill(2))];
  const corpus = requests.map((batches) =>
    signSigningRequest({ request: { period: 1, issuer, signer, batches }, identitySeed, suite }),
  );
  const credulous: Suite = { ...suite, ed25519: { ...suite.ed25519, verify: () => true } };
  const read = (by: Suite) => (bytes: Uint8Array) => {
    const { batches } = readSigningRequest({ bytes, suite: by, signingKey: () => signingKey });
    assert.ok(batches.every((batch) => batch.length > 0 && batch.length <= 8));
  };
  return [
    { name: "request to sign tokens", corpus, decode: read(suite), takesChanged: "none" },
    { name: "request to sign tokens, whoever signed it", corpus, decode: read(credulous), takesChanged: "some" },
  ];
}

/** Each takes a millisecond of arithmetic. */
function groupTargets(): Target[] {
  const random = new SeededRandom("fuzz points");
  const keys = deriveVoprfKeys(random.bytes(32), new Uint8Array(0));
  const inputs = batchSizes(2).flatMap((size) => Array.from({ length: size }, () => random.bytes(32)));
  const blinded = inputs.map((input) => blindInput(input, random));
  const elements = blinded.map(({ element }) => element);
  const { evaluated, proof } = evaluateBlinded({ keys, elements, random });
  return [
    {
      name: "points to evaluate",
      corpus: elements,
      decode: (bytes) => {
        const signed = evaluateBlinded({ keys, elements: [bytes], random });
        assert.equal(signed.evaluated[0]?.length, ELEMENT_BYTES);
      },
      takesChanged: "some",
    },
    {
      name: "evaluated points and their proof",
      corpus: [concat(...evaluated, proof)],
      decode: (bytes) => {
        const at = evaluated.length * ELEMENT_BYTES;
        const items = inputs.map((input, i) => ({
          input,
          blinded: blinded[i] as (typeof blinded)[number],
          evaluated: bytes.subarray(i * ELEMENT_BYTES, (i + 1) * ELEMENT_BYTES),
        }));
        const outputs = finishBlinded({ publicKey: keys.publicKey, proof: bytes.subarray(at), items });
        if (outputs === undefined) throw new TransportError("MALFORMED");
      },
      takesChanged: "none",
    },
  ];
}
