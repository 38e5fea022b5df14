/**
 * One order: blinds, asks, asks again until there is a result, and undoes the blinding. Everything is done in small pieces at
 * times that follow from when it began, so that neither mail delays it nor it a tick for long. Spec: docs/spec/13-tokens.md §4
 */

import { toHex } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type Milliseconds, milliseconds, type NodeId } from "../core/units.ts";
import { type Blinded, finishBlinded } from "../crypto/blind-tokens.ts";
import type { Primitives } from "../crypto/suite.ts";
import { batchSizes, decodeOrderResult, encodeOrder, type OrderResult, type SignedBatch } from "../tokens/order.ts";
import { tokenValue } from "../tokens/token.ts";
import type { ControlChannel } from "./control-channel.ts";
import { TOKEN_PIECE_INTERVAL } from "./limits.ts";
import { drawToken } from "./token-stock.ts";

export interface OrderTarget {
  readonly provider: NodeId;
  /** The provider's key for the period, from the list of nodes that everybody has. */
  readonly publicKey: Uint8Array;
}

export interface TokenOrderingDeps {
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly control: Pick<ControlChannel, "request">;
  readonly perProvider: number;
  readonly asksMax: number;
  readonly answerWait: () => Milliseconds;
  readonly period: number;
  readonly seed: Uint8Array;
  readonly targets: readonly OrderTarget[];
  /** Values by hexadecimal node id; a provider that did not answer, or did not prove its key, is not among them. */
  readonly done: (
    results: ReadonlyMap<string, readonly Uint8Array[]>,
    /** Whether the own provider answered, however. */
    o: { readonly isHeard: boolean },
  ) => void;
}

interface Drawn {
  readonly nonce: Uint8Array;
  readonly blinded: Blinded;
}

export class TokenOrdering {
  readonly #deps: TokenOrderingDeps;
  readonly #drawn: Drawn[][];
  readonly #results = new Map<string, Uint8Array[]>();
  #asks = 0;
  #cancel: Cancel = () => undefined;
  #next: Milliseconds | undefined;
  #stopped = false;

  constructor(deps: TokenOrderingDeps) {
    this.#deps = deps;
    this.#drawn = deps.targets.map(() => []);
  }

  /** When it next works or sends. */
  get next(): Milliseconds | undefined {
    return this.#next;
  }

  start(): void {
    this.#blind(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** A batch at a time, provider after provider. */
  #blind(piece: number): void {
    const { perProvider, targets, period, seed, primitives } = this.#deps;
    const sizes = batchSizes(perProvider);
    const which = Math.floor(piece / sizes.length);
    const target = targets[which];
    const drawn = this.#drawn[which];
    if (target === undefined || drawn === undefined) return this.#then(TOKEN_PIECE_INTERVAL, () => this.#ask());
    const size = sizes[piece % sizes.length] as number;
    for (let i = 0; i < size; i++) {
      drawn.push(drawToken({ primitives, seed, period, provider: target.provider, index: drawn.length }));
    }
    this.#then(TOKEN_PIECE_INTERVAL, () => this.#blind(piece + 1));
  }

  #ask(): void {
    const { targets, period, control } = this.#deps;
    const parts = targets.map(({ provider }, index) => ({
      provider,
      elements: (this.#drawn[index] as Drawn[]).map(({ blinded }) => blinded.element),
    }));
    this.#asks++;
    control.request({ kind: "order-tokens", order: encodeOrder({ period, parts }) }).then(
      ({ body }) => this.#answered(body),
      // Refused, or no provider: the next order is another time's.
      (error: unknown) => this.#finish(!(error instanceof TransportError && error.code === "PROVIDER_DOWN")),
    );
  }

  #answered(body: Uint8Array): void {
    if (this.#stopped) return;
    const { asksMax, answerWait } = this.#deps;
    const result = this.#read(body);
    if (result === undefined) return this.#finish();
    if (result !== "pending") return this.#unblind(result, 0);
    if (this.#asks >= asksMax) return this.#finish();
    this.#then(answerWait(), () => this.#ask());
  }

  #read(body: Uint8Array): OrderResult | undefined {
    const { targets, perProvider } = this.#deps;
    try {
      return decodeOrderResult(body, { parts: targets.length, perProvider });
    } catch (error) {
      if (error instanceof TransportError) return undefined;
      throw error;
    }
  }

  /** One proof at a time. A provider with one that does not hold has used another key than everybody's: nothing of it counts. */
  #unblind(result: Exclude<OrderResult, "pending">, piece: number): void {
    const { perProvider, targets } = this.#deps;
    const sizes = batchSizes(perProvider);
    const which = Math.floor(piece / sizes.length);
    const target = targets[which];
    if (target === undefined) return this.#finish();
    const batch = result[which]?.[piece % sizes.length];
    const values = this.#results.get(toHex(target.provider)) ?? [];
    const finished = batch === undefined ? undefined : this.#open(target, batch, { which, from: values.length });
    if (finished !== undefined) this.#results.set(toHex(target.provider), [...values, ...finished]);
    this.#then(TOKEN_PIECE_INTERVAL, () => this.#unblind(result, piece + 1));
  }

  #open(
    { publicKey }: OrderTarget,
    { evaluated, proof }: SignedBatch,
    { which, from }: { which: number; from: number },
  ): Uint8Array[] | undefined {
    const drawn = (this.#drawn[which] as Drawn[]).slice(from, from + evaluated.length);
    const items = drawn.map(({ nonce, blinded }, i) => ({
      input: nonce,
      blinded,
      evaluated: evaluated[i] as Uint8Array,
    }));
    return finishBlinded({ publicKey, proof, items })?.map(tokenValue);
  }

  /** Only whole sets: a token's index must be its place. */
  #finish(isHeard = true): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#next = undefined;
    const whole = [...this.#results].filter(([, values]) => values.length === this.#deps.perProvider);
    this.#deps.done(new Map(whole), { isHeard });
  }

  #then(wait: Milliseconds, run: () => void): void {
    if (this.#stopped) return;
    const { clock } = this.#deps;
    const time = milliseconds(clock.now() + wait);
    this.#next = time;
    this.#cancel = clock.at(time, run);
  }
}
