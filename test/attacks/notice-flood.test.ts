/** A customer who lets devices in and removes them again without end: each removal is an entry, and no quota of mail counts it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Accounts } from "#provider-server/accounts/accounts.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { NOTICES_PER_MAILBOX_MAX } from "#provider-server/mailbox/limits.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { deviceTokenHash } from "#transport/link/device-token.ts";

const suite = await loadSuite("x25519", "native");
const OWNER = new Uint8Array(32).fill(1);
/** One that has been switched off. */
const OTHER = new Uint8Array(32).fill(3);

test("who removes devices without end fills no disk, and can remove again once the others have heard of it", async () => {
  const clock = new VirtualClock({ start: milliseconds(20_000 * 86_400_000) });
  const database = new ProviderDatabase(":memory:");
  const mailbox = new MailboxStore({
    database,
    clock,
    log: keptLog(clock).log,
    quota: { fragments: 10, replies: 3, boxFragments: 5, boxBytes: 1000 },
    roomSpan: milliseconds(1000),
    retention: seconds(1e6),
    knownTime: () => clock.now(),
    onDrop: (reason) => assert.fail(reason),
  });
  const accounts = new Accounts({
    database,
    clock,
    random: new SeededRandom("mailboxes"),
    primitives: suite,
    providerId: nodeId(new Uint8Array(32).fill(2)),
    domain: "a.example",
    certainTime: () => clock.now(),
    signUp: { policy: "open" },
    notify: (id, notice) => mailbox.notify(id, notice),
  });
  accounts.handle(OWNER, { kind: "sign-up", id: 0, localPart: "alice", invite: "", accountKey: OWNER });
  const letIn = (deviceKey: Uint8Array, n: number): void => {
    const token = new SeededRandom(`token ${n}`).bytes(32);
    const tokenHash = deviceTokenHash(suite, token);
    accounts.handle(OWNER, { kind: "offer-device", id: 0, tokenHash, bundle: new Uint8Array(9) });
    accounts.handle(deviceKey, { kind: "join-device", id: 0, token });
  };
  const removeOne = (n: number): string => {
    const deviceKey = new SeededRandom(`device ${n}`).bytes(32);
    letIn(deviceKey, n);
    const { result } = accounts.handle(OWNER, { kind: "remove-device", id: 0, deviceKey, notice: new Uint8Array(9) });
    assert.equal(accounts.isDevice(deviceKey), result !== "OK", "removed and told of, or neither");
    return result;
  };
  letIn(OTHER, -1);
  accounts.handle(OTHER, { kind: "label-device", id: 0, deviceKey: OTHER, label: new Uint8Array(9) });
  for (let n = 0; n < NOTICES_PER_MAILBOX_MAX; n++) {
    assert.equal(removeOne(n), "OK");
    // Whoever removes one collects the notice of the last first.
    const early = accounts.handle(OWNER, { kind: "remove-device", id: 0, deviceKey: OTHER, notice: new Uint8Array(9) });
    assert.deepEqual([early.result, accounts.isDevice(OTHER)], ["UNAVAILABLE", true]);
    mailbox.next({ deviceKey: OWNER, cursor: n + 1 });
    await clock.runFor(seconds(1));
  }
  assert.equal(removeOne(NOTICES_PER_MAILBOX_MAX), "UNAVAILABLE");
  const waiting = (): unknown => database.prepare("SELECT COUNT(*) AS count FROM entries").get()?.["count"];
  assert.equal(waiting(), NOTICES_PER_MAILBOX_MAX);
  // The one that could not be removed did not finish either; a day later who has heard of those before removes again.
  await clock.runFor(seconds(86_400));
  accounts.handle(OWNER, { kind: "status", id: 0 });
  mailbox.next({ deviceKey: OTHER, cursor: NOTICES_PER_MAILBOX_MAX });
  await clock.runFor(seconds(1));
  assert.equal(waiting(), 0);
  assert.equal(removeOne(NOTICES_PER_MAILBOX_MAX + 1), "OK");
  mailbox.stop();
  database.close();
});
