/** The budgets of all devices, by key: a new link does not bring a new budget. Spec: docs/spec/07-mailbox.md §1.3 */

import { toHex } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Milliseconds, type PerSecond, perSecond } from "#transport/core/units.ts";
import { Budget } from "./budget.ts";
import { BUDGET_BURST, BUDGET_SLACK, BUDGETS_MAX, CONSENSUS_BUDGET, CONTROL_BUDGET } from "./limits.ts";

export type Budgeted = "send" | "poll" | "getConsensus" | "control";

export class DeviceBudgets {
  readonly #rates: Readonly<Record<Budgeted, { rate: PerSecond; burst: number }>>;
  readonly #devices = new Map<string, Record<Budgeted, Budget>>();

  /** Any profile may be in use and only the device knows which: the fastest one counts. */
  constructor(parameters: Parameters) {
    const profiles = Object.values(parameters.profiles);
    this.#rates = {
      send: fastest(profiles.map((profile) => profile.sendRate)),
      poll: fastest(profiles.map((profile) => profile.pollRate)),
      getConsensus: CONSENSUS_BUDGET,
      control: CONTROL_BUDGET,
    };
  }

  /** False when the device has sent too many frames of this kind. */
  take(deviceKey: Uint8Array, kind: Budgeted, now: Milliseconds): boolean {
    const id = toHex(deviceKey);
    let budgets = this.#devices.get(id);
    if (budgets === undefined) {
      if (this.#devices.size >= BUDGETS_MAX) this.#forgetFull(now);
      if (this.#devices.size >= BUDGETS_MAX) return false;
      budgets = this.#newBudgets(now);
      this.#devices.set(id, budgets);
    }
    return budgets[kind].take(now);
  }

  #newBudgets(now: Milliseconds): Record<Budgeted, Budget> {
    const budget = (kind: Budgeted): Budget => new Budget({ ...this.#rates[kind], now });
    return {
      send: budget("send"),
      poll: budget("poll"),
      getConsensus: budget("getConsensus"),
      control: budget("control"),
    };
  }

  #forgetFull(now: Milliseconds): void {
    for (const [id, budgets] of this.#devices) {
      if (Object.values(budgets).every((budget) => budget.isFull(now))) this.#devices.delete(id);
    }
  }
}

function fastest(rates: readonly PerSecond[]): { rate: PerSecond; burst: number } {
  return { rate: perSecond(BUDGET_SLACK * Math.max(...rates)), burst: BUDGET_BURST };
}
