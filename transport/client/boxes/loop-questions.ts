/**
 * Asks a box's provider for loops that were sent into the box, and sends one again that is not there, as a writer does with a mail of one
 * fragment: else the provider that waits for the question, or says "not there", would tell loops from mail. Spec: docs/spec/17-boxes.md §6.1,
 * 04-traffic.md §7
 */

import type { Cancel, Clock } from "../../core/clock.ts";
import { TransportError } from "../../core/errors.ts";
import { type MailboxId, type Milliseconds, milliseconds, type NodeId } from "../../core/units.ts";
import type { SlotContent } from "../../traffic/wrap-slot.ts";
import { PLACE_MISSES_MAX } from "../limits.ts";
import type { Payload, PayloadContender, PayloadSource } from "../payload.ts";
import type { Waits } from "../time-laws.ts";
import { LOOP_QUESTIONS_MAX } from "./limits.ts";

/** A loop that left, and where it is asked for. */
export interface Asked {
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  /** Of its sealed form, 16 bytes. */
  readonly hash: Uint8Array;
  /** From then on nobody would go on asking; undefined: for ever. */
  readonly lastUse?: Milliseconds;
  /** Sends it again; undefined: there is none. */
  readonly again?: { readonly content: () => SlotContent; readonly left: (at: Milliseconds) => void };
}

export interface LoopQuestionsDeps {
  readonly clock: Clock;
  /** From a fragment's departure to the question for it, and from the answer that it is not there to its return to the queue. */
  readonly waits: Pick<Waits, "askWait" | "repeatWait">;
  /** Whether they are there. Rejects when there is no answer. */
  readonly have: (
    to: Pick<Asked, "providerId" | "mailboxId">,
    hashes: readonly Uint8Array[],
  ) => Promise<readonly boolean[]>;
  readonly nextOrder: () => number;
}

interface Open {
  readonly asked: Asked;
  /** Of the forms that left, newest first. */
  hashes: readonly Uint8Array[];
  /** Questions in a row without an answer, or with the answer that nothing is there; a writer then leaves the box. */
  misses: number;
  cancel: Cancel;
  /** Its place in the queue, while it waits to leave again. */
  order: number | undefined;
}

export class LoopQuestions implements PayloadSource {
  readonly #deps: LoopQuestionsDeps;
  /** Oldest first. In memory only. */
  readonly #open = new Set<Open>();

  constructor(deps: LoopQuestionsDeps) {
    this.#deps = deps;
  }

  /** The loop has left now; of too many the oldest is not asked for any more. */
  ask(asked: Asked): void {
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= LOOP_QUESTIONS_MAX) this.#forget(oldest);
    const open: Open = { asked, hashes: [asked.hash], misses: 0, cancel: () => undefined, order: undefined };
    this.#open.add(open);
    this.#plan(open);
  }

  stop(): void {
    for (const open of this.#open) this.#forget(open);
  }

  *contenders(): Iterable<PayloadContender> {
    for (const open of this.#open) {
      const { order } = open;
      const { providerId, again } = open.asked;
      if (order === undefined || again === undefined) continue;
      yield { left: 1, order, provider: providerId, take: () => this.#take(open, again) };
    }
  }

  #take(open: Open, again: NonNullable<Asked["again"]>): Payload {
    const { order } = open;
    open.order = undefined;
    return {
      cargo: "box",
      content: again.content(),
      settled: (sent) => {
        if (!this.#open.has(open)) return;
        if (sent === undefined) {
          open.order = order;
          return;
        }
        open.hashes = [sent.hash, ...open.hashes];
        again.left(sent.at);
        this.#plan(open);
      },
    };
  }

  #plan(open: Open): void {
    this.#after(open, this.#deps.waits.askWait(), () => void this.#question(open));
  }

  #after(open: Open, wait: Milliseconds, task: () => void): void {
    const { clock } = this.#deps;
    open.cancel = clock.at(milliseconds(Math.ceil(clock.now() + wait)), task);
  }

  async #question(open: Open): Promise<void> {
    const { have } = this.#deps;
    try {
      const answers = await have(open.asked, open.hashes);
      if (!this.#open.has(open)) return;
      if (answers.includes(true) || open.asked.again === undefined) this.#forget(open);
      else this.#missed(open, () => this.#sendAgain(open));
    } catch (error) {
      if (!this.#open.has(open)) return;
      const isUnheard = error instanceof TransportError && error.code === "SERVICE_TIMEOUT";
      if (isUnheard) this.#missed(open, () => this.#plan(open));
      else if (this.#isOver(open)) this.#forget(open);
      else this.#plan(open);
    }
  }

  #missed(open: Open, next: () => void): void {
    open.misses++;
    if (open.misses >= PLACE_MISSES_MAX || this.#isOver(open)) this.#forget(open);
    else next();
  }

  #sendAgain(open: Open): void {
    const { waits, nextOrder } = this.#deps;
    this.#after(open, waits.repeatWait(), () => (open.order = nextOrder()));
  }

  #isOver({ asked: { lastUse } }: Open): boolean {
    return lastUse !== undefined && lastUse <= this.#deps.clock.now();
  }

  #forget(open: Open): void {
    open.cancel();
    this.#open.delete(open);
  }
}
