/**
 * Asks a box's provider for loops that were sent into the box, as a writer asks for a mail of one fragment: else the provider that waits for
 * the question would tell loops from mail. What is answered changes nothing. Spec: docs/spec/17-boxes.md §6.1, 04-traffic.md §7
 */

import type { Cancel, Clock } from "../../core/clock.ts";
import { TransportError } from "../../core/errors.ts";
import { type MailboxId, type Milliseconds, milliseconds, type NodeId } from "../../core/units.ts";
import { PLACE_MISSES_MAX } from "../limits.ts";
import { LOOP_QUESTIONS_MAX } from "./limits.ts";

/** A fragment that left, and where it is asked for. */
export interface Asked {
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  /** Of its sealed form, 16 bytes. */
  readonly hash: Uint8Array;
  /** From then on nobody would go on asking; undefined: for ever. */
  readonly lastUse?: Milliseconds;
}

export interface LoopQuestionsDeps {
  readonly clock: Clock;
  /** From a fragment's departure, or a question that had no answer, to the next. */
  readonly askWait: () => Milliseconds;
  /** Rejects when there is no answer. */
  readonly have: (to: Pick<Asked, "providerId" | "mailboxId">, hashes: readonly Uint8Array[]) => Promise<unknown>;
}

export class LoopQuestions {
  readonly #deps: LoopQuestionsDeps;
  /** Oldest first, each with what cancels its wait. In memory only. */
  readonly #open = new Map<Asked, Cancel>();

  constructor(deps: LoopQuestionsDeps) {
    this.#deps = deps;
  }

  /** The loop has left now; of too many the oldest is not asked for any more. */
  ask(asked: Asked): void {
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= LOOP_QUESTIONS_MAX) this.#forget(oldest);
    this.#plan(asked, 0);
  }

  stop(): void {
    for (const asked of this.#open.keys()) this.#forget(asked);
  }

  /** `misses`: how often in a row nobody answered; a writer then leaves the box. */
  #plan(asked: Asked, misses: number): void {
    const { clock, askWait } = this.#deps;
    const at = milliseconds(Math.ceil(clock.now() + askWait()));
    this.#open.set(
      asked,
      clock.at(at, () => void this.#question(asked, misses)),
    );
  }

  async #question(asked: Asked, misses: number): Promise<void> {
    const { have, clock } = this.#deps;
    const { lastUse = Number.POSITIVE_INFINITY } = asked;
    try {
      await have(asked, [asked.hash]);
      this.#forget(asked);
    } catch (error) {
      if (!this.#open.has(asked)) return;
      const isUnheard = error instanceof TransportError && error.code === "SERVICE_TIMEOUT";
      const missed = isUnheard ? misses + 1 : misses;
      if (missed >= PLACE_MISSES_MAX || lastUse <= clock.now()) this.#forget(asked);
      else this.#plan(asked, missed);
    }
  }

  #forget(asked: Asked): void {
    this.#open.get(asked)?.();
    this.#open.delete(asked);
  }
}
