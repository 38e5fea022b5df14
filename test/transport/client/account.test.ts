/** What a client keeps of its account, when several things change at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { Account } from "#transport/client/account.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

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

async function opened(): Promise<{ account: Account; store: MemoryClientStore }> {
  const store = new MemoryClientStore();
  const random = new SeededRandom("account");
  const account = new Account({
    clock: new VirtualClock(),
    schedule: random,
    keys: random,
    suite,
    parameters: LIVE_PARAMETERS,
    store,
    control: NEVER,
    mailboxKeys: NEVER,
  });
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
