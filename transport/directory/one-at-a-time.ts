/**
 * Asks for something long of one after another: whoever has not begun to answer soon is waited for beside the next, and of those
 * who are waited for whoever begins first goes on alone, so that one answer has the line. Spec: docs/spec/08-directory.md §11
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";

/** What a question has to know of the others. */
export interface Attempt {
  /** Aborted when another has begun, or nobody needs the answer any more. */
  readonly signal: AbortSignal;
  /** To be called when a piece of the answer has come, if it is not the last: so many bytes of it are there. */
  readonly came: (bytes: number) => void;
}

export type Ask<T> = (attempt: Attempt) => Promise<T>;

/**
 * Resolves with the answers there are once they are `enough`, or when every question is settled. Rejects with the last
 * failure when there is no answer at all.
 */
export function oneAtATime<T>(o: {
  readonly questions: readonly Ask<T>[];
  readonly enough: (answers: readonly T[]) => boolean;
  /**
   * How long to wait for first bytes before asking the next as well; from these on, while so many bytes have come, and for the
   * whole. When all are asked, and one has answered, those that have not begun are waited for as long as `last` says; to their
   * end if it says nothing.
   */
  readonly patience: {
    readonly first: Milliseconds;
    readonly with: (bytes: number) => Milliseconds;
    readonly rest: Milliseconds;
    readonly last?: Milliseconds;
  };
  readonly clock: Clock;
}): Promise<readonly T[]> {
  return new Promise((resolve, reject) => {
    const answers: T[] = [];
    const waiting = [...o.questions];
    const running = new Set<Running<T>>();
    let failure: unknown;
    let cancel: Cancel | undefined;

    const askNextAfter = (wait: Milliseconds): void => {
      cancel?.();
      cancel = o.clock.at(milliseconds(o.clock.now() + wait), askNext);
    };

    const askNext = (): void => {
      cancel?.();
      const ask = waiting.shift();
      if (ask === undefined) return waitForLast();
      const one: Running<T> = { ask, abort: new AbortController(), began: undefined, until: milliseconds(0) };
      running.add(one);
      askNextAfter(o.patience.first);
      const over = (act: () => void): void => {
        if (!running.delete(one)) return;
        act();
        proceed();
      };
      ask({ signal: one.abort.signal, came: (bytes) => came(one, bytes) }).then(
        (answer) => over(() => answers.push(answer)),
        (error: unknown) =>
          over(() => {
            failure = error;
          }),
      );
    };

    const waitForLast = (): void => {
      const { last } = o.patience;
      if (last === undefined || answers.length === 0 || hasBegun()) return;
      cancel = o.clock.at(milliseconds(o.clock.now() + last), () => {
        if (!hasBegun()) finish();
      });
    };

    const hasBegun = (): boolean => [...running].some(({ began }) => began !== undefined);

    const came = (one: Running<T>, bytes: number): void => {
      if (!running.has(one)) return;
      const now = o.clock.now();
      const others = [...running].filter(({ began }) => began === undefined);
      if (one.began === undefined) {
        one.began = now;
        for (const other of others) {
          if (other === one) continue;
          // Asked again only should this one fail.
          end(other);
          waiting.push(other.ask);
        }
      } else if (others.length > 0) {
        // It was too slow, and now another has its time to begin: who drips bytes takes nobody's turn.
        return;
      }
      one.until = milliseconds(one.began + Math.min(o.patience.with(bytes), o.patience.rest));
      waitForBest();
    };

    /** Whoever comes well is enough. */
    const waitForBest = (): void => {
      const now = o.clock.now();
      const until = Math.max(now, ...[...running].map((it) => it.until));
      if (until > now) askNextAfter(milliseconds(until - now));
      else askNext();
    };

    const end = (one: Running<T>): void => {
      running.delete(one);
      one.abort.abort();
    };

    const proceed = (): void => {
      const isOver = running.size === 0 && waiting.length === 0;
      if (isOver || o.enough(answers)) finish();
      else waitForBest();
    };

    const finish = (): void => {
      cancel?.();
      for (const one of running) end(one);
      if (answers.length > 0) resolve(answers);
      else reject(failure);
    };

    askNext();
  });
}

interface Running<T> {
  readonly ask: Ask<T>;
  readonly abort: AbortController;
  /** When its first bytes came. */
  began: Milliseconds | undefined;
  /** So long it is waited for alone, by what has come of it. */
  until: Milliseconds;
}
