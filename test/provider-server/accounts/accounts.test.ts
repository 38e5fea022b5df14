import assert from "node:assert/strict";
import { test } from "node:test";
import { createInvite } from "#provider-server/accounts/invites.ts";
import { canonicalLocalPart, isReserved, skeletonOf } from "#provider-server/accounts/local-part.ts";
import { MailboxTables } from "#provider-server/mailbox/mailbox-tables.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { milliseconds, nodeId, seconds, type SurbId } from "#transport/core/units.ts";
import { type MailboxRecord } from "#transport/directory/mailbox-record.ts";
import { decodeDeviceList } from "#transport/link/control.ts";
import { deviceTokenHash } from "#transport/link/device-token.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { DEVICES_PER_ACCOUNT_MAX } from "#provider-server/accounts/limits.ts";
import { DAY, device, setUp, suite, token } from "./household.ts";
import { DEVICES } from "../../../build/params/figures.ts";

test("a device signs up once; asking again finds the same account", () => {
  const { signUp } = setUp();
  const first = signUp(1, "Alice");
  assert.equal(first.result, "OK");
  assert.equal(first.account?.address, "alice@a.example");
  assert.deepEqual(signUp(1, "alice"), first);
  assert.equal(signUp(1, "bob").result, "REFUSED");
});

test("a name is given out once, whatever its dots and case, and reserved ones never", () => {
  const { signUp } = setUp({ policy: "open", reserved: ["boss"] });
  assert.equal(signUp(1, "alice").result, "OK");
  for (const name of ["alice", "ALICE", "a.lice", "ali-ce", "al_ice"])
    assert.equal(signUp(2, name).result, "NAME_TAKEN");
  for (const name of ["postmaster", "Post.Master", "abuse", "b-o-s-s"])
    assert.equal(signUp(2, name).result, "NAME_TAKEN");
  for (const name of ["", ".a", "a.", "a..b", "a b", "ä", "a".repeat(65), "a@b", "\u212a"]) {
    assert.equal(signUp(2, name).result, "NAME_INVALID", name);
  }
});

test("closed takes nobody, and invite takes a code as often as it was made for", () => {
  assert.equal(setUp({ policy: "closed" }).signUp(1, "alice").result, "REFUSED");
  const { signUp, database } = setUp({ policy: "invite" });
  const invite = createInvite(database, { uses: 2, random: new SeededRandom("code"), primitives: suite });
  assert.match(invite, /^[a-z2-7]{26}$/);
  assert.equal(signUp(1, "alice", "wrong").result, "BAD_INVITE");
  assert.equal(signUp(1, "alice", invite).result, "OK");
  assert.equal(signUp(2, "alice", invite).result, "NAME_TAKEN", "a taken name uses up nothing");
  assert.equal(signUp(2, "bob", invite.toUpperCase()).result, "OK");
  assert.equal(signUp(3, "carol", invite).result, "BAD_INVITE");
});

test("sign-ups that come by the hundred have to wait", async () => {
  const { signUp, clock } = setUp();
  const results = Array.from({ length: 130 }, (_, n) => signUp(n, `user${n}`).result);
  assert.equal(results.filter((result) => result === "UNAVAILABLE").length, 10);
  await clock.runFor(milliseconds(60_000));
  assert.equal(signUp(125, "user125").result, "OK");
});

test("who has no invitation cannot use up the minute's sign-ups, nor learn which names are taken", () => {
  const { signUp, database } = setUp({ policy: "invite" });
  const invite = createInvite(database, { uses: 2, random: new SeededRandom("code"), primitives: suite });
  assert.equal(signUp(1, "alice", invite).result, "OK");
  for (let n = 0; n < 200; n++) assert.equal(signUp(2, n % 2 === 0 ? "alice" : "free", "wrong").result, "BAD_INVITE");
  assert.equal(signUp(3, "bob", invite).result, "OK");
});

test("a record is taken from its owner and found under the address in any case", () => {
  const { signUp, put, accounts, recordOf } = setUp();
  signUp(1, "alice");
  const bytes = put(1, recordOf(1, "alice"));
  assert.equal(bytes.result, "OK");
  assert.deepEqual(accounts.record("ALICE@a.example"), bytes.record);
  assert.equal(accounts.record("alice@b.example"), undefined);
  assert.equal(accounts.record("bob@a.example"), undefined);
  assert.equal(accounts.record("alice"), undefined);
});

