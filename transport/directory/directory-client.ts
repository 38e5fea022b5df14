/** What nodes and authorities ask of the authorities. Spec: docs/spec/08-directory.md §11 */

import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type RandomSource, shuffled } from "../core/random.ts";
import { type Epoch, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import type { Frame } from "../link/frame.ts";
import { DIRECTORY_MESSAGE_BYTES_MAX } from "../link/limits.ts";
import type { Dialer } from "../link/link.ts";
import { verifyConsensus } from "./consensus.ts";
import { clockDifferenceMax } from "./epochs.ts";
import { exchange } from "./exchange.ts";
import { answerTime, CLOCK_SLACK_MIN, DIRECTORY_PATIENCE, LIST_PATIENCE } from "./limits.ts";
import { hedge } from "./hedge.ts";
import { type Attempt, oneAtATime } from "./one-at-a-time.ts";
import type { Authority, Consensus, Network } from "./model.ts";

export interface Fetched {
  /** Verified; undefined when those who answered have none for the epoch. */
  readonly consensus: Consensus | undefined;
  /** What the authorities' clocks show now: the median of those that answered soon. */
  readonly time: Milliseconds;
}

/** An authority that answered, and by how many milliseconds its clock is ahead of this one, less the answer's way. */
interface Heard {
  readonly authority: Authority;
  readonly ahead: number;
}

export class DirectoryClient {
  readonly #dialer: Dialer;
  readonly #network: Network;
  readonly #suite: Suite;
  readonly #clock: Clock;
  readonly #random: RandomSource;

  constructor(o: { dialer: Dialer; network: Network; suite: Suite; clock: Clock; random: RandomSource }) {
    this.#dialer = o.dialer;
    this.#network = o.network;
    this.#suite = o.suite;
    this.#clock = o.clock;
    this.#random = o.random;
  }

  /**
   * To all authorities at once; settles when each has answered or has had its time, 20 s. Resolves when as many took it as must
   * sign a consensus, whatever the others said: with fewer the node would be left out of it. Rejects with REFUSED, and what those
   * said that refused it, or with PROVIDER_DOWN when none did and too few answered; then try again.
   */
  async publishDescriptor(descriptor: Uint8Array): Promise<void> {
    const frame: Frame = { type: "publishDescriptor", descriptor };
    const answers = await Promise.allSettled(this.#network.authorities.map((authority) => this.ask(authority, frame)));
    const heard = answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value);
    const statuses = heard.filter((answer) => answer.type === "status");
    const accepted = statuses.filter((status) => status.accepted).length;
    if (accepted >= this.#network.threshold) return;
    const refused = statuses.filter((status) => !status.accepted);
    if (refused.length > 0)
      throw new TransportError("REFUSED", refused.map(({ reason }) => printable(reason)).join("; "));
    const { authorities } = this.#network;
    throw new TransportError("PROVIDER_DOWN", `${accepted} of ${authorities.length} authorities took the descriptor.`);
  }

  /**
   * Asks one authority more than may lie, in random order, and takes the newest list: a single liar cannot keep us on an old
   * one. For a numbered epoch the first good answer suffices. One list at a time, first of those that answer a short question;
   * none when `agrees`, which is told the time then, says false.
   * Rejects with PROVIDER_DOWN when none answers, or with what was wrong with the only answers there were.
   */
  async fetchConsensus(
    epoch: Epoch | "current",
    agrees: (time: Milliseconds) => boolean = () => true,
  ): Promise<Fetched> {
    const heard = await this.#askTime();
    const time = this.#timeOf(heard);
    if (!agrees(time)) return { consensus: undefined, time };
    const alive = heard.map(({ authority }) => authority);
    const others = this.#network.authorities.filter((authority) => !alive.includes(authority));
    const answers = await oneAtATime<Fetched>({
      questions: [...alive, ...shuffled(this.#random, others)].map(
        (authority) => (attempt) => this.fetchFrom(authority, epoch, attempt),
      ),
      enough: (fetched) =>
        epoch === "current"
          ? fetched.length >= this.#moreThanLie
          : fetched.some(({ consensus }) => consensus !== undefined),
      patience: LIST_PATIENCE,
      clock: this.#clock,
    });
    const found = answers.flatMap(({ consensus }) => (consensus === undefined ? [] : [consensus]));
    const newest = found.toSorted((a, b) => b.epoch - a.epoch)[0];
    return { consensus: newest, time: this.#timeOf(heard) };
  }

  /** What their clocks show, the median of one more than may lie: in a large network a list is 11 MB. Rejects as `fetchConsensus`. */
  async fetchTime(): Promise<Milliseconds> {
    return this.#timeOf(await this.#askTime());
  }

  /** Who answers soon, one more than may lie if there are so many, and how far their clocks are ahead of this one. */
  #askTime(): Promise<readonly Heard[]> {
    return hedge<Heard>({
      questions: shuffled(this.#random, this.#network.authorities).map((authority) => async () => {
        const answer = await this.ask(authority, { type: "fetchConsensus", epoch: "time" });
        if (answer.type !== "consensus") throw new TransportError("MALFORMED");
        return { authority, ahead: answer.time - this.#clock.now() };
      }),
      // Those that lie are fewer, and cannot agree with an honest one on another time; nor can answers before and after a clock was set.
      enough: (heard) => this.#agreeing(heard) >= this.#moreThanLie,
      patience: DIRECTORY_PATIENCE,
      clock: this.#clock,
    });
  }

  /** Now: a list that has been on its way for minutes says what time it was when it left. */
  #timeOf(heard: readonly Heard[]): Milliseconds {
    return milliseconds(this.#clock.now() + median(heard.map(({ ahead }) => ahead)));
  }

  /** How many at most say the same, but for what two clocks may differ by. */
  #agreeing(heard: readonly Heard[]): number {
    const most = Math.max(clockDifferenceMax(this.#network), CLOCK_SLACK_MIN);
    return Math.max(
      ...heard.map((one) => heard.filter((o) => o.ahead >= one.ahead && o.ahead <= one.ahead + most).length),
    );
  }

  get #moreThanLie(): number {
    const { authorities, threshold } = this.#network;
    return authorities.length - threshold + 1;
  }

  /** Rejects as `fetchConsensus`; CONSENSUS_FORGED when this authority shows something the others did not sign. */
  async fetchFrom(authority: Authority, epoch: Epoch | "current", attempt?: Attempt): Promise<Fetched> {
    const answer = await this.ask(authority, { type: "fetchConsensus", epoch }, attempt);
    if (answer.type !== "consensus") throw new TransportError("MALFORMED");
    if (answer.bytes.length === 0) return { consensus: undefined, time: answer.time };
    const consensus = verifyConsensus(this.#network, answer.bytes, this.#suite);
    if (epoch !== "current" && consensus.epoch !== epoch) throw new TransportError("MALFORMED");
    return { consensus, time: answer.time };
  }

  /** One question to one authority. Rejects with PROVIDER_DOWN or REFUSED. */
  ask(authority: Authority, frame: Frame, attempt?: Attempt): Promise<Frame> {
    return exchange({
      ...attempt,
      dialer: this.#dialer,
      clock: this.#clock,
      address: authority.address,
      expectedKey: authority.linkKey,
      protocol: "starling-directory/2",
      frame,
      within: answerTime(bytesWith(frame)),
      read: (answer) => answer,
    });
  }
}

/** Of the longest question and answer of the kind, those that are short left out. */
function bytesWith(frame: Frame): number {
  if (frame.type === "vote") return frame.vote.length;
  return frame.type === "fetchConsensus" && frame.epoch !== "time" ? DIRECTORY_MESSAGE_BYTES_MAX : 0;
}

/** It goes into a log, where it must not look like a line of its own. */
const printable = (reason: string): string => reason.replaceAll(/[^ -~]/g, "?");

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
}
