/**
 * Who gets the next payload slot. Turns alternate between whoever has least left and whoever has waited longest: a mail of
 * k fragments is through after at most 2k turns however large the mails before it are (and 2j more for mails of j fragments
 * that are smaller or equal and older), and the oldest always has every second turn. Spec: docs/spec/04-traffic.md §5
 */

export interface Contender {
  /** Packets still to send. */
  readonly left: number;
  /** Smaller is older. */
  readonly order: number;
}

export class FairTurns {
  #turn = 0;

  /** The contender whose turn it is; undefined when there is none, and then no turn is used up. */
  next<T extends Contender>(contenders: Iterable<T>): T | undefined {
    const better = this.#turn % 2 === 0 ? hasLessLeft : isOlder;
    let best: T | undefined;
    for (const contender of contenders) {
      if (best === undefined || better(contender, best)) best = contender;
    }
    if (best !== undefined) this.#turn++;
    return best;
  }
}

const isOlder = (a: Contender, b: Contender): boolean => a.order < b.order;
const hasLessLeft = (a: Contender, b: Contender): boolean => a.left < b.left || (a.left === b.left && isOlder(a, b));
