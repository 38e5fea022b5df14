/** Devices that are removed one after the other, and what those that are left are told. Spec: docs/spec/07-mailbox.md §2.5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { Account } from "#transport/client/account.ts";
import type { ControlChannel } from "#transport/client/control-channel.ts";
import { Devices } from "#transport/client/devices.ts";
import { BUNDLE_KEYS_MAX } from "#transport/client/limits.ts";
import { MailboxKeys } from "#transport/client/mailbox-keys.ts";
import type { MailboxRatchet } from "#transport/client/store.ts";
import type { TransportErrorCode } from "#transport/core/errors.ts";
import { LIVE_PARAMETERS as parameters } from "#transport/core/parameters.ts";
import { mailboxId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";

const suite = await loadSuite("x25519", "native");
const geometry = geometryOf({ suite: "x25519", packetBytes: 4096 });
const PHONE = new Uint8Array(32).fill(1);
const isClockGood = (): boolean => true;
const TABLET = new Uint8Array(32).fill(2);

test("two devices removed one after the other: the second cannot make the keys that follow, though it heard of the first", async () => {
  const { clock, laptop, tablet, notices } = await household();
  await laptop.devices.remove(PHONE);
  // The tablet collects it before the laptop does.
  await tablet.devices.noticed(notices[0] as Uint8Array);
  const second = laptop.devices.remove(TABLET);
  await clock.runFor(seconds(5));
  await laptop.devices.noticed(notices[0] as Uint8Array);
  await clock.runUntilSettled(second, seconds(5));
  await laptop.devices.noticed(notices[1] as Uint8Array);
  assert.notDeepEqual(laptop.keys.ratchet?.secret, tablet.keys.ratchet?.secret);
});

test("a removal whose notice does not come out of the mailbox holds the next one up, and that is told", async () => {
  const { clock, laptop, notices } = await household();
  await laptop.devices.remove(PHONE);
  const second = assert.rejects(laptop.devices.remove(TABLET), { code: "PROVIDER_DOWN" });
  await clock.runFor(seconds(120));
  await second;
  assert.equal(notices.length, 1, "nobody was removed");
});

test("a removal that the provider refused holds nothing up", async () => {
  const { laptop, provider, notices } = await household();
  provider.isDown = true;
  await assert.rejects(laptop.devices.remove(PHONE), /down/);
  provider.isDown = false;
  await laptop.devices.remove(PHONE);
  assert.equal(notices.length, 1);
});

test("by a clock that may be wrong no device is removed, and nobody is told of keys of another time", async () => {
  const { clock, laptop, list, notices } = await household();
  for (const problem of ["CLOCK_WRONG", "NO_CONSENSUS", "CONSENSUS_STALE"] as const) {
    list.problem = problem;
    await assert.rejects(laptop.devices.remove(PHONE), { code: problem });
  }
  assert.equal(notices.length, 0);
  list.problem = undefined;
  await laptop.devices.remove(PHONE);
  // While it waits for the notice of the one before, the clock is set.
  const second = assert.rejects(laptop.devices.remove(TABLET), { code: "CLOCK_WRONG" });
  list.problem = "CLOCK_WRONG";
  await laptop.devices.noticed(notices[0] as Uint8Array);
  await clock.runFor(seconds(120));
  await second;
  assert.equal(notices.length, 1);
});

test("after many removals a device can still be let in, with the keys that are newest", async () => {
  const { clock, laptop, notices } = await household();
  for (let day = 1; day <= 60; day++) {
    await clock.runFor(seconds(86_400));
    await laptop.keys.makeReady();
    if (day % 5 !== 0) continue;
    await laptop.devices.remove(PHONE);
    await laptop.devices.noticed(notices.at(-1) as Uint8Array);
  }
  assert.ok(laptop.keys.all.length > BUNDLE_KEYS_MAX);
  assert.match(await laptop.devices.offer(new Uint8Array(0)), /^[a-z2-7-]+$/);
});

/** Two devices of one account with the same secrets, and a provider that keeps notices. */
async function household() {
  const clock = new VirtualClock({ start: milliseconds(1_800_000_000_000) });
  const notices: Uint8Array[] = [];
  const provider = { isDown: false };
  const list: { problem: TransportErrorCode | undefined } = { problem: undefined };
  const requestUnlessBusy: ControlChannel["requestUnlessBusy"] = async (question) => {
    if (provider.isDown) throw new Error("down");
    if (question.kind === "remove-device") notices.push(question.notice);
    return { id: 1, result: "OK", body: new Uint8Array(0) };
  };
  const ask: ControlChannel["ask"] = async (question) => (await requestUnlessBusy(question))?.account;
  const control = { ask, requestUnlessBusy } as ControlChannel;
  const device = (name: string) => {
    const [store, random] = [new MemoryClientStore(), new SeededRandom(name)];
    const keys = new MailboxKeys({ clock, suite, geometry, parameters, store, random, isClockGood });
    const shared = { clock, suite, parameters, control, mailboxKeys: keys, store };
    const account = new Account({ ...shared, schedule: random, keys: random });
    return { keys, account, devices: new Devices({ ...shared, keys: random, account, problem: () => list.problem }) };
  };
  const [laptop, tablet] = [device("laptop"), device("tablet")];
  await laptop.keys.renew();
  await tablet.keys.adopt(structuredClone(laptop.keys.ratchet as MailboxRatchet), structuredClone(laptop.keys.all));
  for (const { account } of [laptop, tablet]) {
    await account.enter({
      opened: {
        address: "a@a.example",
        providerId: nodeId(new Uint8Array(32)),
        mailboxId: mailboxId(new Uint8Array(32)),
      },
      accountKey: new Uint8Array(32).fill(3),
      certificate: new Uint8Array(0),
      profile: "mail",
      guards: [],
    });
  }
  return { clock, laptop, tablet, list, notices, provider };
}
