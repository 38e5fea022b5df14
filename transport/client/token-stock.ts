/**
 * The tokens that a client has, by period and provider, as bytes for its store. Nonces and blinds follow from a seed, so that
 * an order whose answer was lost is asked for again with the same bytes, also after a restart. Spec: docs/spec/13-tokens.md §4
 */

import { concat, fromHex, Reader, toHex, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { NODE_ID_BYTES, type NodeId } from "../core/units.ts";
import { type Blinded, blindInput } from "../crypto/blind-tokens.ts";
import type { Primitives } from "../crypto/suite.ts";
import { encodeToken, TOKEN_NONCE_BYTES, TOKEN_VALUE_BYTES } from "../tokens/token.ts";

export interface PeriodStock {
  readonly period: number;
  /** 32 random bytes, a secret: what was ordered follows from it. */
  readonly seed: Uint8Array;
  /** By hexadecimal node id. */
  readonly providers: Map<string, ProviderStock>;
}

export interface ProviderStock {
  /** 32 bytes each, in the order of their index. */
  readonly values: readonly Uint8Array[];
  /** The first so many were taken. */
  used: number;
}

/** The nonce of a period's token at an index, and its blinding. */
export function drawToken(o: {
  primitives: Primitives;
  seed: Uint8Array;
  period: number;
  provider: NodeId;
  index: number;
}): { nonce: Uint8Array; blinded: Blinded } {
  const { primitives, seed, period, provider, index } = o;
  const place = new Writer().u32(period).raw(provider).u16(index).finish();
  const expand = (label: string, length: number): Uint8Array =>
    primitives.hkdf({ secret: seed, salt: place, info: utf8(label), length });
  const nonce = expand("starling/token-nonce/v1", TOKEN_NONCE_BYTES);
  let draws = 0;
  const random: RandomSource = { bytes: (length) => expand(`starling/token-blind/v1/${draws++}`, length) };
  return { nonce, blinded: blindInput(nonce, random) };
}

/** The next unused token for a provider, as a request carries it; marks it used. */
export function takeToken(o: { primitives: Primitives; stock: PeriodStock; provider: NodeId }): Uint8Array | undefined {
  const { primitives, stock, provider } = o;
  const own = stock.providers.get(toHex(provider));
  const value = own?.values[own.used];
  if (own === undefined || value === undefined) return undefined;
  const { seed, period } = stock;
  const place = new Writer().u32(period).raw(provider).u16(own.used).finish();
  const info = utf8("starling/token-nonce/v1");
  const nonce = primitives.hkdf({ secret: seed, salt: place, info, length: TOKEN_NONCE_BYTES });
  own.used++;
  return encodeToken({ period, nonce, value });
}

export function encodeStock(periods: readonly PeriodStock[]): Uint8Array {
  const writer = new Writer().u8(VERSION).u8(periods.length);
  for (const { period, seed, providers } of periods) {
    writer.u32(period).raw(seed).u16(providers.size);
    for (const [id, { values, used }] of providers) {
      writer
        .raw(fromHex(id))
        .u16(used)
        .u16(values.length)
        .raw(concat(...values));
    }
  }
  return writer.finish();
}

/** Throws MALFORMED. */
export function decodeStock(bytes: Uint8Array): PeriodStock[] {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new TransportError("MALFORMED");
  const periods = Array.from({ length: reader.u8() }, () => {
    const period = reader.u32();
    const seed = reader.take(SEED_BYTES);
    const count = reader.u16();
    const providers = new Map<string, ProviderStock>();
    for (let i = 0; i < count; i++) {
      const id = toHex(reader.take(NODE_ID_BYTES));
      const used = reader.u16();
      const values = Array.from({ length: reader.u16() }, () => reader.take(TOKEN_VALUE_BYTES));
      providers.set(id, { values, used });
    }
    return { period, seed, providers };
  });
  reader.end();
  return periods;
}

export const SEED_BYTES = 32;
const VERSION = 1;
