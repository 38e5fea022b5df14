/**
 * Who gets the next payload slot. Turns alternate between whoever has least left and whoever has waited longest: a mail of
 * k fragments is through after at most 2k turns however large the mails before it are (and 2j more for each mail of j
 * fragments that is smaller, or equal and older), and the oldest always has every second turn. Spec: docs/spec/04-traffic.md §5
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

/**
 * How many turns it takes until `wanted` is through if nobody else comes and the next turn is one of the smallest: those that
 * `FairTurns` would give, counted a contender at a time instead of a packet at a time.
 */
export function turnsUntilThrough(wanted: Contender, others: readonly Contender[]): number {
  if (wanted.left === 0) return 0;
  const waiting = [wanted, ...others.filter(({ left }) => left > 0)];
  const bySize = new Set(waiting.toSorted((a, b) => (hasLessLeft(a, b) ? -1 : 1)));
  let turns = 0;
  for (const oldest of waiting.toSorted((a, b) => a.order - b.order)) {
    if (!bySize.delete(oldest)) continue; // It was through as the smallest.
    let { left } = oldest; // Of the others none is served in part: whoever is smallest stays it until it is through.
    while (left > 0) {
      const [smallest] = bySize;
      if (smallest === undefined || hasLessLeft({ left, order: oldest.order }, smallest)) {
        turns += left; // The oldest and the smallest: every turn.
        left = 0;
      } else if (turns % 2 === 1) {
        turns++;
        left--;
      } else {
        turns += 2 * smallest.left - 1;
        left -= smallest.left - 1;
        bySize.delete(smallest);
        if (smallest === wanted) return turns;
      }
    }
    if (oldest === wanted) return turns;
  }
  return turns;
}

const isOlder = (a: Contender, b: Contender): boolean => a.order < b.order;
const hasLessLeft = (a: Contender, b: Contender): boolean => a.left < b.left || (a.left === b.left && isOlder(a, b));
