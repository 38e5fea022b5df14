/**
 * Keeps a stock of blind tokens for every provider in the list. Orders go out at times that are drawn without regard to what
 * the user does, for all providers alike; requests take from the stock. Spec: docs/spec/13-tokens.md §4
 */

import { toHex } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { exponential, type RandomSource, uniform } from "../core/random.ts";
import { wipe, withSecret } from "../core/secret.ts";
import { type Milliseconds, milliseconds, type NodeId } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import type { Consensus, Network } from "../directory/model.ts";
import { NO_TOKEN } from "../sphinx/service-payload.ts";
import { providersPerOrder } from "../tokens/order.ts";
import { tokenPeriodAt, tokenPeriodStart } from "../tokens/period.ts";
import { coverMeanStay } from "../traffic/minimum-pool.ts";
import type { ControlChannel } from "./control-channel.ts";
import {
  TOKEN_ASKS_MAX,
  TOKEN_FIRST_WAIT,
  TOKEN_ORDERS_PER_PROVIDER_MAX,
  TOKEN_ORDER_SPREAD,
  TOKEN_PATIENCE,
  TOKEN_RETRY_DOUBLINGS_MAX,
  TOKEN_RETRY_WAIT,
} from "./limits.ts";
import type { ClientStore } from "./store.ts";
import { TokenOrdering, type OrderTarget } from "./token-ordering.ts";
import { decodeStock, encodeStock, type PeriodStock, SEED_BYTES, takeToken } from "./token-stock.ts";

export interface TokensDeps {
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly network: Network;
  readonly store: Pick<ClientStore, "tokenStock" | "saveTokenStock">;
  readonly control: Pick<ControlChannel, "request">;
  readonly current: () => { consensus: Consensus } | undefined;
  readonly isUp: () => boolean;
  /** When orders leave: the stream of everything on the link that is neither slot nor mail. */
  readonly polling: RandomSource;
  readonly keys: RandomSource;
}

export class Tokens {
  readonly #deps: TokensDeps;
  readonly #stocks = new Map<number, PeriodStock>();
  /** Who waits for first tokens, to look again. */
  readonly #waiting = new Set<() => void>();
  /** How often each provider was asked, by its hexadecimal id, for each period that is not over. */
  readonly #asked = new Map<number, Map<string, number>>();
  #cancel: Cancel | undefined;
  #next: Milliseconds | undefined;
  #ordering: TokenOrdering | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** Orders in a row that found no answer. */
  #unheard = 0;
  #isLoaded = false;
  #stopped = false;

  constructor(deps: TokensDeps) {
    this.#deps = deps;
  }

  /** When it next has something to do; undefined when nothing is planned. */
  get next(): Milliseconds | undefined {
    return this.#ordering?.next ?? this.#next;
  }

  /** How many are left for a provider now. */
  left(provider: NodeId): number {
    const stock = this.#stocks.get(this.#period())?.providers.get(toHex(provider));
    return stock === undefined ? 0 : stock.values.length - stock.used;
  }

