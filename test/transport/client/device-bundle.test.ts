import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  decodeBundle,
  type DeviceBundle,
  encodeBundle,
  NOTICE_BYTES,
  openBundle,
  openNotice,
  sealBundle,
  sealNotice,
} from "#transport/client/device-bundle.ts";
import { DEVICE_LABEL_BYTES, openLabel, sealLabel } from "#transport/client/device-label.ts";
import { decodeDeviceCode, encodeDeviceCode } from "#transport/client/device-code.ts";
import { stepRatchet } from "#transport/client/key-generations.ts";
import { BUNDLE_BOXES_MAX } from "#transport/client/boxes/limits.ts";
import { BUNDLE_EXTRA_BYTES_MAX, BUNDLE_GUARDS_MAX, BUNDLE_KEYS_MAX } from "#transport/client/limits.ts";
import type { MailboxRatchet } from "#transport/client/store.ts";
import { toHex } from "#transport/core/bytes.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { BUNDLE_BYTES_MAX, DEVICE_LABEL_BYTES_MAX, NOTICE_BYTES_MAX } from "#transport/link/control-limits.ts";
import { deviceToken, deviceTokenHash } from "#transport/link/device-token.ts";

const suite = await loadSuite("x25519", "native");
const filled = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);
const ratchet: MailboxRatchet = {
  deviceSecret: filled(0x0d),
  secret: filled(0x0e),
  generation: 4166,
  from: milliseconds(1_800_000_000_000),
};

test("the largest bundle fits a request, comes back as it was, and opens under its code alone", () => {
  const bundle: DeviceBundle = {
    opened: {
      address: `${"a".repeat(64)}@${"b".repeat(255)}`,
      providerId: nodeId(filled(6)),
      mailboxId: mailboxId(filled(7)),
    },
    ratchet,
    keys: Array.from({ length: BUNDLE_KEYS_MAX }, (_, n) => ({
      privateKey: filled(n),
      validFrom: milliseconds(n),
      validUntil: milliseconds(n + 1),
      eraseAt: milliseconds(n + 2),
    })),
    accountKey: filled(1),
    certificate: filled(2, 8192),
    profile: "chat",
    guards: Array.from({ length: BUNDLE_GUARDS_MAX }, (_, n) => ({
      nodeId: nodeId(filled(n)),
      since: milliseconds(n),
    })),
    boxes: Array.from({ length: BUNDLE_BOXES_MAX }, (_, n) => ({
      secret: filled(n),
      providerId: nodeId(filled(n + 1)),
      until: milliseconds(n),
      isGood: n % 2 === 0,
    })),
    extra: filled(3, BUNDLE_EXTRA_BYTES_MAX),
  };
  const encoded = encodeBundle(bundle);
  assert.deepEqual(decodeBundle(encoded), bundle);
  const sealed = sealBundle(suite, filled(5, 16), encoded);
  assert.ok(sealed.length <= BUNDLE_BYTES_MAX, `${sealed.length} bytes`);
  assert.deepEqual(openBundle(suite, filled(5, 16), sealed), encoded);
  assert.equal(openBundle(suite, filled(6, 16), sealed), undefined);
  assert.throws(() => decodeBundle(encoded.subarray(0, -1)), { code: "MALFORMED" });
  assert.throws(() => encodeBundle({ ...bundle, extra: filled(3, BUNDLE_EXTRA_BYTES_MAX + 1) }), RangeError);
  const [box] = bundle.boxes;
  assert.ok(box !== undefined);
  assert.throws(() => encodeBundle({ ...bundle, boxes: [...bundle.boxes, box] }), RangeError);
});

test("a sealed bundle has one length, so that a provider does not see of it how many people somebody knows", () => {
  const code = filled(5, 16);
  for (const length of [0, 1, 14_000]) {
    const bundle = filled(7, length);
    const sealed = sealBundle(suite, code, bundle);
    assert.equal(sealed.length, BUNDLE_BYTES_MAX);
    assert.deepEqual(openBundle(suite, code, sealed), bundle);
  }
  assert.throws(() => sealBundle(suite, code, filled(7, BUNDLE_BYTES_MAX - 17)), RangeError);
});

