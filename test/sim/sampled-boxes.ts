/** One user's own boxes in a sampled simulation: opened, announced and collected by production's laws. Docs: docs/simulator.md §5 */

import { ANSWER_MADE_BEFORE } from "#provider-server/boxes/limits.ts";
import { drawBox, drawDelays } from "#transport/client/boxes/collect-draws.ts";
import {
  ANNOUNCEMENT_PATIENCE,
  BOX_FIRST_WAIT,
  BOX_LIFE_KEYS,
  BOX_OPENING_PARTS,
  PLACE_REST_MIN,
} from "#transport/client/boxes/limits.ts";
import type { Parameters, Profile } from "#transport/core/parameters.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { VirtualClock } from "#test/support/virtual-clock.ts";
import { SampledBox } from "./sampled-box.ts";
import type { SampledNetwork } from "./sampled-network.ts";

export interface SampledBoxesOptions {
  readonly clock: VirtualClock;
  readonly parameters: Parameters;
  readonly network: SampledNetwork;
  readonly profile: () => Profile;
  readonly chance: RandomSource;
  /** Mean time that a packet spends in mixes. */
  readonly journey: Milliseconds;
  /** A request in a payload slot; `replied` runs when its answer comes out of the mailbox. */
  readonly request: (replied: () => void) => void;
  /** A packet to the own mailbox in a payload slot; `came` runs when it comes out of there. */
  readonly tellSelf: (o: { readonly came: () => void; readonly left: () => void }) => void;
  /** A reply goes from a provider to the own mailbox; `came` runs when it comes out of there. */
  readonly reply: (came: () => void) => void;
}

export class SampledBoxes {
  readonly #options: SampledBoxesOptions;
  /** Those announced, the latest first. */
  #boxes: SampledBox[] = [];

  constructor(options: SampledBoxesOptions) {
    this.#options = options;
  }

  start(): void {
    const { parameters, chance } = this.#options;
    if (parameters.boxReplies > 0) this.#in(exponential(chance, BOX_FIRST_WAIT), () => this.#open());
  }

  /** Where this account wants to be written to now. */
  place(): SampledBox | undefined {
    const [latest] = this.#boxes;
    return latest !== undefined && isUsable(latest, this.#options.clock.now()) ? latest : undefined;
  }

  /** What a drop slot does where its packet ends: asks for answers, each of which leaves at a time of its own. */
  collect(): () => void {
    const { clock, parameters, profile, chance } = this.#options;
    if (parameters.boxReplies === 0) return () => undefined;
    this.#boxes = this.#boxes.filter(({ until }) => until + parameters.retention > clock.now());
    const box = drawBox(chance, this.#boxes);
    const delays = drawDelays(chance, parameters, profile());
    const { cursor, taken } = box?.progress ?? NOTHING_READ;
    return () => {
      box?.asked({ cursor, taken });
      for (const delay of delays) this.#answer(box, delay);
    };
  }

  #answer(box: SampledBox | undefined, delay: Milliseconds): void {
    const { reply, clock } = this.#options;
    const due = milliseconds(clock.now() + delay);
    this.#in(delay - ANSWER_MADE_BEFORE, () => {
      const answer = box?.take();
      clock.at(due, () =>
        reply(() => {
          if (box === undefined || answer === undefined) return;
          box.progress.nextIs(answer.next);
          if (answer.entry === undefined) return;
          answer.entry.read();
          box.progress.took(answer.entry.number);
        }),
      );
    });
  }

  #open(): void {
    const { clock, parameters, network, request } = this.#options;
    request(() => {
      const until = milliseconds(clock.now() + this.#life);
      this.#announce(new SampledBox({ clock, parameters, network, until }));
    });
  }

  /** Until it comes out of the mailbox. */
  #announce(box: SampledBox): void {
    const { tellSelf, journey } = this.#options;
    if (this.#boxes.includes(box)) return;
    tellSelf({
      came: () => this.#announced(box),
      left: () => this.#in(ANNOUNCEMENT_PATIENCE * journey, () => this.#announce(box)),
    });
  }

  #announced(box: SampledBox): void {
    const { clock, chance } = this.#options;
    if (this.#boxes.includes(box)) return;
    this.#boxes = [box, ...this.#boxes].toSorted((a, b) => b.until - a.until);
    const half = box.until - this.#life / 2 - clock.now();
    this.#in(half, () => this.#in((uniform(chance) * this.#life) / BOX_OPENING_PARTS, () => this.#open()));
  }

  get #life(): number {
    return BOX_LIFE_KEYS * this.#options.parameters.mailboxKeyLifetime;
  }

  #in(wait: number, task: () => void): void {
    const { clock } = this.#options;
    clock.at(milliseconds(clock.now() + wait), task);
  }
}

/** Whether something may go there. */
export const isUsable = ({ until }: SampledBox, now: Milliseconds): boolean => until - PLACE_REST_MIN > now;

const NOTHING_READ = { cursor: 0, taken: 0n };
