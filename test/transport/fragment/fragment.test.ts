/** Sealing, cutting and joining messages, against the committed vectors and at the edges. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isTransportError } from "#test/support/errors.ts";
import { type FragmentVectors, fragmentVectors } from "#test/support/fragment-vectors.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { readVectors } from "#test/support/vectors.ts";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { shuffled } from "#transport/core/random.ts";
import { type MessageId, messageId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import {
  DIGEST_BYTES,
  decodeFragment,
  encodeFragment,
  type Fragment,
  fragmentDataBytes,
} from "#transport/fragment/fragment.ts";
import { Reassembly } from "#transport/fragment/reassembly.ts";
import { fragmentHash, openSeal, seal } from "#transport/fragment/seal.ts";
import { fragmentCount, split } from "#transport/fragment/split.ts";
import { geometryForPayload } from "#transport/sphinx/geometry.ts";

const suite = await loadSuite("xwing", "native");
const portable = await loadSuite("xwing", "portable");
const geometry = geometryForPayload({ suite: "xwing", payloadBytes: 1560 });
const capacity = fragmentDataBytes(geometry);
const random = new SeededRandom("fragments");
const STEP = 4;
const id = (): MessageId => messageId(random.bytes(16));
const cut = (body: Uint8Array, messageIdOf = id()): Fragment[] =>
  split({ suite, geometry, step: STEP, kind: "message", messageId: messageIdOf, body });
const totals = (messageBytes: number) => fragmentCount({ geometry, step: STEP, messageBytes });
const reassembly = (messageBytesMax = 1e6): Reassembly =>
  new Reassembly({ suite, geometry, step: STEP, messageBytesMax });

test("the committed fragment vectors are what their generator makes, and both implementations open them", async () => {
  const vectors = readVectors("fragments") as FragmentVectors;
  assert.deepEqual(await fragmentVectors(), vectors);
  for (const crypto of [suite, portable]) {
    const mailboxKey = crypto.sealKem.open(fromHex(vectors.mailbox.privateKey));
    const sizes = geometryForPayload({ suite: "xwing", payloadBytes: vectors.payloadBytes });
    for (const message of vectors.messages) {
      const joined = new Reassembly({ suite: crypto, geometry: sizes, step: vectors.step, messageBytesMax: 5000 });
      for (const { plaintext, sealed, hash } of message.fragments) {
        assert.equal(toHex(fragmentHash(crypto, fromHex(sealed))), hash);
        const opened = openSeal({ suite: crypto, geometry: sizes, mailboxKey, sealed: fromHex(sealed) });
        assert.ok(opened);
        assert.equal(toHex(opened), plaintext);
        const fragment = decodeFragment(sizes, opened);
        assert.deepEqual([fragment.kind, toHex(fragment.messageId)], [message.kind, message.messageId]);
        joined.add(fragment);
      }
      assert.equal(toHex(joined.body() as Uint8Array), message.body);
    }
  }
});

test("a seal opens with its own key only, and not when any byte changed", () => {
  const mailbox = suite.sealKem.generate(random);
  const mailboxKey = suite.sealKem.open(mailbox.privateKey);
  const plaintext = random.bytes(geometry.fragmentBytes);
  const payload = seal({ suite, geometry, mailboxKey: mailbox.publicKey, plaintext, random });
  assert.equal(payload.length, geometry.payloadBytes);
  assert.deepEqual(openSeal({ suite, geometry, mailboxKey, sealed: payload }), plaintext);
  // What is left of a payload is random, and no part of the seal: a box does not keep it.
  const sealed = payload.subarray(0, geometry.sealedBytes);
  assert.equal(payload.length - sealed.length, 64);
  assert.ok(payload.subarray(sealed.length).some((byte) => byte !== 0));
  assert.deepEqual(openSeal({ suite, geometry, mailboxKey, sealed }), plaintext);
  const portableKey = portable.sealKem.open(mailbox.privateKey);
  assert.deepEqual(openSeal({ suite: portable, geometry, mailboxKey: portableKey, sealed }), plaintext);

  for (const at of [0, 600, 1087, 1088, 1119, 1120, 1300, sealed.length - 16, sealed.length - 1]) {
    const changed = sealed.with(at, (sealed[at] as number) ^ 1);
    assert.equal(openSeal({ suite, geometry, mailboxKey, sealed: changed }), undefined);
  }
  const other = suite.sealKem.open(suite.sealKem.generate(random).privateKey);
  assert.equal(openSeal({ suite, geometry, mailboxKey: other, sealed }), undefined);
  for (const length of [0, 1, 1120, sealed.length - 1, sealed.length + 1, payload.length - 1]) {
    assert.equal(openSeal({ suite, geometry, mailboxKey, sealed: payload.subarray(0, length) }), undefined);
  }
  const noPoint = sealed.slice().fill(0, 1088, 1120);
  assert.equal(openSeal({ suite, geometry, mailboxKey, sealed: noPoint }), undefined);
  assert.throws(
    () => seal({ suite, geometry, mailboxKey: mailbox.publicKey, plaintext: plaintext.subarray(1), random }),
    RangeError,
  );
});

test("the number of fragments is exact up to one step and a multiple of it past that", () => {
  assert.deepEqual(totals(0), { needed: 1, total: 1 });
  assert.deepEqual(totals(capacity - DIGEST_BYTES), { needed: 1, total: 1 });
  assert.deepEqual(totals(capacity - DIGEST_BYTES + 1), { needed: 2, total: 2 });
  assert.deepEqual(totals(4 * capacity - DIGEST_BYTES), { needed: 4, total: 4 });
  assert.deepEqual(totals(4 * capacity - DIGEST_BYTES + 1), { needed: 5, total: 8 });
  assert.deepEqual(totals(8 * capacity), { needed: 9, total: 12 });
  assert.throws(() => totals(capacity * 2 ** 16), isTransportError("MESSAGE_TOO_LARGE"));
});

test("a message of any length comes back from its fragments in any order, some of them twice", () => {
  fc.assert(
    fc.property(fc.nat(10 * capacity), fc.string(), (length, seed) => {
      const order = new SeededRandom(seed);
      const body = order.bytes(length);
      const fragments = cut(body).map((fragment) =>
        decodeFragment(geometry, encodeFragment(geometry, fragment, random)),
      );
      assert.ok(fragments.every(({ total }) => total === fragments.length));
      const target = reassembly();
      let completed = 0;
      for (const fragment of shuffled(order, [...fragments, ...fragments.slice(0, 3)])) {
        const added = target.add(fragment);
        assert.notEqual(added, "refused");
        if (added === "complete") completed++;
      }
      assert.equal(completed, 1);
      assert.deepEqual(target.body(), body);
      assert.equal(target.progress.received, target.progress.needed);
    }),
    { numRuns: 60 },
  );
});

test("a message is complete without the fragments that only pad it", () => {
  const fragments = cut(random.bytes(4 * capacity));
  assert.equal(fragments.length, 8);
  const target = reassembly();
  const added = fragments.slice(0, 5).map((fragment) => target.add(fragment));
  assert.deepEqual(added, ["accepted", "accepted", "accepted", "accepted", "complete"]);
  assert.equal(target.add(fragments[6] as Fragment), "duplicate");
});

test("fragments that contradict each other, the step or the limit are refused and change nothing", () => {
  const body = random.bytes(2 * capacity);
  const fragments = cut(body);
  const first = fragments[0] as Fragment;
  const target = reassembly();
  assert.equal(target.add({ ...first, total: 4 }), "refused");
  assert.equal(target.add({ ...first, data: first.data.subarray(1) }), "refused");
  assert.equal(reassembly(2 * capacity - 1).add(first), "refused");
  assert.equal(target.add(first), "accepted");
  for (const wrong of [
    { messageId: id() },
    { kind: "receipt" as const },
    { messageBytes: body.length - 1 },
    { total: 4 },
    { index: 3 },
    { data: new Uint8Array(0) },
  ]) {
    assert.equal(target.add({ ...(fragments[1] as Fragment), ...wrong }), "refused");
  }
  assert.deepEqual(
    fragments.slice(1).map((fragment) => target.add(fragment)),
    ["accepted", "complete"],
  );
  assert.deepEqual(target.body(), body);
});

test("a false fragment spoils its set, which is let go: sent again, the message still arrives", () => {
  const messageIdOf = id();
  const body = random.bytes(2 * capacity);
  const fragments = cut(body, messageIdOf);
  const target = reassembly();
  const second = fragments[1] as Fragment;
  target.add({ ...second, data: random.bytes(second.data.length) });
  assert.equal(target.add(fragments[0] as Fragment), "accepted");
  assert.equal(target.add(fragments[2] as Fragment), "refused");
  assert.equal(target.body(), undefined);
  assert.deepEqual(target.progress, { received: 0, needed: 3 });
  assert.deepEqual(
    fragments.map((fragment) => target.add(fragment)),
    ["accepted", "accepted", "complete"],
  );
  assert.deepEqual(target.body(), body);
});

test("parts of one message cannot complete another, nor a receipt a message", () => {
  const body = random.bytes(2 * capacity);
  const fragments = cut(body);
  const target = reassembly();
  const claimed = id();
  const added = fragments.map((fragment) => target.add({ ...fragment, messageId: claimed }));
  assert.deepEqual(added, ["accepted", "accepted", "refused"]);
  const asReceipt = reassembly();
  assert.equal(fragments.map((fragment) => asReceipt.add({ ...fragment, kind: "receipt" })).at(-1), "refused");
});

test("fragments of a large message share its memory instead of copying it", () => {
  const body = random.bytes(40 * capacity);
  const fragments = cut(body);
  assert.ok(fragments.slice(1).every(({ data }) => data.length === 0 || data.buffer === body.buffer));
});

test("bytes that no fragment encodes to are malformed, and nothing else is thrown", () => {
  const good = encodeFragment(geometry, cut(random.bytes(3 * capacity))[1] as Fragment, random);
  const malformed = (bytes: Uint8Array) =>
    assert.throws(() => decodeFragment(geometry, bytes), isTransportError("MALFORMED"));
  const view = (change: (view: DataView) => void): Uint8Array => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  malformed(good.subarray(1));
  malformed(Uint8Array.of(...good, 0));
  malformed(view((data) => data.setUint8(0, 0)));
  malformed(view((data) => data.setUint8(0, 5)));
  malformed(view((data) => data.setUint32(17, 4)));
  malformed(view((data) => data.setUint32(21, 0)));
  malformed(view((data) => data.setUint32(21, 2 ** 16 + 1)));
  malformed(view((data) => data.setUint32(25, 5 * capacity)));
  malformed(view((data) => data.setUint32(25, 2 ** 32 - 1)));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 29, maxLength: 29 }), fc.boolean(), (head, dressed) => {
      const bytes = good.slice();
      bytes.set(dressed ? head.subarray(17) : head, dressed ? 17 : 0);
      try {
        const { index, total, data, messageBytes } = decodeFragment(geometry, bytes);
        assert.ok(index < total && total <= 2 ** 16 && data.length <= capacity && messageBytes <= total * capacity);
      } catch (error) {
        assert.ok(isTransportError("MALFORMED")(error));
      }
    }),
    { numRuns: 500 },
  );
});
