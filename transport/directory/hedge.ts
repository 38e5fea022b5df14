/** Asks one after another, and the next already when one is slow: a paused authority costs seconds, not a timeout. */

import type { Cancel, Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";

/**
 * Resolves with the answers there are once they are `enough`, or when every question is settled. Rejects with the last
 * failure when there is no answer at all.
 */
export function hedge<T>(o: {
  readonly questions: readonly (() => Promise<T>)[];
  readonly enough: (answers: readonly T[]) => boolean;
  /** How long to wait for one answer before asking the next as well. */
  readonly patience: Milliseconds;
  readonly clock: Clock;
}): Promise<readonly T[]> {
  return new Promise((resolve, reject) => {
    const answers: T[] = [];
    let asked = 0;
    let settled = 0;
    let failure: unknown;
    let cancel: Cancel | undefined;

    const askNext = (): void => {
      cancel?.();
      const question = o.questions[asked];
      if (question === undefined) return;
      asked++;
      cancel = o.clock.at(milliseconds(o.clock.now() + o.patience), askNext);
      question().then(
        (answer) => {
          answers.push(answer);
          proceed();
        },
        (error: unknown) => {
          failure = error;
          proceed();
        },
      );
    };

    const proceed = (): void => {
      settled++;
      const isOver = settled === o.questions.length;
      if (!isOver && !o.enough(answers)) return askNext();
      cancel?.();
      if (answers.length > 0) resolve(answers);
      else if (isOver) reject(failure);
    };

    askNext();
  });
}