  /** Times are drawn before the store is asked: how long it takes must not show. */
  async start(): Promise<void> {
    if (this.#perProvider === 0) return;
    this.#planAfter(TOKEN_FIRST_WAIT);
    const bytes = await this.#deps.store.tokenStock();
    // Also those of periods that are over: by a list it is seen whether they are, or the clock is wrong.
    for (const stock of bytes === undefined ? [] : withSecret(bytes, decodeOrNone)) {
      this.#stocks.set(stock.period, stock);
    }
    this.#isLoaded = true;
    // Who asked before the store had answered looks again.
    for (const lookAgain of this.#waiting) lookAgain();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#ordering?.stop();
    for (const lookAgain of this.#waiting) lookAgain();
    // What still has to be written holds the seeds.
    await this.#saving.catch(() => undefined);
    for (const { seed } of this.#stocks.values()) wipe(seed);
    this.#stocks.clear();
  }

  /**
   * A token for one request, durably used; waits while an order may still bring some, as it may for a new account. Throws
   * NO_TOKENS when this period's are used up, or none come in `TOKEN_PATIENCE`.
   */
  async take(provider: NodeId): Promise<Uint8Array> {
    if (this.#perProvider === 0) return NO_TOKEN;
    const { clock, primitives } = this.#deps;
    const deadline = milliseconds(clock.now() + TOKEN_PATIENCE);
    while (!this.#stopped) {
      const period = this.#period();
      const stock = this.#stocks.get(period);
      const token = stock === undefined ? undefined : takeToken({ primitives, stock, provider });
      if (token !== undefined) {
        await this.#save();
        return token;
      }
      if (clock.now() >= deadline || !this.#mayCome(period, provider)) break;
      await this.#arrival(deadline);
    }
    throw new TransportError("NO_TOKENS");
  }

  /** Nothing was given yet, and an order is under way or follows. */
  #mayCome(period: number, provider: NodeId): boolean {
    const id = toHex(provider);
    if (this.#stocks.get(period)?.providers.has(id) === true) return false;
    return this.#ordering !== undefined || this.#mayAsk(period, id);
  }

  #mayAsk(period: number, provider: string): boolean {
    return (this.#asked.get(period)?.get(provider) ?? 0) < TOKEN_ORDERS_PER_PROVIDER_MAX;
  }

  get #perProvider(): number {
    return this.#deps.network.parameters.tokens.perProvider;
  }

  #period(): number {
    return tokenPeriodAt(this.#deps.network, this.#deps.clock.now());
  }

  #planAfter(mean: Milliseconds): void {
    const { clock, polling } = this.#deps;
    this.#planAt(milliseconds(clock.now() + exponential(polling, mean)));
  }

  #planAt(time: Milliseconds): void {
    this.#cancel?.();
    this.#next = time;
    this.#cancel = this.#deps.clock.at(time, () => {
      this.#next = undefined;
      this.#begin();
    });
  }

  /** This period's first; then the next one's, at a random time of this one. */
  #begin(): void {
    if (this.#stopped) return;
    // From another seed than the one on the disk it would be another order, which is refused.
    if (!this.#isLoaded) return this.#planAfter(TOKEN_FIRST_WAIT);
    const { clock, network, polling } = this.#deps;
    const period = this.#period();
    const current = this.#deps.current();
    if (current === undefined) return this.#planAfter(TOKEN_RETRY_WAIT);
    this.#forget(period);
    if (!this.#deps.isUp()) return this.#planAfter(TOKEN_RETRY_WAIT);
    const { consensus } = current;
    // A list from before this period began names no keys of the next one yet: the next list does.
    if (
      !consensus.providers.some(({ tokenKeys }) => tokenKeys.has(period + 1)) &&
      this.#targets(consensus, period).length === 0
    )
      return this.#planAt(milliseconds(clock.now() + network.parameters.epoch.duration));
    for (const wanted of [period, period + 1]) {
      const targets = this.#targets(consensus, wanted);
      if (targets.length === 0) continue;
      const from = tokenPeriodStart(network, period);
      const isDue = wanted === period || clock.now() >= this.#orderTime(wanted, from);
      if (isDue) return this.#order(wanted, targets);
      return this.#planAt(this.#orderTime(wanted, from));
    }
    // Both are here: nothing to do until the next period begins, and then somewhere in it.
    const start = tokenPeriodStart(network, period + 1);
    this.#planAt(milliseconds(start + uniform(polling) * TOKEN_ORDER_SPREAD * network.parameters.tokens.period));
  }

  /** Periods that are over, by a clock that a list bears out: another seed for one that is not would be another order, which is refused. */
  #forget(period: number): void {
    for (const [old, { seed }] of this.#stocks) {
      if (old >= period) continue;
      wipe(seed);
      this.#stocks.delete(old);
    }
    for (const old of this.#asked.keys()) if (old < period) this.#asked.delete(old);
  }

  #orderTimes = new Map<number, Milliseconds>();

  /** Drawn once for each period. */
  #orderTime(period: number, from: Milliseconds): Milliseconds {
    const { polling, network } = this.#deps;
    const known = this.#orderTimes.get(period);
    if (known !== undefined) return known;
    const time = milliseconds(from + uniform(polling) * TOKEN_ORDER_SPREAD * network.parameters.tokens.period);
    this.#orderTimes.clear();
    this.#orderTimes.set(period, time);
    return time;
  }

  /** Providers that have a key for the period and of which there are no tokens yet, in the order of the list, one order's worth. */
  #targets(consensus: Consensus, period: number): OrderTarget[] {
    const stock = this.#stocks.get(period);
    const missing = consensus.providers.flatMap(({ nodeId, tokenKeys }) => {
      const publicKey = tokenKeys.get(period);
      const id = toHex(nodeId);
      const isMissing = stock?.providers.has(id) !== true;
      return publicKey !== undefined && isMissing && this.#mayAsk(period, id) ? [{ provider: nodeId, publicKey }] : [];
    });
    return missing.slice(0, providersPerOrder(this.#perProvider));
  }

  #order(period: number, targets: readonly OrderTarget[]): void {
    const { clock, primitives, control, polling, network, keys } = this.#deps;
    let stock = this.#stocks.get(period);
    if (stock === undefined) {
      stock = { period, seed: keys.bytes(SEED_BYTES), providers: new Map() };
      this.#stocks.set(period, stock);
      // On the disk long before the order leaves: another seed would be another order, which is refused.
      void this.#save().catch(() => undefined);
    }
    const asked = stock;
    this.#countAsked(period, targets, 1);
    this.#ordering = new TokenOrdering({
      clock,
      primitives,
      control,
      perProvider: this.#perProvider,
      asksMax: TOKEN_ASKS_MAX,
      // Six delays there and back, and some for the other provider's work.
      answerWait: () => exponential(polling, milliseconds(6 * coverMeanStay(network.parameters) + 1000)),
      period,
      seed: asked.seed,
      targets,
      done: (results, { isHeard }) => {
        // What a bad line swallowed is no answer of these providers.
        if (!isHeard) this.#countAsked(period, targets, -1);
        this.#unheard = isHeard ? 0 : this.#unheard + 1;
        this.#ordered(asked, results);
      },
    });
    this.#ordering.start();
  }