test("a record that is not the account's, is older, or would hold for years is refused", () => {
  const { signUp, put, recordOf, clock } = setUp();
  signUp(1, "alice");
  signUp(2, "bob");
  const own = recordOf(1, "alice");
  const wrong: MailboxRecord[] = [
    { ...own, address: "bob@a.example" },
    { ...own, mailboxId: recordOf(2, "bob").mailboxId },
    { ...own, providerId: nodeId(new Uint8Array(32)) },
    { ...own, validUntil: milliseconds(clock.now() + 63 * DAY) },
  ];
  for (const record of wrong) assert.equal(put(1, record).result, "BAD_RECORD");
  assert.equal(put(2, own).result, "BAD_RECORD");
  const { accountKey } = recordOf(1, "mallory");
  assert.equal(
    put(1, { ...own, accountKey }, "mallory").result,
    "BAD_RECORD",
    "soundly signed, by a key that is not Alice's",
  );
  assert.equal(put(9, own).result, "NO_ACCOUNT");
  assert.equal(put(1, own).result, "OK");
  assert.equal(put(1, { ...own, validFrom: milliseconds(own.validFrom - 1) }).result, "BAD_RECORD");
});

test("a device joins with a token that another device left the hash of, once, within a quarter of an hour; at most three", async () => {
  const { signUp, handle, accounts, clock } = setUp();
  signUp(1, "alice");
  const bundle = new Uint8Array(300).fill(7);
  const offer = (from: number, n: number) =>
    handle(from, { kind: "offer-device", id: 0, tokenHash: deviceTokenHash(suite, token(n)), bundle }).result;
  const join = (n: number, with_: number) => handle(n, { kind: "join-device", id: 0, token: token(with_) });
  assert.equal(offer(9, 1), "NO_ACCOUNT", "only a device of an account offers");
  assert.equal(join(2, 1).result, "REFUSED");
  assert.equal(offer(1, 1), "OK");
  assert.equal(join(2, 2).result, "REFUSED", "another token");
  assert.equal(accounts.isDevice(device(2)), false);
  const joined = join(2, 1);
  assert.deepEqual([joined.result, joined.body, joined.account?.address], ["OK", bundle, "alice@a.example"]);
  assert.deepEqual(join(2, 1).body, bundle, "the answer may have been lost: asking twice is safe");
  assert.equal(join(3, 1).result, "REFUSED", "one offer, one device");

  const label = new Uint8Array(123);
  assert.equal(handle(2, { kind: "label-device", id: 0, deviceKey: device(2), label }).result, "OK");
  assert.equal(offer(2, 3), "OK", "the new device lets in another");
  await clock.runFor(seconds(15 * 60));
  assert.equal(join(3, 3).result, "REFUSED", "too late");
  assert.equal(offer(2, 4), "OK");
  assert.equal(offer(1, 5), "OK");
  assert.equal(join(3, 4).result, "REFUSED", "a new offer replaces the one before");
  assert.equal(join(3, 5).result, "OK");
  assert.equal(offer(1, 6), "TOO_MANY_DEVICES");
});

test("a device is removed by another of its account, with what was on offer, and a notice for those that stay", () => {
  const { signUp, handle, accounts, notices } = setUp();
  signUp(1, "alice");
  signUp(20, "bob");
  const notice = new Uint8Array(100).fill(9);
  const remove = (by: number, n: number) =>
    handle(by, { kind: "remove-device", id: 0, deviceKey: device(n), notice }).result;
  const offer = () =>
    handle(1, { kind: "offer-device", id: 0, tokenHash: deviceTokenHash(suite, token(1)), bundle: notice }).result;
  offer();
  handle(2, { kind: "join-device", id: 0, token: token(1) });
  const listed = decodeDeviceList(handle(2, { kind: "list-devices", id: 0 }).body);
  assert.deepEqual(
    listed.map(({ isOwn }) => isOwn),
    [false, true],
  );
  assert.equal(remove(20, 2), "REFUSED", "of another account");
  assert.equal(offer(), "OK");
  assert.equal(remove(1, 2), "OK");
  assert.equal(accounts.isDevice(device(2)), false);
  assert.equal(
    handle(3, { kind: "join-device", id: 0, token: token(1) }).result,
    "REFUSED",
    "what was offered holds old secrets",
  );
  assert.deepEqual(notices, [notice]);
});

