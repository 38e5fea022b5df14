/** Whom budgets must never cut: devices that tick as docs/spec/04-traffic.md §2 says, also where they come, go and lose their line. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICES_PER_ACCOUNT_MAX } from "#provider-server/accounts/limits.ts";
import { Budgets } from "#provider-server/entry/budgets.ts";
import { BUDGET_BURST, BUDGETS_MAX } from "#provider-server/entry/limits.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, type PerSecond, seconds } from "#transport/core/units.ts";
import { Ticker } from "#transport/traffic/ticker.ts";

const ACCOUNT = 1;

for (const [name, profile] of Object.entries(LIVE_PARAMETERS.profiles)) {
  for (const law of ["poisson", "slot"] as const) {
    test(`${name}, ${law}: an account of three devices, one of which makes room for another every ten minutes, loses nothing in three hours, nor by lines that stand for 20 s`, async () => {
      const household = new Household();
      for (let n = 0; n < DEVICES_PER_ACCOUNT_MAX; n++) household.join(n, law, profile);
      for (let n = DEVICES_PER_ACCOUNT_MAX; n < DEVICES_PER_ACCOUNT_MAX + 18; n++) {
        await household.clock.runFor(seconds(580));
        household.isHeld = true;
        await household.clock.runFor(seconds(20));
        household.letGo();
        household.remove(n - DEVICES_PER_ACCOUNT_MAX);
        household.join(n, law, profile);
      }
      assert.ok(household.passed > 0.9 * 3 * 3 * 3600 * (profile.sendRate + profile.pollRate));
      assert.equal(household.cut, 0);
    });
  }
}

test("a device's burst is its account's as well, which three of them use up, and a fourth finds what has come since", () => {
  const budgets = new Budgets(LIVE_PARAMETERS);
  const burst = (n: number, at: number): number =>
    Array.from({ length: 2 * BUDGET_BURST }, () => send(budgets, n, at)).filter(Boolean).length;
  assert.deepEqual(
    [0, 1, 2, 3].map((n) => burst(n, 0)),
    [BUDGET_BURST, BUDGET_BURST, BUDGET_BURST, 0],
  );
  assert.equal(burst(4, 1000), DEVICES_PER_ACCOUNT_MAX, "one a second for each that there may be");
});

test("accounts that have been quiet are forgotten before anybody is turned away", () => {
  const budgets = new Budgets(LIVE_PARAMETERS);
  const take = (account: number, at: number): boolean => budgets.takeOfAccount(account, "send", milliseconds(at));
  for (let account = 0; account < BUDGETS_MAX; account++) assert.ok(take(account, 0));
  assert.equal(take(BUDGETS_MAX, 0), false);
  assert.equal(take(BUDGETS_MAX, 60_000), true);
});

const send = (budgets: Budgets, device: number, at: number): boolean => {
  const now = milliseconds(at);
  return budgets.takeOfDevice(Uint8Array.of(device), "send", now) && budgets.takeOfAccount(ACCOUNT, "send", now);
};

/** Devices of one account on one line. */
class Household {
  readonly clock = new VirtualClock({ start: milliseconds(1e12) });
  passed = 0;
  cut = 0;
  /** What leaves comes later. */
  isHeld = false;
  #held: (() => void)[] = [];
  readonly #budgets = new Budgets(LIVE_PARAMETERS);
  readonly #tickers = new Map<number, Ticker[]>();

  join(device: number, law: "poisson" | "slot", rates: { sendRate: PerSecond; pollRate: PerSecond }): void {
    const ticker = (kind: "send" | "poll", rate: PerSecond): Ticker =>
      new Ticker({
        clock: this.clock,
        random: new SeededRandom(`${device} ${kind}`),
        law,
        pace: { at: () => ({ rate, until: undefined }) },
        tick: () => this.#leave(() => this.#arrive(device, kind)),
      });
    const tickers = [ticker("send", rates.sendRate), ticker("poll", rates.pollRate)];
    this.#tickers.set(device, tickers);
    for (const one of tickers) one.start();
  }

  remove(device: number): void {
    for (const ticker of this.#tickers.get(device) ?? []) ticker.stop();
    this.#tickers.delete(device);
  }

  letGo(): void {
    this.isHeld = false;
    for (const arrive of this.#held.splice(0)) arrive();
  }

  #leave(arrive: () => void): void {
    if (this.isHeld) this.#held.push(arrive);
    else arrive();
  }

  #arrive(device: number, kind: "send" | "poll"): void {
    const now = this.clock.now();
    const hasPassed =
      this.#budgets.takeOfDevice(Uint8Array.of(device), kind, now) && this.#budgets.takeOfAccount(ACCOUNT, kind, now);
    if (hasPassed) this.passed++;
    else this.cut++;
  }
}