test("a sealed bundle of a later or an earlier form says so, and one whose version was changed does not open", () => {
  const code = filled(5, 16);
  const sealed = sealBundle(suite, code, filled(7, 100));
  assert.equal(sealed[0], 2);
  const ofVersion = (version: number) => Uint8Array.of(version, ...sealed.subarray(1));
  assert.deepEqual(openBundle(suite, code, ofVersion(2)), filled(7, 100));
  for (const later of [3, 255]) {
    assert.throws(() => openBundle(suite, code, ofVersion(later)), { code: "DEVICE_NEWER" });
  }
  assert.throws(() => openBundle(suite, code, ofVersion(1)), { code: "DEVICE_OLDER" });
  assert.equal(openBundle(suite, code, ofVersion(0)), undefined);
  assert.equal(openBundle(suite, code, new Uint8Array(0)), undefined);
});

test("a notice opens for whoever has the secret of before, in its own mailbox, and behind it may stand anything", () => {
  const o = { deviceSecret: filled(0x0b), salt: filled(0x0c), mailboxId: mailboxId(filled(3)) };
  const notice = sealNotice(suite, { ...o, next: ratchet });
  assert.equal(notice.length, NOTICE_BYTES);
  assert.ok(notice.length <= NOTICE_BYTES_MAX);
  const entry = new Uint8Array(2960).fill(9);
  entry.set(notice);
  assert.deepEqual(openNotice(suite, { ...o, entry }), ratchet);
  assert.equal(openNotice(suite, { ...o, deviceSecret: filled(1), entry }), undefined);
  assert.equal(openNotice(suite, { ...o, mailboxId: mailboxId(filled(4)), entry }), undefined);
});

test("a label has one length whatever the name, and opens for devices of the account, for the device that it names", () => {
  const key = { accountKey: filled(1), deviceKey: filled(4) };
  for (const name of ["", "Laptop", "ä".repeat(32)]) {
    const label = sealLabel(suite, { ...key, salt: filled(0x0c), name, since: milliseconds(1_800_000_000_000) });
    assert.equal(label.length, DEVICE_LABEL_BYTES);
    assert.ok(label.length <= DEVICE_LABEL_BYTES_MAX);
    assert.deepEqual(openLabel(suite, { ...key, label }), { name, since: 1_800_000_000_000 });
    assert.equal(openLabel(suite, { ...key, accountKey: filled(2), label }), undefined);
    assert.equal(openLabel(suite, { ...key, deviceKey: filled(5), label }), undefined, "another device's");
  }
  assert.equal(openLabel(suite, { ...key, label: new Uint8Array(0) }), undefined);
  const long = { ...key, salt: filled(0x0c), name: "a".repeat(65), since: milliseconds(0) };
  assert.throws(() => sealLabel(suite, long), RangeError);
});

test("a code comes back however it was typed, and anything else is none", () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(bytes, (code) => {
      const text = encodeDeviceCode(code);
      assert.deepEqual(decodeDeviceCode(text), code);
      assert.deepEqual(decodeDeviceCode(` ${text.toUpperCase().replaceAll("-", " ")}`), code);
    }),
  );
  const good = encodeDeviceCode(filled(0, 16));
  for (const wrong of ["", good.slice(1), `${good}a`, `1${good.slice(1)}`, `${good.slice(0, -1)}b`]) {
    assert.throws(() => decodeDeviceCode(wrong), { code: "MALFORMED" }, wrong);
  }
});

test("the specification's examples hold", () => {
  const code = Uint8Array.from({ length: 16 }, (_, i) => i);
  const token = deviceToken(suite, code);
  const notice = sealNotice(suite, {
    deviceSecret: filled(0x0b),
    salt: filled(0x0c),
    mailboxId: mailboxId(filled(3)),
    next: ratchet,
  });
  const label = sealLabel(suite, {
    accountKey: filled(1),
    deviceKey: filled(4),
    salt: filled(0x0c),
    name: "Laptop",
    since: milliseconds(1_800_000_000_000),
  });
  const { seed, next } = stepRatchet(suite, filled(0x0a));
  const examples: readonly [string, readonly string[]][] = [
    [
      "07-mailbox.md",
      [
        encodeDeviceCode(code),
        toHex(token),
        toHex(suite.blake2b(sealBundle(suite, code, filled(7, 100)))),
        toHex(deviceTokenHash(suite, token)),
        toHex(notice.slice(32)),
        toHex(label.slice(32)),
      ],
    ],
    ["01-message.md", [toHex(seed), toHex(next)]],
  ];
  for (const [page, values] of examples) {
    for (const value of values) assert.ok(spec(page).includes(value), `${page}: ${value}`);
  }
});

const spec = (page: string): string =>
  readFileSync(new URL(`../../../docs/spec/${page}`, import.meta.url), "utf8").replaceAll(/\s/g, "");
