/** The VOPRF against every vector of its mode in RFC 9497, and what it must refuse. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTransportError } from "#test/support/errors.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { readVectors } from "#test/support/vectors.ts";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import type { RandomSource } from "#transport/core/random.ts";
import {
  blindInput,
  deriveVoprfKeys,
  ELEMENT_BYTES,
  evaluateBlinded,
  evaluateInput,
  finishBlinded,
  PROOF_BYTES,
} from "#transport/crypto/blind-tokens.ts";

interface Vectors {
  readonly seed: string;
  readonly keyInfo: string;
  readonly secretKey: string;
  readonly publicKey: string;
  readonly cases: readonly {
    readonly inputs: readonly string[];
    readonly blinds: readonly string[];
    readonly blinded: readonly string[];
    readonly evaluated: readonly string[];
    readonly proof: string;
    readonly proofRandomScalar: string;
    readonly outputs: readonly string[];
  }[];
}

const vectors = readVectors("voprf-ristretto255") as Vectors;
const keys = deriveVoprfKeys(fromHex(vectors.seed), fromHex(vectors.keyInfo));

test("keys are derived as RFC 9497 derives them", () => {
  assert.deepEqual(hex([keys.secretKey, keys.publicKey]), [vectors.secretKey, vectors.publicKey]);
});

for (const [index, vector] of vectors.cases.entries()) {
  test(`RFC 9497 A.1.2, vector ${index + 1}: blinded, evaluated, proven and finished as published`, () => {
    const inputs = vector.inputs.map(fromHex);
    const blinded = inputs.map((input, i) => blindInput(input, scalars(vector.blinds[i] as string)));
    assert.deepEqual(hex(blinded.map(({ blind }) => blind)), vector.blinds);
    assert.deepEqual(hex(blinded.map(({ element }) => element)), vector.blinded);
    const elements = blinded.map(({ element }) => element);
    const { evaluated, proof } = evaluateBlinded({ keys, elements, random: scalars(vector.proofRandomScalar) });
    assert.deepEqual(hex(evaluated), vector.evaluated);
    assert.equal(toHex(proof), vector.proof);
    const items = inputs.map((input, i) => ({ input, blinded: blinded[i]!, evaluated: evaluated[i]! }));
    const outputs = finishBlinded({ publicKey: keys.publicKey, proof, items });
    assert.deepEqual(hex(outputs ?? []), vector.outputs);
    assert.deepEqual(hex(inputs.map((input) => evaluateInput(keys.secretKey, input))), vector.outputs);
  });
}

const random = new SeededRandom("blind tokens");

test("a proof holds for one key, for these elements and for these answers, and for nothing else", () => {
  const inputs = [random.bytes(32), random.bytes(32)];
  const blinded = inputs.map((input) => blindInput(input, random));
  const elements = blinded.map(({ element }) => element);
  const { evaluated, proof } = evaluateBlinded({ keys, elements, random });
  const other = deriveVoprfKeys(random.bytes(32), random.bytes(8));
  const items = (answers: readonly Uint8Array[]) =>
    inputs.map((input, i) => ({ input, blinded: blinded[i]!, evaluated: answers[i]! }));
  const finish = (publicKey: Uint8Array, answers: readonly Uint8Array[], shown = proof) =>
    finishBlinded({ publicKey, proof: shown, items: items(answers) });

  assert.equal(finish(keys.publicKey, evaluated)?.length, 2);
  assert.equal(finish(other.publicKey, evaluated), undefined, "another public key");
  assert.equal(finish(keys.publicKey, evaluated.toReversed()), undefined, "answers exchanged");
  const tagged = evaluateBlinded({ keys: other, elements, random });
  assert.equal(finish(keys.publicKey, tagged.evaluated, tagged.proof), undefined, "a key for one client alone");
  const mixed = [evaluated[0] as Uint8Array, tagged.evaluated[1] as Uint8Array];
  assert.equal(finish(keys.publicKey, mixed), undefined, "one of the answers with another key");
  for (let at = 0; at < PROOF_BYTES; at += 7) {
    const changed = proof.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(finish(keys.publicKey, evaluated, changed), undefined, `byte ${at} of the proof`);
  }
});

test("what is no element of the group is not evaluated", () => {
  const refused = (element: Uint8Array): void => {
    assert.throws(() => evaluateBlinded({ keys, elements: [element], random }), isTransportError("MALFORMED"));
  };
  refused(new Uint8Array(ELEMENT_BYTES)); // the neutral element
  refused(new Uint8Array(ELEMENT_BYTES).fill(0xff));
  refused(new Uint8Array(ELEMENT_BYTES - 1));
  assert.equal(
    finishBlinded({
      publicKey: new Uint8Array(ELEMENT_BYTES),
      proof: new Uint8Array(PROOF_BYTES),
      items: [{ input: random.bytes(32), blinded: blindInput(random.bytes(32), random), evaluated: random.bytes(32) }],
    }),
    undefined,
    "a list with no usable key yields no tokens, and no error",
  );
});

const hex = (all: readonly Uint8Array[]): string[] => all.map(toHex);

/** Bytes that the library makes this scalar of: it takes 48, little-endian, modulo the order less one, plus one. */
function scalars(scalar: string): RandomSource {
  const bytes = new Uint8Array(48);
  bytes.set(fromHex(scalar));
  for (let i = 0; ; i++) {
    bytes[i] = ((bytes[i] as number) - 1) & 0xff;
    if (bytes[i] !== 0xff) break;
  }
  return { bytes: () => bytes.slice() };
}
