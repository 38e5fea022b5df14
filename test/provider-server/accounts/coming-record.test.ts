/** The record of a key that is not in force yet: it must not take the place of one that people write to. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { Account } from "#transport/client/account.ts";
import { ControlChannel } from "#transport/client/control-channel.ts";
import { MailboxKeys } from "#transport/client/mailbox-keys.ts";
import type { ProviderLink } from "#transport/client/provider-link.ts";
import type { MailboxRatchet } from "#transport/client/store.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds } from "#transport/core/units.ts";
import { verifyMailboxRecord } from "#transport/directory/mailbox-record.ts";
import { decodeControlRequest, encodeControlAnswer } from "#transport/link/control.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { DAY, device, household, setUp, suite } from "./household.ts";

const MINUTE = 60_000;

test("a record of a coming key is refused, and the one before it stands; ten minutes are what clocks may differ by", () => {
  const { signUp, put, recordOf, accounts } = setUp();
  signUp(1, "alice");
  const own = recordOf(1, "alice");
  const { record: bytes } = put(1, own);
  const from = (ahead: number) => put(1, { ...own, validFrom: milliseconds(own.validFrom + ahead) }).result;
  for (const ahead of [10 * MINUTE + 1, DAY, 6 * DAY]) assert.equal(from(ahead), "BAD_RECORD");
  assert.deepEqual(accounts.record("alice@a.example"), bytes);
  assert.equal(from(10 * MINUTE), "OK");
});

test("whose first record is of a coming key has it taken, also again, but none of a later one", () => {
  const { signUp, put, recordOf } = setUp();
  signUp(1, "alice");
  const own = recordOf(1, "alice");
  const coming = { ...own, validFrom: milliseconds(own.validFrom + DAY) };
  assert.equal(
    put(1, coming).result,
    "OK",
    "made by a clock that is ahead, before there is a list: the name would be lost",
  );
  assert.equal(put(1, { ...coming, certificate: new Uint8Array(11) }).result, "OK");
  assert.equal(put(1, { ...coming, validFrom: milliseconds(coming.validFrom + 1) }).result, "BAD_RECORD");
});

test("a provider that does not know the time takes the record of any", () => {
  const { signUp, put, recordOf, known } = setUp();
  signUp(1, "alice");
  const own = recordOf(1, "alice");
  assert.equal(put(1, own).result, "OK");
  known.isSure = false;
  assert.equal(put(1, { ...own, validFrom: milliseconds(own.validFrom + DAY) }).result, "OK");
});

test("a device that joins with its clock days ahead, while there is no list, shuts nobody out, keeps its keys and is heard once its clock is right", async () => {
  const { handle, accounts, clock, offer, join, name } = household();
  const client = (n: number) => {
    const shown = new WrongClock(clock);
    const store = new MemoryClientStore();
    const geometry = geometryOf({ suite: "x25519", packetBytes: 4096 });
    const shared = { clock: shown, suite, parameters: LIVE_PARAMETERS, store };
    const list = { isInForce: true };
    const random = new SeededRandom(`keys of ${n}`);
    const mailboxKeys = new MailboxKeys({ ...shared, geometry, random, isClockGood: () => list.isInForce });
    const link = {
      send: ({ body }: { body: Uint8Array }): boolean => {
        const answer = handle(n, decodeControlRequest(body) as Parameters<typeof handle>[1]);
        queueMicrotask(() => control.answered(encodeControlAnswer(answer)));
        return true;
      },
    } as unknown as ProviderLink;
    const control = new ControlChannel({ clock: shown, link, onNoAccount: () => undefined });
    const account = new Account({ ...shared, schedule: random, keys: random, control, mailboxKeys });
    return { shown, store, list, mailboxKeys, account };
  };
  const published = () => verifyMailboxRecord({ bytes: accounts.record("bob@a.example") as Uint8Array, suite });
  const one = client(2);
  await one.account.signUp({ localPart: "bob", invite: "", certificate: new Uint8Array(10) });
  // The coming pair is made three days before it is in force, and handed to who joins.
  await clock.runFor(milliseconds(2.5 * DAY));
  await one.account.upload();
  const { validFrom } = published();
  assert.equal(offer(1, 2), "OK");
  assert.equal(join(3, 1), "OK");
  assert.equal(name(3, 3), "OK");
  assert.ok(accounts.isDevice(device(3)));

  const two = client(3);
  two.list.isInForce = false;
  two.shown.error = 2.6 * DAY;
  await two.mailboxKeys.adopt(structuredClone(one.mailboxKeys.ratchet as MailboxRatchet), one.mailboxKeys.all);
  await two.account.enter((await one.store.account()) ?? assert.fail());
  await two.account.save({ replyId: new Uint8Array(32).fill(3) });
  const keys = await two.store.mailboxKeys();
  assert.equal(keys.length, 2);
  await assert.rejects(two.account.upload(), { code: "REFUSED" });
  assert.equal(published().validFrom, validFrom);
  assert.deepEqual(await two.store.mailboxKeys(), keys);
  await one.account.upload();

  two.account.start((before) => two.store.prune(before));
  two.shown.error = 0;
  two.list.isInForce = true;
  await clock.runFor(milliseconds(DAY / 24));
  two.account.stop();
  assert.equal(two.account.stored?.recordUntil, published().validUntil);
  assert.equal(published().validFrom, validFrom);
});
