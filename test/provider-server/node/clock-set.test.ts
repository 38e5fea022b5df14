/** A provider's clock is set a month ahead, and put right after some minutes: nothing is lost that a wrong clock could cost. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { runningMemory } from "#test/support/running-memory.ts";
import { GENESIS, SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { milliseconds, perSecond, seconds, surbId } from "#transport/core/units.ts";

const DAY = 24 * 3600 * 1000;

test("mail that waits is not deleted by a clock that is set a month ahead, nor what another device has not collected", async (t) => {
  const { net, clock, provider } = await started(t);
  const one = await TestDevice.connect(net, { name: "one", provider: "b" });
  const { account } = await one.signUp("bob");
  assert.ok(account);
  const second = new Uint8Array(32).fill(7);
  const day = Math.floor(clock.now() / DAY);
  net.databases[1]
    ?.prepare("INSERT INTO devices (device_key, mailbox, polled_day) SELECT ?, mailbox, ? FROM devices")
    .run(second, day);
  const put = (n: number): void =>
    provider.mailbox.deliver({
      mailboxId: account.mailboxId,
      kind: "fragment",
      surbId: surbId(new Uint8Array(16)),
      body: new Uint8Array(9).fill(n),
      hash: new Uint8Array(16).fill(n),
    });
  put(1);
  await net.clock.runFor(seconds(1));
  clock.error = 40 * DAY;
  await net.clock.runFor(seconds(30));
  put(2);
  await net.clock.runFor(seconds(1));
  provider.mailbox.next({ deviceKey: one.key, cursor: 1 });
  await net.clock.runFor(seconds(200));
  clock.error = 0;
  await net.clock.runFor(seconds(200));
  assert.equal(provider.mailbox.next({ deviceKey: second, cursor: 0 })?.seq, 1);
  assert.equal(provider.mailbox.next({ deviceKey: second, cursor: 1 })?.seq, 2);
  // Both run out when their time is over.
  await net.clock.runFor(seconds(1.3 * 3600));
  assert.equal(provider.mailbox.next({ deviceKey: second, cursor: 0 }), undefined);
});

test("mail is not deleted by a clock that is set, in the seconds until the node looks at it", async (t) => {
  const { net, clock, provider } = await started(t);
  const device = await TestDevice.connect(net, { name: "one", provider: "b" });
  const { account } = await device.signUp("bob");
  assert.ok(account);
  provider.mailbox.deliver({
    mailboxId: account.mailboxId,
    kind: "fragment",
    surbId: surbId(new Uint8Array(16)),
    body: new Uint8Array(9),
    hash: new Uint8Array(16),
  });
  // It may go when the second hour from now has begun: a minute and a half after the provider sweeps here.
  const sweep = milliseconds(GENESIS - 10_000 + 72 * 60_000);
  await net.clock.runUntil(milliseconds(sweep - 1));
  clock.error = 100_000;
  await net.clock.runFor(milliseconds(10));
  clock.error = 0;
  assert.equal(provider.mailbox.next({ deviceKey: device.key, cursor: 0 })?.seq, 1);
  await net.clock.runFor(seconds(180));
  assert.equal(provider.mailbox.next({ deviceKey: device.key, cursor: 0 }), undefined, "when its time is over");
});

test("a provider refuses the record of a coming key while it knows the time, and only then", async (t) => {
  const { net, clock } = await started(t);
  const device = await TestDevice.connect(net, { name: "one", provider: "b" });
  const { account } = await device.signUp("bob");
  assert.ok(account);
  const replyId = new Uint8Array(32).fill(9);
  const put = async (ahead: number): Promise<string> => {
    const { mailboxId: mailbox } = account;
    const { result } = await device.publish({ name: "bob", provider: "b", mailbox, replyId, ahead });
    return result;
  };
  const hour = 3_600_000;
  assert.equal(await put(0), "OK");
  assert.equal(await put(hour), "BAD_RECORD");
  for (const error of [hour, -hour]) {
    clock.error = error;
    await net.clock.runFor(seconds(1));
    assert.equal(await put(0), "OK", "by its own clock it would not know");
    clock.error = 0;
  }
  clock.error = -hour;
  assert.equal(await put(hour), "OK");
});

test("a node keeps the keys that it has named while the authorities say that its clock is wrong", async (t) => {
  const { net, clock } = await started(t);
  for (const error of [2 * 3600 * 1000, 40 * DAY, -DAY]) {
    clock.error = error;
    await net.clock.runFor(seconds(70));
    clock.error = 0;
    await net.clock.runFor(seconds(300));
  }
  const named = new Map<number, Set<string>>();
  for (const { descriptor } of net.authority.published.filter((one) => one.descriptor.operator === "b"))
    for (const [epoch, key] of descriptor.mixKeys) named.set(epoch, (named.get(epoch) ?? new Set()).add(toHex(key)));
  assert.ok(named.size > 8);
  for (const [epoch, keys] of named) assert.equal(keys.size, 1, `of epoch ${epoch} it named ${keys.size} keys`);
});

async function started(t: TestContext) {
  let clock: WrongClock | undefined;
  const net = await SmallNetwork.create({
    parameters: { ...SMALL_PARAMETERS, retention: seconds(3600), nodeLoopRate: perSecond(1 / 3600) },
    clockOf: (name, truth) => (name === "b" ? (clock ??= new WrongClock(truth)) : truth),
    clockMemoryOf: (name, truth) =>
      name === "b" ? runningMemory(t, () => milliseconds(truth.now() - GENESIS + DAY)) : undefined,
  });
  t.after(() => net.stop());
  await net.start();
  const provider = net.providers[1];
  assert.ok(clock && provider);
  return { net, clock, provider };
}
