/**
 * Keeps the list of nodes current: asks for it once an epoch, at a random time that no user can shift, holds the answer against
 * signatures, history and clocks, and changes to it when all others do. Spec: docs/spec/04-traffic.md §8
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { TransportError, type TransportErrorCode } from "../core/errors.ts";
import { exponential, type RandomSource, uniform } from "../core/random.ts";
import { type Epoch, epochNumber, type KeyPeriod, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { Directory } from "../directory/directory.ts";
import { ASK_SHARE, epochInForce, senderEpochAt, sendersChange } from "../directory/epochs.ts";
import { checkFreshness } from "../directory/freshness.ts";
import type { Consensus, Network } from "../directory/model.ts";
import { type Part, PartCollector } from "../link/parts.ts";
import { ClockDifference } from "./clock-difference.ts";
import type { ProviderLink } from "./provider-link.ts";
import { CONSENSUSES_KEPT, type ClientStore } from "./store.ts";

export interface ConsensusKeeperDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly suite: Suite;
  readonly network: Network;
  readonly store: ClientStore;
  readonly link: ProviderLink;
  /** There is a new consensus, or a new reason why there is none. */
  readonly onChange: () => void;
}

/** Mean wait before asking again when an answer is missing, as a share of the epoch. */
const RETRY_SHARE = 0.02;
/** A provider answers one request in five seconds for long, and eight at once: the first few come sooner. */
const RETRY_MEAN_MIN = 10_000;
const FIRST_RETRY_MEAN = 1_500;
const FIRST_RETRIES = 4;

export class ConsensusKeeper {
  readonly #deps: ConsensusKeeperDeps;
  readonly #directory: Directory;
  readonly #collector = new PartCollector();
  readonly #difference: ClockDifference;
  /** By how many milliseconds the provider's clock was ahead when the answer began that is coming. */
  #ahead = 0;
  #problem: TransportErrorCode | undefined;
  #isAnswered = false;
  /** How often it asked since it last had the list it needs. */
  #asked = 0;
  /** The last one that it asked for by its epoch, on this link. */
  #askedForCommon: Epoch | undefined;
  /** That of those that the provider said it does not have. */
  #absentCommon: Epoch | undefined;
  #cancel: Cancel = () => undefined;
  #cancelChange: Cancel = () => undefined;
  #next: Milliseconds | undefined;
  #stopped = false;

  constructor(deps: ConsensusKeeperDeps) {
    this.#deps = deps;
    this.#directory = new Directory({ network: deps.network, suite: deps.suite });
    this.#difference = new ClockDifference(deps.clock);
  }

  async load(): Promise<void> {
    const saved = await this.#deps.store.consensuses();
    // What an older program wrote in an older form is asked for anew: the account must open all the same.
    for (const bytes of saved.toReversed()) {
      try {
        this.#directory.accept(bytes);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
      }
    }
  }

  start(): void {
    this.#plan();
    this.#planChange();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#cancelChange();
    this.#next = undefined;
  }

  /** When it next looks, and may ask; undefined when nothing is planned. */
  get next(): Milliseconds | undefined {
    return this.#next;
  }

  /** The link came up: without a list, or with one that nobody else uses yet, ask at once. What was asked on the last link does not come. */
  linked(): void {
    this.#difference.lost();
    this.#askedForCommon = undefined;
    if (this.current() === undefined) this.#ask();
    else this.#askForCommon();
  }

