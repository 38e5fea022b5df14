/**
 * What a client asks its own provider for: blinded elements for many providers at once, and what those made of them. An order
 * names every provider of the list alike, so that it says nothing about whom its client will write to.
 * Spec: docs/spec/13-tokens.md §4
 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { NODE_ID_BYTES, type NodeId, nodeId } from "../core/units.ts";
import { ELEMENT_BYTES, PROOF_BYTES } from "../crypto/blind-tokens.ts";
import { ORDER_BYTES_MAX, PROVIDERS_PER_ORDER_MAX, TOKENS_PER_PROOF } from "./limits.ts";

export interface TokenOrder {
  readonly period: number;
  readonly parts: readonly OrderPart[];
}

export interface OrderPart {
  readonly provider: NodeId;
  /** Blinded elements, `tokens.perProvider` of them, 32 bytes each. */
  readonly elements: readonly Uint8Array[];
}

/** Elements under one proof. */
export interface SignedBatch {
  readonly evaluated: readonly Uint8Array[];
  readonly proof: Uint8Array;
}

/** What became of an order: for each part its batches, or undefined for a provider that did not answer. */
export type OrderResult = "pending" | readonly (readonly SignedBatch[] | undefined)[];

/** period u32 ‖ number of parts u8 ‖ for each: provider 32 ‖ elements. */
export function encodeOrder({ period, parts }: TokenOrder): Uint8Array {
  const writer = new Writer().u32(period).u8(parts.length);
  for (const { provider, elements } of parts) {
    writer.raw(provider);
    for (const element of elements) writer.raw(element);
  }
  return writer.finish();
}

/** Throws MALFORMED: also when providers are not in ascending order, each once. */
export function decodeOrder(bytes: Uint8Array, perProvider: number): TokenOrder {
  const reader = new Reader(bytes);
  const period = reader.u32();
  const count = reader.u8();
  if (count < 1 || count > PROVIDERS_PER_ORDER_MAX) throw new TransportError("MALFORMED");
  const parts = Array.from({ length: count }, () => ({
    provider: nodeId(reader.take(NODE_ID_BYTES)),
    elements: takeElements(reader, perProvider),
  }));
  reader.end();
  const isAscending = parts.every((part, i) => i === 0 || isBelow((parts[i - 1] as OrderPart).provider, part.provider));
  if (!isAscending) throw new TransportError("MALFORMED");
  return { period, parts };
}

/** 0, pending; or 1 ‖ for each part: 0, or 1 ‖ its batches, each evaluated elements ‖ proof 64. */
export function encodeOrderResult(result: OrderResult): Uint8Array {
  const writer = new Writer();
  if (result === "pending") return writer.u8(0).finish();
  writer.u8(1);
  for (const batches of result) {
    writer.u8(batches === undefined ? 0 : 1);
    for (const batch of batches ?? []) writeBatch(writer, batch);
  }
  return writer.finish();
}

/** Throws MALFORMED. */
export function decodeOrderResult(bytes: Uint8Array, shape: { parts: number; perProvider: number }): OrderResult {
  const reader = new Reader(bytes);
  const isReady = flag(reader);
  const result: OrderResult = isReady
    ? Array.from({ length: shape.parts }, () =>
        flag(reader) ? batchSizes(shape.perProvider).map((size) => takeBatch(reader, size)) : undefined,
      )
    : "pending";
  reader.end();
  return result;
}

export function writeBatch(writer: Writer, { evaluated, proof }: SignedBatch): void {
  for (const element of evaluated) writer.raw(element);
  writer.raw(proof);
}

export const takeBatch = (reader: Reader, size: number): SignedBatch => ({
  evaluated: takeElements(reader, size),
  proof: reader.take(PROOF_BYTES),
});

export const takeElements = (reader: Reader, count: number): Uint8Array[] =>
  Array.from({ length: count }, () => reader.take(ELEMENT_BYTES));

/** How many elements each proof of one provider's part covers. */
export function batchSizes(perProvider: number): number[] {
  const count = Math.ceil(perProvider / TOKENS_PER_PROOF);
  return Array.from({ length: count }, (_, i) => Math.min(TOKENS_PER_PROOF, perProvider - i * TOKENS_PER_PROOF));
}

/** How many providers one order names, so that neither it nor its answer outgrows a CONTROL frame. */
export function providersPerOrder(perProvider: number): number {
  const asked = NODE_ID_BYTES + perProvider * ELEMENT_BYTES;
  const answered = 1 + perProvider * ELEMENT_BYTES + batchSizes(perProvider).length * PROOF_BYTES;
  return Math.min(PROVIDERS_PER_ORDER_MAX, Math.floor((ORDER_BYTES_MAX - 5) / Math.max(asked, answered)));
}

function flag(reader: Reader): boolean {
  const value = reader.u8();
  if (value > 1) throw new TransportError("MALFORMED");
  return value === 1;
}

function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  return false;
}
