/**
 * How unsure somebody who watches every link is where one packet went: the distribution of that packet over all that come out
 * of the last layer, followed through the mixes record by record.
 *
 * In a mix whose packets all have exponential delays of one mean, each packet inside is equally likely to be the next that
 * leaves, however long it has been there (the law has no memory). So the chance that a leaving packet is the watched one is the
 * chance that the watched one is inside, divided by the number inside; that is exact. Where two means are in use the
 * adversary is told which of them each packet has (more than it can see), which splits each mix into two pools and keeps this exact.
 */

import type { ObserverLog } from "./log.ts";

/** What is inside one mix, of one mean delay: how many packets, and the chance that the watched one is among them. */
export class Pool {
  #count = 0;
  #chance = 0;

  /** A packet goes in that is the watched one with this chance. */
  arrive(chance: number): void {
    this.#count++;
    this.#chance += chance;
  }

  /** One of them leaves: the chance that it is the watched one. */
  depart(): number {
    // One that nobody saw come is the node's own.
    if (this.#count === 0) return 0;
    const chance = this.#chance / this.#count--;
    this.#chance -= chance;
    return chance;
  }

  get chance(): number {
    return this.#chance;
  }
}

/** Shannon's entropy in bits. What the chances lack to 1 is taken as one more outcome. */
export function entropy(chances: Iterable<number>): number {
  let [bits, rest] = [0, 1];
  for (const chance of chances) {
    if (chance <= 0) continue;
    bits -= chance * Math.log2(chance);
    rest -= chance;
  }
  return rest > 1e-12 ? bits - rest * Math.log2(rest) : bits;
}

/** A packet at one hop: into mix `to` from `from`, or past the mixes where `to` is no mix. */
export interface Step {
  readonly at: number;
  /** The mix that it leaves, and the pool in it; undefined where it enters the network. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Chances of all packets that leave the last layer, in order of time. `steps` are in order of time; `watched` is an entry. */
export function follow(steps: readonly Step[], watched: Step): number[] {
  const pools = new Map<string, Pool>();
  const pool = (name: string): Pool => {
    const known = pools.get(name) ?? new Pool();
    pools.set(name, known);
    return known;
  };
  const out: number[] = [];
  for (const step of steps) {
    const chance = step.from === undefined ? Number(step === watched) : pool(step.from).depart();
    if (step.to !== undefined) pool(step.to).arrive(chance);
    else if (step.from !== undefined) out.push(chance);
  }
  return out;
}

/**
 * The steps in a log: every packet between two nodes, seen as it leaves. With nothing but a log all packets count as of one mean,
 * and a mix's own loops as packets of its pool: the figure is then an estimate.
 */
export function stepsOf(log: ObserverLog, isMix: (name: string) => boolean): Step[] {
  const mix = (name: string): string | undefined => (isMix(name) ? name : undefined);
  return (
    log.records
      // What comes back says that a node is there.
      .filter(({ link, direction }) => log.links[link]?.protocol === "node" && direction === ">")
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, link }) => {
        const { dialer = "", listener = "" } = log.links[link] ?? {};
        return { at, from: mix(dialer), to: mix(listener) };
      })
  );
}
