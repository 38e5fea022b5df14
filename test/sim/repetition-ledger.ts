/**
 * How often each fragment of a message leaves, and how many are out of which their writer knows nothing. Bounds: a fragment leaves
 * once, once more for each time F that has passed since (docs/spec/04-traffic.md §7: it is asked for first), for each reminder and for
 * each restart of its program. Looked at with each departure; what is out, once a minute.
 */

import { FRAGMENTS_UNASKED_MAX } from "#transport/client/limits.ts";
import type { Journey } from "#transport/client/types.ts";
import type { Invariants } from "./invariants.ts";
import { ATTEMPTS, REMINDERS, type Times } from "./recovery-times.ts";

export interface RepetitionLedgerOptions {
  readonly invariants: Invariants;
  readonly times: Times;
  readonly now: () => number;
  readonly isClockWrong: (client: string) => boolean;
}

interface Departures {
  readonly first: number;
  readonly runs: number;
  count: number;
}

export class RepetitionLedger {
  readonly #options: RepetitionLedgerOptions;
  /** By client, message and index. */
  readonly #fragments = new Map<string, Map<number, Departures>>();
  readonly #runs = new Map<string, number>();
  most = 0;

  constructor(options: RepetitionLedgerOptions) {
    this.#options = options;
  }

  sent(client: string, { messageId, index }: { messageId: Uint8Array; index: number }): void {
    const { invariants, times, now, isClockWrong } = this.#options;
    const key = `${client} ${Buffer.from(messageId).toString("hex")}`;
    const message = this.#fragments.get(key) ?? new Map<number, Departures>();
    this.#fragments.set(key, message);
    const runs = this.#runs.get(client) ?? 0;
    const fragment = message.get(index) ?? { first: now(), runs, count: 0 };
    message.set(index, fragment);
    fragment.count++;
    this.most = Math.max(this.most, fragment.count);
    if (isClockWrong(client)) return;
    const asked = Math.floor((now() - fragment.first) / times.repeatLeast);
    const bound = 1 + asked + REMINDERS + runs - fragment.runs;
    invariants.check(
      "repetition bounded",
      fragment.count <= bound,
      () =>
        `${client}: fragment ${index} left ${fragment.count} times, ${bound} at most after ${now() - fragment.first} ms`,
    );
  }

  clientEnds(client: string): void {
    this.#runs.set(client, (this.#runs.get(client) ?? 0) + 1);
  }

  /** Of each message at most what may leave unasked, and what has slots while one question is out. */
  look(client: string, journeys: readonly Journey[]): void {
    const { invariants, times, isClockWrong } = this.#options;
    if (isClockWrong(client)) return;
    const bound =
      FRAGMENTS_UNASKED_MAX + (ATTEMPTS * (times.answer + 20 * times.slot) + 20 * times.repeatLeast) / times.slot;
    for (const { delivery, fragmentsSent, fragmentsStored } of journeys) {
      if (delivery === "delivered" || delivery === "failed") continue;
      const out = fragmentsSent - fragmentsStored;
      invariants.check(
        "repetition bounded",
        out <= bound,
        () => `${client}: ${out} fragments of one message are out, ${bound} at most`,
      );
    }
  }
}
