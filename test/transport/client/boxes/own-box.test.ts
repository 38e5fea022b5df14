/** Spec: docs/spec/17-boxes.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANNOUNCEMENT_BYTES,
  encodeAnnouncement,
  eraOf,
  readAnnouncement,
} from "#transport/client/boxes/announcement.ts";
import { BoxProgress } from "#transport/client/boxes/box-progress.ts";
import { decodeBoxes, decodeBoxesOrNone, encodeBoxes, type KeptBoxes } from "#transport/client/boxes/own-box.ts";
import { concat } from "#transport/core/bytes.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("x25519", "native");
const filled = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);

/** Version, reader key, opening, failures, count. */
const HEAD_BYTES = 1 + 32 + 8 + 1 + 1;
const KEPT: KeptBoxes = {
  readerKey: filled(1),
  openAt: milliseconds(1_800_000_000_000),
  failures: 3,
  boxes: [
    {
      secret: filled(2),
      providerId: nodeId(filled(3)),
      until: undefined,
      era: undefined,
      isLost: false,
      isGone: false,
      suspicion: 0,
      tellings: 2,
      progress: new BoxProgress(),
    },
    {
      secret: filled(4),
      providerId: nodeId(filled(5)),
      until: milliseconds(1_801_000_000_000),
      era: filled(6, 16),
      isLost: true,
      isGone: true,
      suspicion: 37,
      tellings: 0,
      progress: new BoxProgress({ cursor: 2 ** 40, taken: (1n << 63n) | 2n }),
    },
  ],
};

test("what a device keeps of its boxes comes back as it was", () => {
  assert.deepEqual(decodeBoxes(encodeBoxes(KEPT)), KEPT);
  const none = { ...KEPT, openAt: undefined, boxes: [] };
  assert.deepEqual(decodeBoxes(encodeBoxes(none)), none);
});

test("what a program kept that knew of no loops is read, and nothing is held against its boxes", () => {
  const bytes = encodeBoxes(KEPT);
  const boxBytes = (bytes.length - HEAD_BYTES) / 2;
  const boxes = [0, 1].map((n) => bytes.subarray(HEAD_BYTES + n * boxBytes, HEAD_BYTES + (n + 1) * boxBytes - 2));
  const before = concat(Uint8Array.of(1), bytes.subarray(1, HEAD_BYTES), ...boxes);
  assert.deepEqual(decodeBoxes(before), { ...KEPT, boxes: KEPT.boxes.map((box) => ({ ...box, suspicion: 0 })) });
});

test("what another program wrote is none, and nothing that is cut off or too long counts", () => {
  const bytes = encodeBoxes(KEPT);
  for (const wrong of [bytes.slice(0, -1), concat(bytes, filled(0, 1)), Uint8Array.of(3, ...bytes.subarray(1))]) {
    assert.throws(() => decodeBoxes(wrong), { code: "MALFORMED" });
    assert.equal(decodeBoxesOrNone(wrong), undefined);
  }
});

const key = { deviceSecret: filled(7), mailboxId: mailboxId(filled(8)) };
const said = { secret: filled(2), providerId: nodeId(filled(3)), until: milliseconds(1_801_000_000_000) };

test("an announcement holds for the devices that know their secret, in their mailbox, and for nobody else", () => {
  const body = encodeAnnouncement(suite, key, said);
  assert.equal(body.length, ANNOUNCEMENT_BYTES);
  assert.deepEqual(readAnnouncement(suite, key, body), said);
  assert.equal(readAnnouncement(suite, { ...key, deviceSecret: filled(9) }, body), undefined);
  assert.equal(readAnnouncement(suite, { ...key, mailboxId: mailboxId(filled(9)) }, body), undefined);
  for (let at = 0; at < body.length; at++) {
    const changed = body.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(readAnnouncement(suite, key, changed), undefined, `byte ${at}`);
  }
  for (const length of [0, ANNOUNCEMENT_BYTES - 1, ANNOUNCEMENT_BYTES + 1]) {
    assert.equal(readAnnouncement(suite, key, filled(0, length)), undefined);
  }
});

test("the specification's bytes: secret, provider, until, and a hash keyed by what follows from the device secret", () => {
  const text = new TextEncoder();
  const derived = suite.hkdf({
    secret: key.deviceSecret,
    salt: new Uint8Array(0),
    info: text.encode("starling/box-announcement-key/v1"),
    length: 32,
  });
  const front = concat(said.secret, said.providerId, new Uint8Array(8));
  new DataView(front.buffer).setBigUint64(64, BigInt(said.until));
  const proof = suite.blake2b(concat(text.encode("starling/box-announcement/v1"), key.mailboxId, front), derived);
  assert.deepEqual(encodeAnnouncement(suite, key, said), concat(front, proof));
});

test("an era changes with the device secret", () => {
  assert.deepEqual(eraOf(suite, filled(7)), eraOf(suite, filled(7)));
  assert.notDeepEqual(eraOf(suite, filled(7)), eraOf(suite, filled(9)));
});
