/** What a client keeps of its account, when several things change at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { Account, type AccountDeps } from "#transport/client/account.ts";
import type { ControlQuestion } from "#transport/client/control-channel.ts";
import { partOf } from "#transport/client/key-generations.ts";
import { MailboxKeys } from "#transport/client/mailbox-keys.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { mailboxId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { MAILBOX_KEY_BYTES } from "#transport/directory/mailbox-record.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";

const suite = await loadSuite("x25519", "native");
const NEVER: never = new Proxy({}, { get: () => assert.fail("nobody is asked") }) as never;

test("of what is changed at once nothing is lost: a new list's guards do not put the profile back that was just chosen", async () => {
  const { account, store } = await opened();
  const guards = [{ nodeId: nodeId(new Uint8Array(32).fill(9)), since: milliseconds(5) }];
  const certificate = new Uint8Array([7]);
  await Promise.all([
    account.save({ profile: "chat" }),
    account.save({ guards }),
    account.save({ certificate }),
    account.save({ recordUntil: milliseconds(99) }),
  ]);
  for (const kept of [account.stored, await store.account()]) {
    assert.ok(kept);
    assert.deepEqual(
      [kept.profile, kept.guards, kept.certificate, kept.recordUntil],
      ["chat", guards, certificate, 99],
    );
  }
});

test("a change that the disk refuses has not happened, and those behind it have", async () => {
  const { account, store } = await opened();
  store.refusal = new Error("full");
  await assert.rejects(account.save({ profile: "chat" }), /full/);
  store.refusal = undefined;
  await account.save({ recordUntil: milliseconds(99) });
  assert.deepEqual([account.stored?.profile, account.stored?.recordUntil], ["mail", 99]);
});

test("a record is published once in each part of its key's lifetime, at a random moment that nothing else moves", async () => {
  const part = partOf(LIVE_PARAMETERS);
  const key = {
    publicKey: new Uint8Array(MAILBOX_KEY_BYTES),
    validFrom: milliseconds(0),
    validUntil: milliseconds(1e12),
  };
  const places: number[] = [];
  for (let n = 0; n < 20; n++) {
    const clock = new VirtualClock({ start: milliseconds(10 * part) });
    const times: number[] = [];
    const forgotten: number[] = [];
    const ask = async (): Promise<undefined> => void times.push(clock.now());
    const { account } = await opened({
      clock,
      schedule: new SeededRandom(`client ${n}`),
      control: { ask } as unknown as AccountDeps["control"],
      mailboxKeys: {
        current: key,
        renew: async () => key,
        erase: async () => undefined,
        isClockGood: true,
      } as unknown as AccountDeps["mailboxKeys"],
    });
    await account.save({ recordUntil: key.validUntil });
    account.start(async (before) => void forgotten.push(clock.now() - before));
    await clock.runFor(milliseconds(5 * part));
    account.stop();
    assert.deepEqual(
      times.map((time) => Math.floor(time / part)),
      [11, 12, 13, 14],
    );
    assert.deepEqual(forgotten, Array(4).fill(2 * LIVE_PARAMETERS.retention), "with each, what is two retentions old");
    places.push(...times.map((time) => (time % part) / part));
  }
  const sorted = places.toSorted((a, b) => a - b);
  // Kolmogorov and Smirnov at one in a thousand; the seeds are fixed.
  const gap = Math.max(...sorted.map((place, i) => Math.abs(place - (i + 0.5) / sorted.length)));
  assert.ok(gap < 1.95 / Math.sqrt(sorted.length), `${gap} from even`);
});

test("while the clock may be wrong no record is published: that of a coming pair would stand before the right one", async () => {
  const clock = new VirtualClock({ start: milliseconds(1_800_000_000_000) });
  const clockIs = { good: false };
  const control = { ask: async () => void times.push(clock.now()) } as unknown as AccountDeps["control"];
  const times: number[] = [];
  const store = new MemoryClientStore();
  const random = new SeededRandom("keys");
  const geometry = geometryOf({ suite: "x25519", packetBytes: 4096 });
  const isClockGood = (): boolean => clockIs.good;
  const shared = { clock, suite, parameters: LIVE_PARAMETERS, store };
  const mailboxKeys = new MailboxKeys({ ...shared, geometry, random, isClockGood });
  const { account } = await opened({ clock, control, mailboxKeys }, store);
  account.start((time) => store.prune(time));
  await clock.runFor(seconds(3600));
  assert.deepEqual(times, []);
  clockIs.good = true;
  await clock.runFor(seconds(1200));
  account.stop();
  assert.equal(times.length, 1);
});

test("each device has a place for replies of its own, which stays and of which nobody else can know", async () => {
  const [laptop, phone] = [await opened(), await opened({ keys: new SeededRandom("phone") })];
  assert.deepEqual(laptop.account.stored?.accountKey, phone.account.stored?.accountKey, "one account");
  const { replyTo } = laptop.account;
  assert.equal(replyTo.length, 32);
  assert.notDeepEqual(replyTo, phone.account.replyTo);
  const again = await opened({}, laptop.store);
  assert.deepEqual(again.account.replyTo, replyTo, "also for a device that joins again");
  assert.equal(again.account.stored?.recordUntil, 0, "which tells it anew");
  const next = accountOn(laptop.store);
  await next.load();
  assert.deepEqual(next.replyTo, replyTo);
});

test("a store of before replies came to devices gets a place for them, which the provider is told soon", async () => {
  const { store } = await opened();
  const { replyId: _, ...before } = (await store.account()) ?? assert.fail();
  const validUntil = milliseconds(1e12);
  await store.saveAccount({ ...before, recordUntil: validUntil });
  const told: ControlQuestion[] = [];
  const ask = async (question: ControlQuestion): Promise<undefined> => void told.push(question);
  const clock = new VirtualClock();
  const key = { publicKey: new Uint8Array(MAILBOX_KEY_BYTES), validFrom: milliseconds(0), validUntil };
  const account = accountOn(store, {
    clock,
    control: { ask } as unknown as AccountDeps["control"],
    mailboxKeys: {
      current: key,
      renew: async () => key,
      erase: async () => undefined,
      isClockGood: true,
    } as unknown as AccountDeps["mailboxKeys"],
  });
  await account.load();
  assert.deepEqual((await store.account())?.replyId, account.replyTo);
  account.start((time) => store.prune(time));
  await clock.runFor(seconds(1200));
  account.stop();
  assert.deepEqual(
    told.map((question) => question.kind === "put-record" && question.replyId),
    [account.replyTo],
  );
});

async function opened(
  given: Partial<AccountDeps> = {},
  store = new MemoryClientStore(),
): Promise<{ account: Account; store: MemoryClientStore }> {
  const account = accountOn(store, given);
  await account.load();
  const address = "a@a.example";
  await account.enter({
    opened: { address, providerId: nodeId(new Uint8Array(32)), mailboxId: mailboxId(new Uint8Array(32)) },
    accountKey: new Uint8Array(32).fill(1),
    certificate: new Uint8Array(0),
    profile: "mail",
    guards: [],
  });
  return { account, store };
}

function accountOn(store: MemoryClientStore, given: Partial<AccountDeps> = {}): Account {
  const random = new SeededRandom("account");
  return new Account({
    clock: new VirtualClock(),
    schedule: random,
    keys: random,
    suite,
    parameters: LIVE_PARAMETERS,
    store,
    control: NEVER,
    mailboxKeys: NEVER,
    ...given,
  });
}
