/**
 * Who writes what to whom, and when: drawn before anything runs, from streams that nothing else draws from. All of it is
 * assumption, none is measured from people. Docs: docs/simulator.md
 *
 * - How much a user writes: lognormal around the mean (σ = 1): the busiest tenth writes some four tenths of everything.
 * - To whom: 3 to 60 contacts, their number heavy-tailed (Pareto, α = 1.2); people who are known by many are drawn
 *   more often (weight 1/√rank); of one's contacts the k-th is written to with weight 1/k.
 * - When: a Poisson process; no day and night, so a run shows a busy hour all the way through.
 * - Sizes: lognormal. Mail: median 6 KB, σ = 1.4, at most 500 KB; chat: median 300 bytes, σ = 1, at most 20 KB.
 * - Three in ten messages are answered, after an exponential wait: mail 10 minutes, chat 30 s.
 */

import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import type { ProfileName } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

export interface Writing {
  /** Milliseconds after the beginning. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** Of the body, in a network for people. */
  readonly bytes: number;
}

interface ProfileHabits {
  readonly medianBytes: number;
  readonly spread: number;
  readonly bytesMax: number;
  readonly answerWait: Milliseconds;
}

const HABITS: Readonly<Record<ProfileName, ProfileHabits>> = {
  mail: { medianBytes: 6_000, spread: 1.4, bytesMax: 500_000, answerWait: milliseconds(600_000) },
  chat: { medianBytes: 300, spread: 1, bytesMax: 20_000, answerWait: milliseconds(30_000) },
};
const ANSWERED = 0.3;
const CONTACTS_MIN = 3;
const CONTACTS_MAX = 60;
const CONTACTS_ALPHA = 1.2;
const DAY = 24 * 3_600_000;

export interface WorkloadOptions {
  readonly seed: string;
  readonly users: number;
  /** Messages a user writes in a day on average, answers counted. */
  readonly mails: number;
  readonly profile: ProfileName;
  readonly duration: Milliseconds;
}

export class Workload {
  /** In order of time; answers are not among them. */
  readonly first: readonly Writing[];
  readonly #options: WorkloadOptions;
  readonly #habits: ProfileHabits;
  readonly #answers: RandomSource;

  constructor(options: WorkloadOptions) {
    const { seed, users, mails, duration } = options;
    this.#options = options;
    this.#habits = HABITS[options.profile];
    this.#answers = new SeededRandom(`${seed}/workload/answers`);
    const random = new SeededRandom(`${seed}/workload`);
    const fame = Float64Array.from({ length: users }, (_, i) => 1 / Math.sqrt(i + 1));
    const drawPerson = weighted(fame);
    const first: Writing[] = [];
    for (let from = 0; from < users; from++) {
      const contacts = this.#contacts(random, from, drawPerson);
      // A lognormal's mean is e^(σ²/2); of all messages, answers and answers to answers included, these are a part.
      const rate = ((mails * (1 - ANSWERED)) / DAY) * Math.exp(normal(random) - 0.5);
      const drawContact = weighted(Float64Array.from({ length: contacts.length }, (_, k) => 1 / (k + 1)));
      let at = rate === 0 ? Number.POSITIVE_INFINITY : exponential(random, milliseconds(1 / rate));
      for (; at < duration; at += exponential(random, milliseconds(1 / rate))) {
        const to = contacts[drawContact(random)] as number;
        first.push({ at: Math.floor(at), from, to, bytes: this.#bytes(random) });
      }
    }
    this.first = first.toSorted((a, b) => a.at - b.at);
  }

  /** What the reader of a message writes back, if anything: drawn in the order in which messages are read. */
  answerTo({ from, to }: Writing, readAt: number): Writing | undefined {
    const random = this.#answers;
    const isAnswered = uniform(random) < ANSWERED;
    const at = Math.floor(readAt + exponential(random, this.#habits.answerWait));
    const bytes = this.#bytes(random);
    return isAnswered && at < this.#options.duration ? { at, from: to, to: from, bytes } : undefined;
  }

  #contacts(random: RandomSource, self: number, drawPerson: (random: RandomSource) => number): number[] {
    const { users } = this.#options;
    const wanted = Math.floor(CONTACTS_MIN * uniform(random) ** (-1 / CONTACTS_ALPHA));
    const count = Math.min(wanted, CONTACTS_MAX, users - 1);
    const contacts = new Set<number>();
    while (contacts.size < count) {
      const person = drawPerson(random);
      if (person !== self) contacts.add(person);
    }
    return [...contacts];
  }

  #bytes(random: RandomSource): number {
    const { medianBytes, spread, bytesMax } = this.#habits;
    return Math.ceil(Math.min(bytesMax, medianBytes * Math.exp(spread * normal(random))));
  }
}

/** Draws an index with a chance that is proportional to its weight. */
function weighted(weights: Float64Array): (random: RandomSource) => number {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (const [i, weight] of weights.entries()) {
    sum += weight;
    sums[i] = sum;
  }
  return (random) => {
    const wanted = uniform(random) * sum;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Box and Muller's. */
const normal = (random: RandomSource): number =>
  Math.sqrt(-2 * Math.log(uniform(random))) * Math.cos(2 * Math.PI * uniform(random));
