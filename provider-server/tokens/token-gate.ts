/** Whether a request to a service may be answered: its token is of this provider's making and was not used before. Spec: docs/spec/13-tokens.md §6 */

import type { Clock } from "#transport/core/clock.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import { evaluateInput } from "#transport/crypto/blind-tokens.ts";
import type { Network } from "#transport/directory/model.ts";
import { isPeriodAccepted, tokenPeriodAt } from "#transport/tokens/period.ts";
import { decodeToken, tokenValue } from "#transport/tokens/token.ts";
import { isDiskError } from "../database/disk-error.ts";
import { Budget } from "../entry/budget.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { CHECK_BUDGET } from "./limits.ts";
import type { TokenKeys } from "./token-keys.ts";
import type { TokenTables } from "./token-tables.ts";

export interface TokenGateDependencies {
  readonly clock: Clock;
  readonly network: Network;
  readonly keys: TokenKeys;
  readonly tables: TokenTables;
  /** As far as it is certain: a clock that is put right again must not find that spent tokens were forgotten. */
  readonly knownTime: () => Milliseconds | undefined;
}

export class TokenGate {
  readonly #deps: TokenGateDependencies;
  readonly #checks: Budget;
  #oldest = 0;

  constructor(deps: TokenGateDependencies) {
    this.#deps = deps;
    this.#checks = new Budget({ ...CHECK_BUDGET, now: deps.clock.now() });
  }

  /** Spends a token of 68 bytes; or why it is worth nothing. What was spent is on the disk before this returns. */
  spend(bytes: Uint8Array): DropReason | undefined {
    const { clock, network, keys, tables } = this.#deps;
    if (network.parameters.tokens.perProvider === 0) return undefined;
    this.#forget();
    const { period, nonce, value } = decodeToken(bytes);
    const key = keys.checking(period);
    if (key === undefined) return "TOKEN_INVALID";
    // What costs little comes first: to make up tokens must not cost us more than it costs their maker.
    if (tables.isSpent(period, nonce)) return "TOKEN_SPENT";
    if (!this.#checks.take(clock.now())) return "TOKENS_BUSY";
    if (!isSame(tokenValue(evaluateInput(key.secretKey, nonce)), value)) return "TOKEN_INVALID";
    try {
      return tables.spend(period, nonce) ? undefined : "TOKEN_SPENT";
    } catch (error) {
      if (isDiskError(error)) return "DISK_FULL";
      throw error;
    }
  }

  /** Once a period: what was spent in periods that nobody accepts. */
  #forget(): void {
    const { knownTime, network, tables } = this.#deps;
    const time = knownTime();
    if (time === undefined) return;
    const now = tokenPeriodAt(network, time);
    const oldest = now > 0 && isPeriodAccepted(network, now - 1, time) ? now - 1 : now;
    if (oldest <= this.#oldest) return;
    this.#oldest = oldest;
    try {
      tables.forgetBefore(oldest);
    } catch (error) {
      if (!isDiskError(error)) throw error;
    }
  }
}

/** In a time that does not depend on where two values differ. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] ?? 0);
  return difference === 0;
}
