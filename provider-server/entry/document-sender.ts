/**
 * Sends consensuses and the network file to clients, piece by piece: all at once would be more than a link's send buffer takes.
 * One document at a time on each link, so that their pieces never mix. Spec: docs/spec/05-link.md §5, docs/spec/07-mailbox.md §1.2
 */

import type { Clock } from "#transport/core/clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { type Part, toParts } from "#transport/link/parts.ts";
import { DOCUMENTS_WAITING_MAX, PART_ATTEMPTS_MAX, PART_INTERVAL } from "./limits.ts";

export interface Answer {
  /** Undefined says that there is no such document. */
  readonly document: Uint8Array | undefined;
  /** The answer is at least as long as that of a document of so many bytes. */
  readonly room: number;
}

export class DocumentSender {
  readonly #clock: Clock;
  readonly #sizes: FrameSizes;
  /** For each link the documents asked for; the first is on its way. */
  readonly #queues = new Map<Link, Answer[]>();

  constructor(deps: { clock: Clock; sizes: FrameSizes }) {
    this.#clock = deps.clock;
    this.#sizes = deps.sizes;
  }

  /** A request too many is lost, and the client asks again. */
  send(link: Link, answer: Answer): void {
    const queue = this.#queues.get(link);
    if (queue === undefined) {
      this.#queues.set(link, [answer]);
      this.#begin(link);
    } else if (queue.length < DOCUMENTS_WAITING_MAX) queue.push(answer);
  }

  /** The link is gone, or takes nothing more. */
  forget(link: Link): void {
    this.#queues.delete(link);
  }

  #begin(link: Link): void {
    const answer = this.#queues.get(link)?.[0];
    if (answer === undefined) return this.forget(link);
    const { document, room } = answer;
    this.#sendFrom(link, toParts(document, { time: milliseconds(Math.floor(this.#clock.now())), room }), 0);
  }

  #sendFrom(link: Link, parts: readonly Part[], attempts: number): void {
    const queue = this.#queues.get(link);
    const [part, ...rest] = parts;
    if (queue === undefined || part === undefined) return;
    if (attempts > PART_ATTEMPTS_MAX) return this.forget(link);
    const isSent = link.writable && link.send(encodeFrame(part, this.#sizes));
    if (isSent && rest.length === 0) {
      queue.shift();
      return this.#begin(link);
    }
    const next = milliseconds(this.#clock.now() + PART_INTERVAL);
    this.#clock.at(next, () => this.#sendFrom(link, isSent ? rest : parts, isSent ? 0 : attempts + 1));
  }
}
