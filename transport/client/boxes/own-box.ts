/** One box of the account as one device knows it, and all of them as bytes for its store. Spec: docs/spec/17-boxes.md §5 */

import { Reader, toHex, Writer } from "../../core/bytes.ts";
import { TransportError } from "../../core/errors.ts";
import { wipe } from "../../core/secret.ts";
import { type Milliseconds, milliseconds, NODE_ID_BYTES, type NodeId, nodeId } from "../../core/units.ts";
import { BOX_SECRET_BYTES } from "../../box/box-id.ts";
import { BoxProgress } from "./box-progress.ts";

export interface OwnBox {
  /** 32 bytes: who knows it may read. */
  readonly secret: Uint8Array;
  readonly providerId: NodeId;
  /** When it stops taking entries; undefined until its provider has said that it is there. */
  until: Milliseconds | undefined;
  /** 16 bytes: which device secret its announcement came under (`eraOf`); undefined before one came. */
  era: Uint8Array | undefined;
  /** Its provider said twice that there is no such box, or was found to give nothing: others are told of it no more. */
  isLost: boolean;
  /** And will be, whatever loops say: there is no such box, or another device, which let this one in, told nobody of it. */
  isGone: boolean;
  /** What loops say against it (`OwnBoxes.judged`), 0 to 255. */
  suspicion: number;
  /** Announcements of it that this device, which opened it, has still to hear: 2, 1, or none. */
  tellings: number;
  progress: BoxProgress;
}

/** A box that is there: its provider said until when it takes entries. */
export type OpenBox = OwnBox & { readonly until: Milliseconds };

export const isOpen = (box: OwnBox): box is OpenBox => box.until !== undefined;

/** The same order on every device. */
export function laterFirst(a: OpenBox, b: OpenBox): number {
  return b.until - a.until || (toHex(a.providerId) < toHex(b.providerId) ? -1 : 1);
}

/** One of which nothing was read, and nothing is held against it. */
export function newBox(known: Pick<OwnBox, "secret" | "providerId" | "until" | "era" | "tellings">): OwnBox {
  return { ...known, isLost: false, isGone: false, suspicion: 0, progress: new BoxProgress() };
}

/** What of boxes one device keeps. */
export interface KeptBoxes {
  /** 32 random bytes, this device's: by which it is another reader of a box than the account's other devices. */
  readonly readerKey: Uint8Array;
  /** When the next box will be opened, if that was drawn. */
  readonly openAt: Milliseconds | undefined;
  /** Requests for one in a row that failed. */
  readonly failures: number;
  readonly boxes: readonly OwnBox[];
}

/** A secret. */
export function encodeBoxes({ readerKey, openAt, failures, boxes }: KeptBoxes): Uint8Array {
  const writer = new Writer().u8(VERSION).raw(readerKey);
  writer
    .u64(Math.ceil(openAt ?? 0))
    .u8(Math.min(failures, 255))
    .u8(boxes.length);
  for (const { secret, providerId, until, era, isLost, isGone, suspicion, tellings, progress } of boxes) {
    writer
      .raw(secret)
      .raw(providerId)
      .u64(until ?? 0);
    writer
      .raw(era ?? NO_ERA)
      .u8(isGone ? GONE : isLost ? LOST : 0)
      .u64(progress.cursor);
    writer.u32(Number(progress.taken >> 32n)).u32(Number(progress.taken & 0xffff_ffffn));
    writer.u8(suspicion).u8(tellings);
  }
  return writer.finish();
}

/** Throws MALFORMED. */
export function decodeBoxes(bytes: Uint8Array): KeptBoxes {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION && version !== VERSION_BEFORE) throw new TransportError("MALFORMED");
  const readerKey = reader.take(READER_KEY_BYTES);
  const openAt = orUndefined(reader.u64());
  const failures = reader.u8();
  const boxes = Array.from({ length: reader.u8() }, (): OwnBox => {
    const secret = reader.take(BOX_SECRET_BYTES);
    const providerId = nodeId(reader.take(NODE_ID_BYTES));
    const until = orUndefined(reader.u64());
    const era = reader.take(ERA_BYTES);
    const loss = reader.u8();
    const [isLost, isGone] = [loss === LOST || loss === GONE, loss === GONE];
    const cursor = reader.u64();
    const taken = (BigInt(reader.u32()) << 32n) | BigInt(reader.u32());
    const progress = new BoxProgress({ cursor, taken });
    const [suspicion, tellings] = version === VERSION ? [reader.u8(), reader.u8()] : [0, isZero(era) ? 2 : 0];
    const known = { secret, providerId, until, era: isZero(era) ? undefined : era };
    return { ...known, isLost, isGone, suspicion, tellings, progress };
  });
  reader.end();
  return { readerKey, openAt, failures, boxes };
}

/** What another program wrote that this one cannot read: there will be new boxes. */
export function decodeBoxesOrNone(bytes: Uint8Array): KeptBoxes | undefined {
  try {
    return decodeBoxes(bytes);
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

export function wipeBox({ secret }: Pick<OwnBox, "secret">): void {
  wipe(secret);
}

export const READER_KEY_BYTES = 32;
export const ERA_BYTES = 16;
const NO_ERA = new Uint8Array(ERA_BYTES);
/** A program that knew of no other loss wrote this for any. */
const GONE = 1;
const LOST = 2;
const VERSION = 2;
/** Knew of no loops, and told of a box once. */
const VERSION_BEFORE = 1;

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const orUndefined = (time: number): Milliseconds | undefined => (time === 0 ? undefined : milliseconds(time));
