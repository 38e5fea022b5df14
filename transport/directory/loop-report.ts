/**
 * What a node says of its own loops of one past epoch: how many left, and which way those took that did not come back in
 * time. Nothing of anyone else's packets. Spec: docs/spec/08-directory.md §12
 */

import type { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type Epoch, epochNumber } from "../core/units.ts";
import { LOST_LOOPS_MAX, NODES_MAX } from "./limits.ts";

export interface LoopReport {
  /** Whose keys the loops used. */
  readonly epoch: Epoch;
  /** At most 65,535. */
  readonly sent: number;
  /** In ascending order, so that it says nothing of when each left; two may be equal. */
  readonly lost: readonly LostLoop[];
}

/**
 * The three nodes between leaving and coming back, by their places in the consensus of `epoch` + 1: from 0, layer 1, 2, 3 and
 * then the providers, each list in its order.
 */
export type LostLoop = readonly [number, number, number];

/** present u8 ‖ epoch u32 ‖ sent u16 ‖ count u16 ‖ count × (u16 ‖ u16 ‖ u16); or one zero byte. */
export function encodeLoopReport(writer: Writer, report: LoopReport | undefined): void {
  if (report === undefined) {
    writer.u8(0);
    return;
  }
  writer.u8(1).u32(report.epoch).u16(report.sent).u16(report.lost.length);
  for (const way of report.lost.toSorted(compareWays)) for (const place of way) writer.u16(place);
}

/** Throws MALFORMED. */
export function decodeLoopReport(reader: Reader): LoopReport | undefined {
  const present = reader.u8();
  if (present === 0) return undefined;
  const epoch = epochNumber(reader.u32());
  const sent = reader.u16();
  const count = reader.u16();
  if (present !== 1 || count > Math.min(sent, LOST_LOOPS_MAX)) throw new TransportError("MALFORMED");
  const lost: LostLoop[] = [];
  for (let i = 0; i < count; i++) {
    const way: LostLoop = [reader.u16(), reader.u16(), reader.u16()];
    const before = lost.at(-1);
    const isSound = way.every((place) => place < NODES_MAX) && (before === undefined || compareWays(before, way) <= 0);
    if (!isSound) throw new TransportError("MALFORMED");
    lost.push(way);
  }
  return { epoch, sent, lost };
}

function compareWays(a: LostLoop, b: LostLoop): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
