/** A provider's accounts in memory, and somebody with one device who asks them. */

import assert from "node:assert/strict";
import { type AccountRequest, Accounts, type SignUpPolicy } from "#provider-server/accounts/accounts.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { type MailboxRecord, signMailboxRecord } from "#transport/directory/mailbox-record.ts";
import { decodeDeviceList } from "#transport/link/control.ts";
import { deviceTokenHash } from "#transport/link/device-token.ts";

export const suite = await loadSuite("x25519", "native");
export const DAY = 86_400_000;
export const providerId = nodeId(new Uint8Array(32).fill(2));
export const device = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const accountSeed = (name: string): Uint8Array => new SeededRandom(name).bytes(32);

export function setUp(signUpPolicy: SignUpPolicy = { policy: "open" }) {
  const clock = new VirtualClock({ start: milliseconds(20_000 * DAY) });
  const database = new ProviderDatabase(":memory:");
  const random = new SeededRandom("mailboxes");
  const domain = "a.example";
  const notices: Uint8Array[] = [];
  /** Whether the provider knows that its clock is right. */
  const known = { isSure: true };
  const accounts = new Accounts({
    database,
    clock,
    random,
    primitives: suite,
    providerId,
    domain,
    certainTime: () => (known.isSure ? clock.now() : undefined),
    signUp: signUpPolicy,
    notify: (_, notice) => notices.push(notice) > 0,
  });
  const handle = (n: number, request: AccountRequest) => accounts.handle(device(n), request);
  const status = (n: number) => handle(n, { kind: "status", id: 0 }).account;
  return {
    clock,
    database,
    accounts,
    notices,
    known,
    handle,
    signUp: (n: number, localPart: string, invite = "") =>
      handle(n, {
        kind: "sign-up",
        id: 0,
        localPart,
        invite,
        accountKey: suite.ed25519.publicKey(accountSeed(localPart.toLowerCase())),
      }),
    recordOf: (n: number, name: string): MailboxRecord => {
      const account = status(n);
      assert.ok(account);
      return {
        ...account,
        mailboxKey: new Uint8Array(1216),
        validFrom: clock.now(),
        validUntil: milliseconds(clock.now() + 7 * DAY),
        certificate: new Uint8Array(10),
        accountKey: suite.ed25519.publicKey(accountSeed(name)),
      };
    },
    /** Signed by Alice unless `by` is given. */
    put: (n: number, record: MailboxRecord, by = "alice") => {
      const bytes = signMailboxRecord({ record, accountSeed: accountSeed(by), suite });
      const replyId = new Uint8Array(32).fill(n);
      return { record: bytes, result: handle(n, { kind: "put-record", id: 0, record: bytes, replyId }).result };
    },
  };
}

/** Device 1 of an account; what it and others ask. */
export function household() {
  const all = setUp();
  const { handle } = all;
  all.signUp(1, "alice");
  const bundle = new Uint8Array(300);
  return {
    ...all,
    offer: (n: number, by = 1) =>
      handle(by, { kind: "offer-device", id: 0, tokenHash: deviceTokenHash(suite, token(n)), bundle }).result,
    join: (n: number, with_: number) => handle(n, { kind: "join-device", id: 0, token: token(with_) }).result,
    name: (by: number, n: number) =>
      handle(by, { kind: "label-device", id: 0, deviceKey: device(n), label: new Uint8Array(123) }).result,
    remove: (by: number, deviceKey: Uint8Array) =>
      handle(by, { kind: "remove-device", id: 0, deviceKey, notice: new Uint8Array(100) }).result,
    listed: () =>
      rowsOf(handle)
        .map(({ isJoining, isUnfinished }) => (isUnfinished ? "unfinished" : isJoining ? "joining" : "in"))
        .toSorted(),
  };
}

export const rowsOf = (handle: ReturnType<typeof setUp>["handle"]) =>
  decodeDeviceList(handle(1, { kind: "list-devices", id: 0 }).body);
export const token = (n: number): Uint8Array => new Uint8Array(32).fill(n);
