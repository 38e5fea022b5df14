/**
 * Answers collects: so many as the network's parameter says, each at a time that the request names and nothing else changes. An
 * answer is made shortly before it leaves, from what is in the box then. Spec: docs/spec/17-boxes.md §3.2
 */

import {
  BOX_SERVICE,
  type CollectRequest,
  decodeBoxRequest,
  encodeCollected,
  isCollect,
} from "#transport/box/requests.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import { decodeServiceRequest, type ServiceRequest } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import type { BoxReader, BoxStore } from "./box-store.ts";
import {
  ANSWER_MADE_BEFORE,
  COLLECT_ANSWERS_WAITING_MAX,
  COLLECTS_PER_READER_WAITING_MAX,
  STRANGE_COLLECT_ANSWERS_WAITING_MAX,
} from "./limits.ts";

export interface BoxDeskDependencies {
  readonly clock: Clock;
  readonly sphinx: Sphinx;
  readonly boxReplies: number;
  /** The longest that an answer may be asked to wait. */
  readonly delayMax: Milliseconds;
  readonly boxes: Pick<BoxStore, "asked" | "take">;
  readonly padding: RandomSource;
  readonly send: (firstHop: NodeId, packet: Uint8Array) => void;
  readonly onDrop: (reason: DropReason) => void;
}

interface Waiting {
  readonly reader: BoxReader | undefined;
  cancel: Cancel;
}

export class BoxDesk {
  readonly #deps: BoxDeskDependencies;
  readonly #waiting = new Set<Waiting>();
  /** How many of them each reader has; undefined: those of no box, together. */
  readonly #waitingOf = new Map<string | undefined, number>();

  constructor(deps: BoxDeskDependencies) {
    this.#deps = deps;
  }

  /** Answers that wait to leave. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A payload that came for the service `box`. False when it collects nothing: then nothing was done. */
  handle(payload: Uint8Array): boolean {
    const request = withoutThrow(() => decodeServiceRequest(this.#deps.sphinx.geometry, payload));
    if (request?.service !== BOX_SERVICE || !isCollect(request.body)) return false;
    this.#collect(request);
    return true;
  }

  stop(): void {
    for (const { cancel } of this.#waiting) cancel();
    this.#waiting.clear();
    this.#waitingOf.clear();
  }

  #collect(frame: ServiceRequest): void {
    const { clock, boxReplies, boxes, onDrop } = this.#deps;
    const request = this.#decode(frame.body);
    if (request === undefined) return onDrop("SERVICE_MALFORMED");
    if (this.#waiting.size + boxReplies > COLLECT_ANSWERS_WAITING_MAX) return onDrop("COLLECTS_BUSY");
    const came = clock.now();
    const reader = boxes.asked(request);
    if (reader === "DISK_FULL") return onDrop(reader);
    if (!this.#hasRoom(reader)) return onDrop("COLLECTS_BUSY");
    const surbs = [frame.surb, ...request.surbs];
    for (const [i, delay] of request.delays.entries()) {
      this.#plan({ due: milliseconds(came + delay), surb: surbs[i] as Uint8Array, reader });
    }
  }

  /** Made-up secrets must not take the room of boxes that exist, nor one reader that of others. */
  #hasRoom(reader: BoxReader | undefined): boolean {
    const { boxReplies } = this.#deps;
    const most =
      reader === undefined ? STRANGE_COLLECT_ANSWERS_WAITING_MAX : COLLECTS_PER_READER_WAITING_MAX * boxReplies;
    return (this.#waitingOf.get(reader?.key) ?? 0) + boxReplies <= most;
  }

  #decode(body: Uint8Array): CollectRequest | undefined {
    const { sphinx, boxReplies, delayMax } = this.#deps;
    const shape = { boxReplies, surbBytes: sphinx.geometry.surbBytes, delayMax };
    const request = withoutThrow(() => decodeBoxRequest(body, shape));
    return request?.kind === "collect" ? request : undefined;
  }

  /** What waits for minutes holds its own SURB, and nothing else of the request. */
  #plan({ due, surb, reader }: { due: Milliseconds; surb: Uint8Array; reader: BoxReader | undefined }): void {
    const { clock, sphinx, boxes, padding, send } = this.#deps;
    const make = (): void => {
      // Throws when the SURB is none.
      const made = withoutThrow(() =>
        sphinx.wrapReply({ surb, body: encodeCollected(boxes.take(reader)), random: padding }),
      );
      if (made === undefined) return this.#lose(one, "SERVICE_MALFORMED");
      // At a later time it would tell how long it took.
      if (clock.now() > due) return this.#lose(one, "SERVICE_LATE");
      one.cancel = clock.at(due, () => {
        this.#leaves(one);
        send(made.firstHop, made.packet);
      });
    };
    const one: Waiting = { reader, cancel: clock.at(milliseconds(due - ANSWER_MADE_BEFORE), make) };
    this.#waiting.add(one);
    this.#waitingOf.set(reader?.key, (this.#waitingOf.get(reader?.key) ?? 0) + 1);
  }

  #leaves(one: Waiting): void {
    this.#waiting.delete(one);
    const left = (this.#waitingOf.get(one.reader?.key) ?? 0) - 1;
    if (left > 0) this.#waitingOf.set(one.reader?.key, left);
    else this.#waitingOf.delete(one.reader?.key);
  }

  #lose(one: Waiting, reason: DropReason): void {
    this.#leaves(one);
    this.#deps.onDrop(reason);
  }
}

function withoutThrow<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
