/** What the service `box` is asked, and what it answers. Spec: docs/spec/17-boxes.md §3 */

import { concat, Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { BOX_SECRET_BYTES, READER_ID_BYTES } from "./box-id.ts";

export const BOX_SERVICE = "box";

export type BoxRequest = OpenRequest | CollectRequest;

/** Makes the box, if it is not there. */
export interface OpenRequest {
  readonly kind: "open";
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Asks for as many answers as the network's `boxReplies`, each at a time of its own. */
export interface CollectRequest {
  readonly kind: "collect";
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** 32 bytes: `readerIdOf`. */
  readonly readerId: Uint8Array;
  /** All entries up to this number were dealt with. */
  readonly cursor: number;
  /** 64 bits: bit i (least significant is 0) says that cursor + 1 + i was dealt with. */
  readonly taken: bigint;
  /** From the request's arrival to each answer; whole, rising, at most `collectDelayMax`. */
  readonly delays: readonly Milliseconds[];
  /** For every answer but the first, whose SURB stands in the request's frame (docs/spec/03-sphinx.md §9). */
  readonly surbs: readonly Uint8Array[];
}

/** What cannot be told from a collect's own bytes: what its network's parameters say. */
export interface CollectShape {
  readonly boxReplies: number;
  readonly surbBytes: number;
  /** `collectDelayMax` of the network (limits.ts). */
  readonly delayMax: Milliseconds;
}

/** `until` is when the box stops taking entries; undefined when the provider has no room for it. */
export interface Opened {
  readonly until: Milliseconds | undefined;
}

/** `next` is the smallest number above the cursor that the box holds, or that the next entry will get. */
export type Collected =
  | { readonly what: "unknown" }
  | { readonly what: "nothing"; readonly next: number }
  | { readonly what: "entry"; readonly next: number; readonly number: number; readonly sealed: Uint8Array };

/** 33 bytes. */
export function encodeOpen({ secret }: Pick<OpenRequest, "secret">): Uint8Array {
  if (secret.length !== BOX_SECRET_BYTES) throw new RangeError("that is no box's secret");
  return new Writer().u8(OPEN).raw(secret).finish();
}

/** 81 bytes, 4 for each delay, and a SURB for each answer but the first. */
export function encodeCollect(request: Omit<CollectRequest, "kind">): Uint8Array {
  const { secret, readerId, cursor, taken, delays, surbs } = request;
  if (secret.length !== BOX_SECRET_BYTES || readerId.length !== READER_ID_BYTES) throw new RangeError("no such reader");
  if (surbs.length !== delays.length - 1) throw new RangeError("one SURB stands in the frame, the others here");
  const writer = new Writer().u8(COLLECT).raw(secret).raw(readerId).u64(cursor);
  writer.u32(Number(taken >> 32n)).u32(Number(taken & 0xffff_ffffn));
  for (const delay of delays) writer.u32(delay);
  return concat(writer.finish(), ...surbs);
}

/** Throws MALFORMED. */
export function decodeBoxRequest(body: Uint8Array, shape: CollectShape): BoxRequest {
  const reader = new Reader(body);
  const kind = reader.u8();
  const secret = reader.take(BOX_SECRET_BYTES);
  const request = kind === COLLECT ? collectFrom(reader, secret, shape) : ({ kind: "open", secret } as const);
  if (kind !== COLLECT && kind !== OPEN) throw new TransportError("MALFORMED");
  reader.end();
  return request;
}

/** Whether this body of a request to `box` collects, as far as its first byte says. */
export const isCollect = (body: Uint8Array): boolean => body[0] === COLLECT;

/** 9 bytes. */
export function encodeOpened({ until }: Opened): Uint8Array {
  return new Writer()
    .u8(until === undefined ? NO_ROOM : IS_OPEN)
    .u64(until ?? 0)
    .finish();
}

/** Throws MALFORMED. */
export function decodeOpened(bytes: Uint8Array): Opened {
  const reader = new Reader(bytes);
  const result = reader.u8();
  const until = reader.u64();
  reader.end();
  if (result === IS_OPEN && until > 0) return { until: milliseconds(until) };
  if (result === NO_ROOM && until === 0) return { until: undefined };
  throw new TransportError("MALFORMED");
}

/** 1 byte, 9, or 17 and the sealed bytes. */
export function encodeCollected(answer: Collected): Uint8Array {
  switch (answer.what) {
    case "unknown":
      return new Writer().u8(UNKNOWN).finish();
    case "nothing":
      return new Writer().u8(NOTHING).u64(answer.next).finish();
    case "entry":
      return new Writer().u8(ENTRY).u64(answer.next).u64(answer.number).raw(answer.sealed).finish();
  }
}

/** `sealedBytes` is that of the network's geometry. Throws MALFORMED. */
export function decodeCollected(bytes: Uint8Array, { sealedBytes }: { readonly sealedBytes: number }): Collected {
  const reader = new Reader(bytes);
  const answer = collectedFrom(reader, sealedBytes);
  reader.end();
  return answer;
}

function collectFrom(reader: Reader, secret: Uint8Array, shape: CollectShape): CollectRequest {
  const { boxReplies, surbBytes, delayMax } = shape;
  const readerId = reader.take(READER_ID_BYTES);
  const cursor = reader.u64();
  const taken = (BigInt(reader.u32()) << 32n) | BigInt(reader.u32());
  const delays = Array.from({ length: boxReplies }, () => milliseconds(reader.u32()));
  const areInOrder = delays.every((delay, i) => delay > (delays[i - 1] ?? -1) && delay <= delayMax);
  if (boxReplies < 1 || !areInOrder) throw new TransportError("MALFORMED");
  const surbs = Array.from({ length: boxReplies - 1 }, () => reader.take(surbBytes));
  return { kind: "collect", secret, readerId, cursor, taken, delays, surbs };
}

function collectedFrom(reader: Reader, sealedBytes: number): Collected {
  const what = reader.u8();
  if (what === UNKNOWN) return { what: "unknown" };
  const next = reader.u64();
  if (next < 1) throw new TransportError("MALFORMED");
  if (what === NOTHING) return { what: "nothing", next };
  const number = reader.u64();
  if (what !== ENTRY || number < next) throw new TransportError("MALFORMED");
  return { what: "entry", next, number, sealed: reader.take(sealedBytes) };
}

const OPEN = 1;
const COLLECT = 2;
const IS_OPEN = 0;
const NO_ROOM = 1;
const UNKNOWN = 0;
const NOTHING = 1;
const ENTRY = 2;
