/** A provider's VOPRF keys, one for each period, all derived from its identity. Spec: docs/spec/13-tokens.md §2 */

import type { Clock } from "#transport/core/clock.ts";
import { utf8, Writer } from "#transport/core/bytes.ts";
import { deriveVoprfKeys, type VoprfKeys } from "#transport/crypto/blind-tokens.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { isPeriodAccepted, tokenPeriodAt } from "#transport/tokens/period.ts";

export class TokenKeys {
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #seed: Uint8Array;
  readonly #keys = new Map<number, VoprfKeys>();

  constructor(deps: { clock: Clock; network: Network; suite: Suite; identitySeed: Uint8Array }) {
    this.#clock = deps.clock;
    this.#network = deps.network;
    this.#seed = deps.suite.hkdf({
      secret: deps.identitySeed,
      salt: deps.network.hash,
      info: utf8("starling/token-seed/v1"),
      length: 32,
    });
  }

  /** Of this period and the next: what a descriptor says. None where services want no tokens. */
  publicKeys(): ReadonlyMap<number, Uint8Array> {
    if (this.#network.parameters.tokens.perProvider === 0) return new Map();
    const now = tokenPeriodAt(this.#network, this.#clock.now());
    return new Map([now, now + 1].map((period) => [period, this.#of(period).publicKey]));
  }

  /** For signing: of this period and the next, no other. */
  signing(period: number): VoprfKeys | undefined {
    const now = tokenPeriodAt(this.#network, this.#clock.now());
    return period === now || period === now + 1 ? this.#of(period) : undefined;
  }

  /** For checking: while tokens of the period may arrive. */
  checking(period: number): VoprfKeys | undefined {
    return isPeriodAccepted(this.#network, period, this.#clock.now()) ? this.#of(period) : undefined;
  }

  #of(period: number): VoprfKeys {
    let keys = this.#keys.get(period);
    if (keys === undefined) {
      keys = deriveVoprfKeys(this.#seed, new Writer().raw(utf8("starling/token-key/v1")).u32(period).finish());
      this.#keys.set(period, keys);
      // Only accepted periods and the next one are asked for: three at most are of use.
      for (const old of this.#keys.keys()) if (old < period - 2) this.#keys.delete(old);
    }
    return keys;
  }
}
