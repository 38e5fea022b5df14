/**
 * The budgets of all devices, by key, and of the accounts that they belong to: neither a new link nor a new device brings an
 * account more. Spec: docs/spec/07-mailbox.md §1.3
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Milliseconds, type PerSecond, perSecond } from "#transport/core/units.ts";
import { DEVICES_PER_ACCOUNT_MAX } from "../accounts/limits.ts";
import { Budget } from "./budget.ts";
import { BUDGET_BURST, BUDGET_SLACK, BUDGETS_MAX, CONSENSUS_BUDGET, CONTROL_BUDGET } from "./limits.ts";

export type Budgeted = "send" | "poll" | "getConsensus" | "control";

export class Budgets {
  readonly #devices: Kept<string>;
  readonly #accounts: Kept<number>;

  /** Any profile may be in use and only the device knows which: the fastest one counts. */
  constructor(parameters: Parameters) {
    const profiles = Object.values(parameters.profiles);
    const rates = {
      send: fastest(profiles.map((profile) => profile.sendRate)),
      poll: fastest(profiles.map((profile) => profile.pollRate)),
      getConsensus: CONSENSUS_BUDGET,
      control: CONTROL_BUDGET,
    };
    this.#devices = new Kept(rates);
    // What so many devices may do together: as long as they stay the same, none of them is cut by what the others do.
    this.#accounts = new Kept({
      send: forAll(rates.send),
      poll: forAll(rates.poll),
      getConsensus: forAll(rates.getConsensus),
      control: forAll(rates.control),
    });
  }

  /** False when the device has sent too many frames of this kind. */
  takeOfDevice(deviceKey: Uint8Array, kind: Budgeted, now: Milliseconds): boolean {
    return this.#devices.take(toHex(deviceKey), kind, now);
  }

  /** False when the devices of the account, also those that have been removed since, have sent too many of this kind together. */
  takeOfAccount(account: number, kind: Budgeted, now: Milliseconds): boolean {
    return this.#accounts.take(account, kind, now);
  }
}

type Rates = Readonly<Record<Budgeted, Rate>>;

interface Rate {
  readonly rate: PerSecond;
  readonly burst: number;
}

/** Budgets under a name, each begun full. */
class Kept<Name> {
  readonly #rates: Rates;
  readonly #budgets = new Map<Name, Record<Budgeted, Budget>>();

  constructor(rates: Rates) {
    this.#rates = rates;
  }

  take(name: Name, kind: Budgeted, now: Milliseconds): boolean {
    let budgets = this.#budgets.get(name);
    if (budgets === undefined) {
      if (this.#budgets.size >= BUDGETS_MAX) this.#forgetFull(now);
      if (this.#budgets.size >= BUDGETS_MAX) return false;
      budgets = this.#begin(now);
      this.#budgets.set(name, budgets);
    }
    return budgets[kind].take(now);
  }

  #begin(now: Milliseconds): Record<Budgeted, Budget> {
    const budget = (kind: Budgeted): Budget => new Budget({ ...this.#rates[kind], now });
    return {
      send: budget("send"),
      poll: budget("poll"),
      getConsensus: budget("getConsensus"),
      control: budget("control"),
    };
  }

  #forgetFull(now: Milliseconds): void {
    for (const [name, budgets] of this.#budgets) {
      if (Object.values(budgets).every((budget) => budget.isFull(now))) this.#budgets.delete(name);
    }
  }
}

function fastest(rates: readonly PerSecond[]): Rate {
  return { rate: perSecond(BUDGET_SLACK * Math.max(...rates)), burst: BUDGET_BURST };
}

function forAll({ rate, burst }: Rate): Rate {
  return { rate: perSecond(DEVICES_PER_ACCOUNT_MAX * rate), burst: DEVICES_PER_ACCOUNT_MAX * burst };
}
