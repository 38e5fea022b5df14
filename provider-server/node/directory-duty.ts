/**
 * What a node owes the directory and gets from it: a descriptor with its keys in time for every vote, the consensus before it
 * is used, and old keys erased. Spec: docs/spec/06-mix.md §5-6
 */

import { Appointments } from "#transport/core/appointments.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { TRANSPORT_ERRORS, TransportError } from "#transport/core/errors.ts";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import { type Epoch, epochNumber, type KeyPeriod, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import {
  clockErrorMax,
  epochAt,
  epochInForce,
  epochOfKeyPeriod,
  epochStart,
  keyErasedAt,
  keyPeriodAt,
  scheduleOf,
  senderEpochAt,
} from "#transport/directory/epochs.ts";
import type { Directory } from "#transport/directory/directory.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Log } from "../observe/log.ts";
import type { ClockMemory } from "./clock-memory.ts";
import type { DirectoryPort } from "./dependencies.ts";
import { CLOCK_KNOWN_EPOCHS, CLOCK_LOOK_SHARE, RETRY_SHARE } from "./limits.ts";

export interface DirectoryDutyDependencies {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly network: Network;
  readonly directory: DirectoryPort;
  readonly consensuses: Directory;
  readonly log: Log;
  /** What is known of the time without this clock, also from an earlier run. */
  readonly clockMemory?: ClockMemory | undefined;
  /** The signed descriptor that is published in this epoch. */
  readonly describe: (epoch: Epoch) => Uint8Array;
  /** A consensus was added, or one went out of use. */
  readonly onChange: () => void;
  /** Keys of key periods before this one are of no more use. */
  readonly onKeysOver: (period: KeyPeriod) => void;
  /** The same of all keys of epochs before this one. Each epoch is named once. */
  readonly onEpochOver: (epoch: Epoch) => void;
}

export class DirectoryDuty {
  readonly #deps: DirectoryDutyDependencies;
  readonly #appointments: Appointments;
  #clockIsWrong = false;
  /** When the authorities last agreed with this clock. */
  #agreedAt: Milliseconds | undefined;
  /** The clock was set, or nothing is known of it, and nobody has confirmed it yet. */
  #isClockNew = false;
  /** Ends the wait for that. */
  #cancelTrust: Cancel = () => undefined;
  #cancelLook: Cancel = () => undefined;
  #clockDifference: number | undefined;
  #isStopped = false;
  /** The oldest epoch of which keys are kept, as it was said last. */
  #keptEpoch: Epoch | undefined;
  readonly #failed = new Set<string>();

