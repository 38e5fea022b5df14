import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { mailboxId, nodeId } from "#transport/core/units.ts";
import {
  CONTROL_RESULTS,
  type ControlAnswer,
  type ControlRequest,
  type ControlResult,
  decodeControlAnswer,
  decodeControlRequest,
  decodeDeviceList,
  encodeControlAnswer,
  encodeControlRequest,
  encodeDeviceList,
} from "#transport/link/control.ts";

const ACCOUNT_KEY = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ maxLength: 200 });
const id = fc.integer({ min: 0, max: 0xffff_ffff });
const name = fc.string({ unit: "grapheme-ascii", maxLength: 64 });
const request: fc.Arbitrary<ControlRequest> = fc.oneof(
  fc.record({ kind: fc.constant("sign-up" as const), id, localPart: name, invite: name, accountKey: bytes(32) }),
  fc.record({ kind: fc.constant("put-record" as const), id, record: some, replyId: bytes(32) }),
  fc.record({ kind: fc.constant("order-tokens" as const), id, order: some }),
  fc.record({ kind: fc.constant("offer-device" as const), id, tokenHash: bytes(32), bundle: some }),
  fc.record({ kind: fc.constant("remove-device" as const), id, deviceKey: bytes(32), notice: some }),
  fc.record({ kind: fc.constant("join-device" as const), id, token: bytes(32) }),
  fc.record({ kind: fc.constant("list-devices" as const), id }),
  fc.record({ kind: fc.constant("label-device" as const), id, deviceKey: bytes(32), label: some }),
  fc.record({ kind: fc.constant("withdraw-offer" as const), id }),
  fc.record({ kind: fc.constant("status" as const), id }),
);

test("every request and answer comes back as it was", () => {
  fc.assert(
    fc.property(request, (each) => assert.deepEqual(decodeControlRequest(encodeControlRequest(each)), { ...each })),
  );
  for (const result of Object.keys(CONTROL_RESULTS) as ControlResult[]) {
    const answer: ControlAnswer = { id: 7, result, body: Uint8Array.of(1, 2) };
    assert.deepEqual(decodeControlAnswer(encodeControlAnswer(answer)), answer);
  }
});

test("a request with a byte too many or too few, or of an unknown kind, is none", () => {
  fc.assert(
    fc.property(request, (each) => {
      const encoded = encodeControlRequest(each);
      assert.throws(() => decodeControlRequest(new Uint8Array([...encoded, 0])), { code: "MALFORMED" });
      assert.throws(() => decodeControlRequest(encoded.subarray(0, -1)), { code: "MALFORMED" });
    }),
  );
  assert.throws(() => decodeControlRequest(fromHex("7f00000001")), { code: "MALFORMED" });
});

test("bytes of any kind are read or refused, never anything else", () => {
  for (const decode of [decodeControlRequest, decodeControlAnswer]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (junk) => {
        try {
          decode(junk);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "MALFORMED");
        }
      }),
    );
  }
});

test("the specification's examples hold", async () => {
  const signUp: ControlRequest = {
    kind: "sign-up",
    id: 1,
    localPart: "alice",
    invite: "",
    accountKey: fromHex(ACCOUNT_KEY),
  };
  assert.equal(toHex(encodeControlRequest(signUp)), `01000000010005616c6963650000${ACCOUNT_KEY}`);
  const account = { address: "alice@a.example", providerId: nodeId(filled(2)), mailboxId: mailboxId(filled(3)) };
  const none = new Uint8Array(0);
  const answer = toHex(encodeControlAnswer({ id: 1, result: "OK", account, body: none }));
  assert.equal(answer, `000000010001000f616c69636540612e6578616d706c65${"02".repeat(32)}${"03".repeat(32)}0000`);
  assert.equal(toHex(encodeControlRequest({ kind: "status", id: 2 })), "0500000002");
  assert.equal(toHex(encodeControlAnswer({ id: 2, result: "NO_ACCOUNT", body: none })), "0000000205000000");
  const devices = [
    { deviceKey: filled(4), lastDay: 20_833, isOwn: true, isJoining: false, isUnfinished: false, label: none },
  ];
  assert.equal(toHex(encodeDeviceList(devices)), `01${"04".repeat(32)}00005161010000`);
});

test("a list of devices comes back as it was, and anything else is refused", () => {
  const device = fc.record({
    deviceKey: bytes(32),
    lastDay: fc.nat(),
    isOwn: fc.boolean(),
    isJoining: fc.boolean(),
    isUnfinished: fc.boolean(),
    label: some,
  });
  fc.assert(
    fc.property(fc.array(device, { maxLength: 16 }), (devices) => {
      const encoded = encodeDeviceList(devices);
      assert.deepEqual(
        decodeDeviceList(encoded),
        devices.map((each) => ({ ...each })),
      );
      assert.throws(() => decodeDeviceList(new Uint8Array([...encoded, 0])), { code: "MALFORMED" });
    }),
  );
  assert.throws(() => decodeDeviceList(Uint8Array.of(17)), { code: "MALFORMED" });
  assert.throws(() => decodeDeviceList(new Uint8Array([1, ...new Uint8Array(36), 8, 0, 0])), { code: "MALFORMED" });
});

function filled(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}