  /** The consensus and the key period to use now; undefined when there is none in force or it cannot be trusted. */
  current(): { consensus: Consensus; period: KeyPeriod } | undefined {
    if (this.problem !== undefined) return undefined;
    const now = this.#deps.clock.now();
    return { consensus: this.#directory.at(now), period: this.#directory.keyPeriod(now) };
  }

  /** Whether the provider has said what it has, if only that it has none. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Why there is none: NO_CONSENSUS, CONSENSUS_STALE, CONSENSUS_FORGED, CONSENSUS_SPLIT, CLOCK_WRONG or VERSION_NEWER. */
  get problem(): TransportErrorCode | undefined {
    if (this.#problem !== undefined) return this.#problem;
    const { clock, network } = this.#deps;
    const now = clock.now();
    const { newest } = this.#directory;
    try {
      // A list we hold already tells when the clock was put back: nobody has to be asked.
      if (newest !== undefined) checkFreshness({ network, consensus: newest, now, witnesses: [] });
      this.#directory.at(now);
      return undefined;
    } catch (error) {
      return error instanceof TransportError ? error.code : "NO_CONSENSUS";
    }
  }

  /** Whether this computer's clock differs from the provider's by so much that others could tell who sends with it. */
  get isClockOff(): boolean {
    return this.#deps.network.parameters.clock === "slot" && this.#difference.isTold;
  }

  received(part: Part): void {
    this.#difference.answered(part.time);
    // All parts say what time it was when the first left; on a slow line the last of a long list comes minutes later.
    if (part.index === 0) this.#ahead = part.time - this.#deps.clock.now();
    try {
      const collected = this.#collector.add(part);
      if (collected.kind !== "incomplete") this.#isAnswered = true;
      if (collected.kind === "absent") this.#absent();
      if (collected.kind === "document") this.#accept(collected.bytes);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Asked again on each link it would cost an answer as long as a list each time. */
  #absent(): void {
    this.#absentCommon = this.#askedForCommon ?? this.#absentCommon;
    this.#deps.onChange();
  }

  #accept(bytes: Uint8Array): void {
    const { network, clock, store } = this.#deps;
    const { consensus, isNew } = this.#directory.accept(bytes);
    // Also when the clock is wrong: it is held, and does not come as a new one again. If this is not written, the next start asks again.
    if (isNew)
      void store.addConsensus({ epoch: consensus.epoch, bytes, keep: CONSENSUSES_KEPT }).catch(() => undefined);
    const now = clock.now();
    checkFreshness({ network, consensus, now, witnesses: [milliseconds(now + this.#ahead)] });
    this.#problem = undefined;
    this.#asked = 0;
    this.#askForCommon();
    this.#deps.onChange();
  }

  /** A split or a wrong clock stands until a good list comes; a forged or old one changes nothing about the one we hold. */
  #refuse(error: unknown): void {
    const code = error instanceof TransportError ? error.code : "MALFORMED";
    const standing = code === "CONSENSUS_SPLIT" || code === "CLOCK_WRONG";
    const hadOne = this.#problem !== undefined;
    if (standing || this.problem !== undefined) this.#problem = code === "MALFORMED" ? "CONSENSUS_FORGED" : code;
    // What was planned may be for the next list, by a wrong clock hours away: from now on it is asked again soon.
    if (!hadOne && this.#problem !== undefined && this.#next !== undefined) {
      this.#cancel();
      this.#plan();
    }
    this.#deps.onChange();
  }

  /** At a random time in the beginning of every epoch of lists, and again while there is no answer. */
  #plan(): void {
    if (this.#stopped) return;
    const { clock, network, random } = this.#deps;
    const { duration } = network.parameters.epoch;
    const now = clock.now();
    const next = this.#lacksCurrent()
      ? now + exponential(random, this.#retryMean())
      : epochInForce(network, epochNumber(this.#directory.listEpoch(now) + 1)) + uniform(random) * ASK_SHARE * duration;
    this.#next = milliseconds(next);
    this.#cancel = clock.at(this.#next, () => {
      this.#next = undefined;
      if (this.#lacksCurrent()) {
        this.#ask();
        this.#deps.onChange(); // time alone may have ended the list that was held
      }
      this.#plan();
    });
  }

  /** The list in use changes with time alone, for all in one moment: whoever goes by it is told. */
  #planChange(): void {
    if (this.#stopped) return;
    const { clock, network, onChange } = this.#deps;
    const next = epochNumber(senderEpochAt(network, clock.now()) + 1);
    this.#cancelChange = clock.at(sendersChange(network, next), () => {
      onChange();
      this.#planChange();
    });
  }

  /** A client without any list can do nothing else: it asks sooner at first. */
  #retryMean(): Milliseconds {
    if (this.#directory.newest === undefined && this.#asked < FIRST_RETRIES) return milliseconds(FIRST_RETRY_MEAN);
    return milliseconds(Math.max(RETRY_SHARE * this.#deps.network.parameters.epoch.duration, RETRY_MEAN_MIN));
  }

  #lacksCurrent(): boolean {
    const epoch = this.#directory.listEpoch(this.#deps.clock.now());
    return this.#problem !== undefined || !this.#directory.held.some((consensus) => consensus.epoch === epoch);
  }

  #ask(): void {
    if (!this.#deps.link.send({ type: "getConsensus", epoch: "current" })) return;
    this.#asked++;
    this.#difference.asked();
  }

  /** Who was off for long and has the newest list alone would be the only one to use it before all others do: it asks for theirs. */
  #askForCommon(): void {
    const common = senderEpochAt(this.#deps.network, this.#deps.clock.now());
    const isHeld = this.#directory.held.some(({ epoch }) => epoch === common);
    const isPast = (this.#directory.newest?.epoch ?? common) > common;
    if (isHeld || !isPast || common === this.#askedForCommon || common === this.#absentCommon) return;
    if (!this.#deps.link.send({ type: "getConsensus", epoch: common })) return;
    this.#askedForCommon = common;
    this.#difference.asked();
  }
}