test("while a notice waits for a device it publishes no record: the key in it may be one that the others have given up", () => {
  const { signUp, put, recordOf, database } = setUp();
  signUp(1, "alice");
  signUp(2, "bob");
  const own = recordOf(1, "alice");
  const tables = new MailboxTables(database, { fragments: 10, replies: 10, boxFragments: 5, boxBytes: 1000 });
  const none = new Uint8Array(16) as SurbId;
  const body = new Uint8Array(100);
  assert.equal(
    tables.insert({ mailboxId: recordOf(2, "bob").mailboxId, kind: "notice", surbId: none, body, hash: none }, 0),
    "stored",
  );
  assert.equal(put(1, own).result, "OK", "another's notice is nothing to it");
  tables.insert({ mailboxId: own.mailboxId, kind: "fragment", surbId: none, body, hash: none }, 0);
  assert.equal(put(1, own).result, "OK", "nor is mail");
  tables.insert({ mailboxId: own.mailboxId, kind: "notice", surbId: none, body, hash: none }, 0);
  assert.equal(put(1, own).result, "UNAVAILABLE");
  database.prepare("UPDATE devices SET reply_id = NULL").run();
  assert.equal(put(1, own).result, "UNAVAILABLE");
  const [row] = database.prepare("SELECT reply_id FROM devices WHERE device_key = ?").all(device(1));
  assert.deepEqual(row?.["reply_id"], device(1), "where its answers come it may say all the same");
  tables.moveCursor({ deviceKey: device(1), cursor: 2, day: 1, activeSince: 0, span: 0 }, 10);
  assert.equal(put(1, own).result, "OK");
});

test("a device is given a label by any device of its account, which all of them find in the list", () => {
  const { signUp, handle } = setUp();
  signUp(1, "alice");
  signUp(20, "bob");
  const label = new Uint8Array(123).fill(5);
  const give = (by: number, n: number) =>
    handle(by, { kind: "label-device", id: 0, deviceKey: device(n), label }).result;
  const listed = () => decodeDeviceList(handle(1, { kind: "list-devices", id: 0 }).body);
  assert.deepEqual(listed()[0]?.label, new Uint8Array(0));
  assert.equal(give(9, 1), "NO_ACCOUNT");
  assert.equal(give(20, 1), "REFUSED", "of another account");
  assert.equal(give(1, 9), "REFUSED", "of no account");
  assert.deepEqual(listed()[0]?.label, new Uint8Array(0));
  assert.equal(give(1, 1), "OK");
  assert.deepEqual(listed()[0]?.label, label);
});

test("what was offered to a new device can be taken back by any device of the account, until somebody used it", async () => {
  const { signUp, handle, clock } = setUp();
  signUp(1, "alice");
  signUp(20, "bob");
  const bundle = new Uint8Array(300).fill(7);
  const offer = (n: number) =>
    handle(1, { kind: "offer-device", id: 0, tokenHash: deviceTokenHash(suite, token(n)), bundle }).result;
  const withdraw = (by: number) => handle(by, { kind: "withdraw-offer", id: 0 }).result;
  const join = (n: number) => handle(n, { kind: "join-device", id: 0, token: token(1) }).result;
  assert.equal(offer(1), "OK");
  assert.equal(withdraw(9), "NO_ACCOUNT");
  assert.equal(withdraw(20), "OK", "another account's own, of which there is none");
  assert.equal(withdraw(1), "OK");
  assert.equal(join(2), "REFUSED");
  assert.equal(offer(1), "OK");
  assert.equal(join(2), "OK");
  assert.equal(withdraw(1), "REFUSED", "somebody is in, and the owner is to know");
  assert.equal(join(2), "OK", "its answer may have been lost: asking again is safe all the same");
  await clock.runFor(seconds(15 * 60));
  assert.equal(withdraw(1), "OK", "it has ended");
  assert.equal(join(2), "REFUSED");
});

test("the devices that an account may have get nothing that they cannot collect, at either profile's rates", () => {
  assert.equal(DEVICES_PER_ACCOUNT_MAX, DEVICES, "with boxes: npm run params");
  for (const profile of Object.values(LIVE_PARAMETERS.profiles)) {
    const loops = DEVICES_PER_ACCOUNT_MAX * profile.sendRate * profile.loopShare;
    const mail = profile.sendRate * profile.payloadShare;
    assert.ok(loops + mail < profile.pollRate, `${loops} and ${mail} against ${profile.pollRate}`);
  }
});

test("a full disk answers that the provider is unavailable, and nothing is half done", () => {
  const { signUp, database, accounts } = setUp();
  database.limitPages(database.pages);
  const results = Array.from({ length: 100 }, (_, n) => signUp(n, `user${n}`.padEnd(60, "x")).result);
  const refused = results.indexOf("UNAVAILABLE");
  assert.ok(refused > 0);
  assert.equal(accounts.isDevice(device(refused)), false);
  database.limitPages(100_000);
  assert.equal(signUp(refused, `user${refused}`.padEnd(60, "x")).result, "OK");
});

test("names have one spelling, and skeletons forget separators only", () => {
  assert.equal(canonicalLocalPart("A.B-c_9"), "a.b-c_9");
  assert.equal(skeletonOf("a.b-c_9"), "abc9");
  assert.equal(isReserved("no.reply"), true);
  assert.equal(isReserved("noreplyx"), false);
});