  #countAsked(period: number, targets: readonly OrderTarget[], by: 1 | -1): void {
    const asked = this.#asked.get(period) ?? new Map<string, number>();
    this.#asked.set(period, asked);
    for (const { provider } of targets) asked.set(toHex(provider), (asked.get(toHex(provider)) ?? 0) + by);
  }

  #ordered(stock: PeriodStock, results: ReadonlyMap<string, readonly Uint8Array[]>): void {
    this.#ordering = undefined;
    if (this.#stopped) return;
    for (const [id, values] of results) stock.providers.set(id, { values, used: 0 });
    void this.#save().catch(() => undefined);
    // Who asked for a provider that gave none looks whether any may still come.
    for (const lookAgain of this.#waiting) lookAgain();
    this.#planAfter(milliseconds(TOKEN_RETRY_WAIT * 2 ** Math.min(this.#unheard, TOKEN_RETRY_DOUBLINGS_MAX)));
  }

  /** Until there is something new. */
  #arrival(deadline: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      const lookAgain = (): void => {
        cancel();
        this.#waiting.delete(lookAgain);
        resolve();
      };
      const cancel = this.#deps.clock.at(deadline, lookAgain);
      this.#waiting.add(lookAgain);
    });
  }

  /** One after the other, each with what is known when its turn comes. */
  #save(): Promise<void> {
    const save = async (): Promise<void> => {
      const stock = encodeStock([...this.#stocks.values()]);
      await this.#deps.store.saveTokenStock(stock).finally(() => wipe(stock));
    };
    this.#saving = this.#saving.then(save, save);
    return this.#saving;
  }
}

/** What cannot be read was written by another version: there will be new ones. */
function decodeOrNone(bytes: Uint8Array): PeriodStock[] {
  try {
    return decodeStock(bytes);
  } catch (error) {
    if (error instanceof TransportError) return [];
    throw error;
  }
}