  constructor(deps: DirectoryDutyDependencies) {
    this.#deps = deps;
    this.#appointments = new Appointments({
      clock: deps.clock,
      lookInterval: this.#lookInterval,
      tolerance: clockErrorMax(deps.network),
      onClockSet: () => {
        deps.log.event("the clock was set or this machine has slept: asking anew what the network's time is");
        this.#askAnew();
      },
    });
  }

  start(): void {
    this.#eraseAsRun();
    // A clock that was set while the node did not run is as new to it as one that is set while it runs.
    const { clock, clockMemory } = this.#deps;
    if (clockMemory?.time() === undefined || this.#wasSet(clock.now())) return this.#askAnew();
    this.#eraseOld();
    this.#begin();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTrust();
    this.#cancelLook();
    this.#appointments.end();
  }

  /** For whoever runs the node: seconds that its clock was last seen ahead, how many are too many, and how much of its duty fails. */
  get state(): { clockDifference: number | undefined; clockDifferenceMax: number; failing: number } {
    return {
      clockDifference: this.#clockDifference,
      clockDifferenceMax: this.#clockErrorMax / 1000,
      failing: this.#failed.size,
    };
  }

  /** The time as far as it is certain, for what cannot be undone: this clock's; else when the authorities last agreed with it. Undefined until then. */
  get knownTime(): Milliseconds | undefined {
    return this.certainTime ?? this.#agreedAt;
  }

  /** This clock's time, while the authorities have agreed with it within the last epochs and it was not set since; else undefined. */
  get certainTime(): Milliseconds | undefined {
    const { clock, network } = this.#deps;
    const now = clock.now();
    // A clock that was set within the epochs below would seem near.
    if (this.#agreedAt === undefined || this.#isClockNew || this.#clockIsWrong || this.#wasSet(now)) return undefined;
    const isNear = Math.abs(now - this.#agreedAt) <= CLOCK_KNOWN_EPOCHS * network.parameters.epoch.duration;
    return isNear ? now : undefined;
  }

  /** By how long this machine has run: known when the time is asked for, not at the next look. */
  #wasSet(now: Milliseconds): boolean {
    const time = this.#deps.clockMemory?.time();
    return time !== undefined && Math.abs(now - time) > this.#clockErrorMax;
  }

  #begin(): void {
    void this.#publish();
    void this.#fetch(this.#epoch(), { isFirst: true });
  }

  /** A key that is erased by a wrong clock stands in the list for hours more: first somebody has to say that the clock is right. */
  #askAnew(): void {
    // Nobody may keep old keys by cutting the node off, or by setting its clock: set again, it is not waited for anew.
    if (!this.#isClockNew) this.#trustAfter(1 / CLOCK_LOOK_SHARE);
    this.#isClockNew = true;
    this.#begin();
  }

  /** In steps: a clock that is put back makes none of them longer, and one that is put forward ends one of them at most. */
  #trustAfter(steps: number): void {
    const end = milliseconds(this.#deps.clock.now() + this.#lookInterval);
    this.#cancelTrust = this.#deps.clock.at(end, () => {
      if (steps > 1) this.#trustAfter(steps - 1);
      else this.#trustClock();
    });
  }

  #trustClock(): void {
    if (!this.#isClockNew) return;
    this.#isClockNew = false;
    this.#cancelTrust();
    this.#eraseOld();
  }

  /** Whatever the clock says, keys that are over by how long the machine has run: that nobody can set. */
  #eraseAsRun(): void {
    const { clock, network, clockMemory, onKeysOver } = this.#deps;
    if (clockMemory === undefined) return;
    const time = clockMemory.time();
    // They agreed but for that difference: what may not be over yet is left to the clock.
    const late = network.parameters.epoch.overlap + this.#clockErrorMax;
    if (time !== undefined) onKeysOver(keyPeriodAt(network, milliseconds(time - late)));
    this.#cancelLook = clock.at(milliseconds(clock.now() + this.#lookInterval), () => this.#eraseAsRun());
  }

  async #publish(): Promise<void> {
    const { era } = this.#appointments;
    const done = await this.#attempt("publish the descriptor", async () => {
      if (!this.#clockAgrees(await this.#deps.directory.fetchTime()) || this.#isOver(era)) return false;
      // By the clock that was just agreed with: it may have been set while the question was under way.
      await this.#deps.directory.publishDescriptor(this.#deps.describe(this.#epoch()));
      return true;
    });
    if (this.#isOver(era)) return;
    this.#appointments.at(done ? this.#nextPublication() : this.#retryTime(), () => void this.#publish());
  }

  /** A random time in the first half of what is left, in the next epoch, before its vote. */
  #nextPublication(): Milliseconds {
    const { network, random } = this.#deps;
    const epoch = epochNumber(this.#epoch() + 1);
    const start = epochStart(network, epoch);
    const vote = scheduleOf(network, epochNumber(epoch + 1)).vote;
    return milliseconds(start + (uniform(random) * (vote - start)) / 2);
  }

  async #fetch(epoch: Epoch, { isFirst = false } = {}): Promise<void> {
    const { era } = this.#appointments;
    const found = await this.#obtain(epoch);
    // An older one serves for a while if this epoch has none. One after the other: side by side on a slow line both would be late.
    if (isFirst && !found && !this.#isOver(era)) await this.#obtain("current");
    // Who has just started has not been given it before, and all send by it for a while yet.
    if (found && !this.#isOver(era)) await this.#obtainCommon();
    if (this.#isOver(era)) return;
    if (found) this.#fetchNext(epochNumber(epoch + 1));
    else this.#fetchLater(epoch);
  }

  /** The clock is looked at before the list is asked for: set while that is on its way, it would seem to agree. */
  #obtain(epoch: Epoch | "current"): Promise<boolean> {
    return this.#attempt("fetch the consensus", async () => {
      const { consensus } = await this.#deps.directory.fetchConsensus(epoch, (time) => this.#clockAgrees(time));
      return consensus !== undefined && this.#take(consensus);
    });
  }

  /** By the list before the newest all senders go until they change together: without it their packets would be strangers'. */
  async #obtainCommon(): Promise<void> {
    const { network, clock, consensuses } = this.#deps;
    const common = senderEpochAt(network, clock.now());
    if (!consensuses.held.some(({ epoch }) => epoch === common)) await this.#obtain(common);
  }

  /** What began in this era is to plan nothing more. */
  #isOver(era: number): boolean {
    return this.#isStopped || era !== this.#appointments.era;
  }

  /** False for one that does not go with what is held: authorities show different lists, or it is an old one. */
  #take(consensus: Consensus): boolean {
    const { consensuses, log, onChange } = this.#deps;
    try {
      if (consensuses.accept(consensus.bytes).isNew) onChange();
      return true;
    } catch (error) {
      const code = error instanceof TransportError ? error.code : "MALFORMED";
      log.event(`a consensus was refused: ${TRANSPORT_ERRORS[code]}`, { epoch: consensus.epoch });
      return false;
    }
  }

  /** Before the first use, at a random time after it was published: not all nodes at once. */
  #fetchNext(epoch: Epoch): void {
    const { network, random, clock } = this.#deps;
    const published = scheduleOf(network, epoch).publish;
    const share = uniform(random);
    const time = milliseconds(published + share * (epochInForce(network, epoch) - published));
    this.#appointments.at(milliseconds(Math.max(time, clock.now())), () => void this.#fetch(epoch));
  }

  /** Again soon, unless it is not due yet, or the next one's time has come. */
  #fetchLater(epoch: Epoch): void {
    const { network, clock } = this.#deps;
    const next = epochNumber(epoch + 1);
    if (clock.now() >= scheduleOf(network, next).publish) this.#fetchNext(next);
    else if (clock.now() < scheduleOf(network, epoch).publish) this.#fetchNext(epoch);
    else this.#appointments.at(this.#retryTime(), () => void this.#fetch(epoch));
  }

  #eraseOld(): void {
    const { network, clock } = this.#deps;
    const { overlap } = network.parameters.epoch;
    // The oldest key that is still kept.
    const kept = keyPeriodAt(network, milliseconds(clock.now() - overlap));
    this.#deps.onKeysOver(kept);
    const epoch = epochOfKeyPeriod(network, kept);
    if (epoch !== this.#keptEpoch) this.#deps.onEpochOver(epoch);
    this.#keptEpoch = epoch;
    this.#deps.onChange();
    this.#appointments.at(keyErasedAt(network, kept), () => this.#eraseOld());
  }

  /** Runs `work`; a rejection is logged once until it succeeds. */
  async #attempt(what: string, work: () => Promise<boolean>): Promise<boolean> {
    try {
      const done = await work();
      if (this.#failed.delete(what)) this.#deps.log.event(`could ${what} again`);
      return done;
    } catch (error) {
      const why = error instanceof TransportError ? reasonOf(error) : String(error);
      if (!this.#isStopped && !this.#failed.has(what)) this.#deps.log.event(`cannot ${what}, trying on: ${why}`);
      this.#failed.add(what);
      return false;
    }
  }

  #clockAgrees(time: Milliseconds): boolean {
    const { clock, log, clockMemory } = this.#deps;
    const difference = Math.round((clock.now() - time) / 1000);
    this.#clockDifference = difference;
    const isWrong = Math.abs(difference) * 1000 > this.#clockErrorMax;
    if (isWrong && !this.#clockIsWrong) {
      log.event(
        "this machine's clock differs from the authorities' by too much: nothing is published until it is set",
        {
          seconds: difference,
        },
      );
    }
    if (!isWrong && this.#clockIsWrong) log.event("this machine's clock agrees with the authorities' again");
    this.#clockIsWrong = isWrong;
    if (isWrong) return false;
    this.#agreedAt = clock.now();
    clockMemory?.agreed(this.#agreedAt);
    this.#trustClock();
    return true;
  }

  get #lookInterval(): Milliseconds {
    return milliseconds(this.#deps.network.parameters.epoch.duration * CLOCK_LOOK_SHARE);
  }

  get #clockErrorMax(): Milliseconds {
    return clockErrorMax(this.#deps.network);
  }

  #retryTime(): Milliseconds {
    const { clock, random, network } = this.#deps;
    const wait = network.parameters.epoch.duration * RETRY_SHARE * (0.5 + uniform(random));
    return milliseconds(clock.now() + wait);
  }

  #epoch(): Epoch {
    return epochAt(this.#deps.network, this.#deps.clock.now());
  }
}

/** Links of clients and of nodes fail with one code; here it was an authority. */
const reasonOf = (error: TransportError): string =>
  error.code === "PROVIDER_DOWN" ? "No authority can be reached." : error.message;
