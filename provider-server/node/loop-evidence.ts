/**
 * What became of a node's own loops, epoch by epoch: what it tells the authorities, and its log. Spec: docs/spec/06-mix.md §7,
 * docs/spec/08-directory.md §12
 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import { type RandomSource, shuffled } from "#transport/core/random.ts";
import { type Epoch, epochNumber, type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import { LOST_LOOPS_MAX } from "#transport/directory/limits.ts";
import type { LoopReport, LostLoop } from "#transport/directory/loop-report.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { LOOPS_REMEMBERED_MAX } from "./limits.ts";

export interface SentLoop {
  /** By which the node knows it again. */
  readonly recipient: Uint8Array;
  /** Random bytes, from the first to the last. */
  readonly payload: Uint8Array;
  /** Whose keys it uses. */
  readonly epoch: Epoch;
  /** The nodes on its way, this one at its end left out. */
  readonly way: readonly NodeId[];
  /** Back after this it is late: its delays are known, and links take little. */
  readonly lateAt: Milliseconds;
}

interface Loop extends Omit<SentLoop, "recipient" | "payload"> {
  /** The payload's first bytes: one changed bit anywhere makes noise of all of it (docs/spec/03-sphinx.md §5). */
  readonly sample: Uint8Array;
  readonly returnedAt: Milliseconds | undefined;
}

const SAMPLE_BYTES = 16;

export interface LoopCounts {
  readonly returned: number;
  readonly late: number;
  readonly lost: number;
}

export class LoopEvidence {
  /** By recipient field in hexadecimal, oldest first. */
  readonly #loops = new Map<string, Loop>();

  sent({ recipient, payload, epoch, way, lateAt }: SentLoop): void {
    const sample = payload.slice(0, SAMPLE_BYTES);
    this.#loops.set(toHex(recipient), { sample, epoch, way, lateAt, returnedAt: undefined });
    const [oldest] = this.#loops.keys();
    if (this.#loops.size > LOOPS_REMEMBERED_MAX && oldest !== undefined) this.#loops.delete(oldest);
  }

  /**
   * False when this node sent no such loop, or has seen it come back. One whose payload somebody changed on its way counts as lost
   * from then on: so would a mail be.
   */
  returned({ recipient, payload }: Pick<SentLoop, "recipient" | "payload">, now: Milliseconds): boolean {
    const key = toHex(recipient);
    const loop = this.#loops.get(key);
    if (loop === undefined || loop.returnedAt !== undefined) return false;
    const isWhole = equalBytes(loop.sample, payload.subarray(0, SAMPLE_BYTES));
    this.#loops.set(key, { ...loop, returnedAt: isWhole ? now : NEVER });
    return true;
  }

  /**
   * On the loops of the epoch before that of `consensus`, whose fate is certain by now. One that came back early is not
   * counted before it could have been late, lest those that are missing weigh too much. Undefined when there is none.
   */
  report(o: { consensus: Consensus; now: Milliseconds; random: RandomSource }): LoopReport | undefined {
    const { consensus, now, random } = o;
    if (consensus.epoch === 0) return undefined;
    const epoch = epochNumber(consensus.epoch - 1);
    const settled = this.#of(epoch).filter(({ lateAt }) => lateAt <= now);
    if (settled.length === 0) return undefined;
    const missing = shuffled(random, settled.filter(isMissing));
    const told = missing.slice(0, LOST_LOOPS_MAX);
    // What is left out is left out at random, and the loops sent shrink with it: shares stay what they are.
    const share = told.length === 0 ? 1 : told.length / missing.length;
    const sent = Math.max(told.length, Math.round(settled.length * share));
    return { epoch, sent: Math.min(sent, SENT_MAX), lost: waysIn(consensus, told) };
  }

  /** Of one epoch, for the log; call it when all its loops are settled. */
  counts(epoch: Epoch): LoopCounts {
    const loops = this.#of(epoch);
    const lost = loops.filter(({ returnedAt }) => returnedAt === undefined || returnedAt === NEVER).length;
    const late = loops.filter(isMissing).length - lost;
    return { returned: loops.length - late - lost, late, lost };
  }

  forgetBefore(epoch: Epoch): void {
    for (const [key, loop] of this.#loops) if (loop.epoch < epoch) this.#loops.delete(key);
  }

  #of(epoch: Epoch): Loop[] {
    return [...this.#loops.values()].filter((loop) => loop.epoch === epoch);
  }
}

/** When a loop came back that is not the one that left. */
const NEVER = milliseconds(Number.POSITIVE_INFINITY);

/** What two bytes hold. */
const SENT_MAX = 65_535;

/** Lost, or held back longer than its sender asked for: either hurts, and to the node they are the same. */
const isMissing = ({ returnedAt, lateAt }: Loop): boolean => returnedAt === undefined || returnedAt > lateAt;

/** Ways over nodes that have left the network are left out: there is nobody to demote. */
function waysIn({ layers, providers }: Consensus, loops: readonly Loop[]): LostLoop[] {
  const places = new Map([...layers.flat(), ...providers].map((node, place) => [toHex(node.nodeId), place]));
  const ways = loops.map(({ way }) => way.flatMap((node) => places.get(toHex(node)) ?? []));
  return ways.filter((way): way is [number, number, number] => way.length === 3);
}
