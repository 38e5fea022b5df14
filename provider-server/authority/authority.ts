/**
 * A directory authority: takes descriptors, agrees with the others on one consensus for each epoch, gives it out. Driven by
 * a clock and by frames; links are its caller's. Spec: docs/spec/08-directory.md §5-6
 */

import { equalBytes } from "#transport/core/bytes.ts";
import { Appointments } from "#transport/core/appointments.ts";
import type { Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { type Epoch, epochNumber, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { signConsensus } from "#transport/directory/consensus.ts";
import {
  encodeConsensusSignature,
  readConsensusSignature,
  verifyConsensusSignature,
} from "#transport/directory/consensus-signature.ts";
import { epochAt, scheduleOf } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import { encodeRelayedVote, readRelayedVote, type RelayedVote, verifyRelayedVote } from "#transport/directory/vote.ts";
import type { Frame, WantedDocument } from "#transport/link/frame.ts";
import type { Gauges } from "../observe/figures.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Admission } from "./admission.ts";
import { Allowances, type Sender } from "./allowances.ts";
import { Agreement } from "./agreement.ts";
import { askOthers } from "./ask-others.ts";
import { AuthorityFigures } from "./authority-figures.ts";
import type { AuthorityStore } from "./authority-store.ts";
import { DescriptorRegistry } from "./descriptor-registry.ts";
import { HeldConsensuses } from "./held-consensuses.ts";
import { Messages, type Peers } from "./messages.ts";
import { ownVote } from "./own-vote.ts";
import { type SignatureReason, VOTE_REFUSALS, type VoteReason } from "./reasons.ts";
import { logTally } from "./tally-log.ts";

export interface AuthorityDependencies {
  readonly network: Network;
  /** This authority's position in the network file. */
  readonly self: number;
  readonly identitySeed: Uint8Array;
  readonly suite: Suite;
  readonly clock: Clock;
  readonly store: AuthorityStore;
  readonly admission: Admission;
  readonly peers: Peers;
  readonly log: Log;
  /** Figures for whoever runs the authority. */
  readonly metrics?: Metrics | undefined;
  /** For a list's body, where that is not what readers take. */
  readonly listBytesMax?: number | undefined;
}

export class Authority {
  readonly #deps: AuthorityDependencies;
  readonly #registry: DescriptorRegistry;
  readonly #held: HeldConsensuses;
  readonly #allowances: Allowances;
  readonly #messages: Messages;
  readonly #appointments: Appointments;
  readonly #figures: AuthorityFigures;
  #agreement: Agreement | undefined;
  #isStopped = false;

  constructor(deps: AuthorityDependencies) {
    this.#deps = deps;
    const onDrop = (reason: string): void => deps.log.event(`dropped a stored descriptor: ${reason}`);
    const { step } = scheduleOf(deps.network, epochNumber(1));
    this.#appointments = new Appointments({
      clock: deps.clock,
      lookInterval: step,
      tolerance: step,
      onClockSet: () => this.#startAnew(),
    });
    this.#registry = new DescriptorRegistry({ ...deps, onDrop });
    this.#held = new HeldConsensuses(deps);
    this.#figures = new AuthorityFigures(deps);
    this.#allowances = new Allowances(deps);
    this.#messages = new Messages({ ...deps, at: (time, task) => this.#at(time, task) });
  }

  start(): void {
    void this.#recover("current");
    this.#next(epochAt(this.#deps.network, this.#deps.clock.now()));
  }

  stop(): void {
    this.#isStopped = true;
    this.#appointments.end();
  }

  /** Answers one frame of the directory protocol. Throws MALFORMED for one that is none of its, or not the sender's to send. */
  handle(frame: Frame, from: Sender): Frame {
    switch (frame.type) {
      case "publishDescriptor":
        return this.#status("a descriptor", this.#registry.publish(frame.descriptor, this.#deps.clock.now()));
      case "fetchConsensus": {
        const answer = { type: "consensus", time: this.#deps.clock.now() } as const;
        if (frame.epoch === "time") return { ...answer, bytes: EMPTY };
        const bytes = this.#document(frame.epoch);
        // As long as the longest there is, whichever was asked for. That there is none everybody knows who knows the time.
        return { ...answer, bytes, ...(bytes.length > 0 && { room: this.#longestDocument }) };
      }
      case "vote":
        return this.#bounded("a vote", from, frame.vote, (bytes) => this.#receiveVote(bytes));
      case "signature":
        return this.#bounded("a signature", from, frame.signature, (bytes) => this.#receiveSignature(bytes));
      default:
        throw new TransportError("MALFORMED");
    }
  }

  get newest(): Consensus | undefined {
    return this.#held.newest;
  }

  /** For whoever runs this authority. */
  get gauges(): Gauges {
    return this.#figures.read(this.newest);
  }

  /** Whether a link key is that of a node of the newest list, or of one that is admitted and has published. */
  isNode(linkKey: Uint8Array): boolean {
    return this.#held.hasLinkKey(linkKey) || this.#registry.hasLinkKey(linkKey);
  }

  /** In bytes: as long is every answer that has one. */
  get #longestDocument(): number {
    return Math.max(this.#deps.network.bytes.length, this.newest?.bytes.length ?? 0);
  }

  // --- the course of one agreement

  /** Prepares for the first epoch, `from` on, whose agreement is not over. */
  #next(from: Epoch): void {
    const { network, clock, self, identitySeed, suite, store, listBytesMax } = this.#deps;
    const now = clock.now();
    let epoch = from;
    while (scheduleOf(network, epoch).publish <= now) epoch = epochNumber(epoch + 1);
    this.#allowances.renew();
    const agreement = new Agreement({ network, epoch, self, identitySeed, suite, listBytesMax });
    const { schedule } = agreement;
    this.#at(schedule.publish, () => this.#finish(agreement));
    if (now > schedule.vote || store.vote(epoch) !== undefined) {
      // Its vote may come too late for the others, and what an earlier run had heard is forgotten: beside a liar's signature
      // what it counts from the rest could become a second list (docs/spec/08-directory.md §5).
      this.#deps.log.event("started within an agreement: taking its result from the others", { epoch });
      return;
    }
    this.#agreement = agreement;
    this.#at(schedule.vote, () => this.#vote(agreement));
    this.#at(schedule.rounds.at(-1) as Milliseconds, () => this.#count(agreement));
  }

  #vote(agreement: Agreement): void {
    const { network, clock } = this.#deps;
    const vote = ownVote({ ...this.#deps, epoch: agreement.epoch, registry: this.#registry, newest: this.newest });
    const relayed: RelayedVote = { vote, endorsements: new Map() };
    agreement.receiveVote(relayed, clock.now());
    const { step, rounds } = agreement.schedule;
    const trial = { until: rounds[0] as Milliseconds, step };
    this.#messages.toAll({ type: "vote", vote: encodeRelayedVote(relayed) }, trial);
    this.#deps.log.event("voted", { epoch: agreement.epoch, nodes: vote.nodes.length, of: network.authorities.length });
  }

  #receiveVote(bytes: Uint8Array): VoteReason | undefined {
    const { network, suite, clock, store } = this.#deps;
    const claimed = verified(() => readRelayedVote({ network, bytes, suite }));
    if (claimed instanceof TransportError) return VOTE_REFUSALS[claimed.code] ?? "not a vote";
    // Signatures last: one authority that sends old votes again and again must not keep this one busy.
    const agreement = this.#agreement;
    if (agreement?.epoch !== claimed.epoch) return "no agreement on this epoch is under way here";
    // No clock that is right enough votes so early. What a liar could give sooner would cost each restart until then an agreement.
    if (clock.now() < agreement.schedule.vote - agreement.schedule.step) return "too early";
    const answer = agreement.answerToVote(claimed, clock.now());
    if (answer !== undefined) return answer.kind === "refused" ? answer.reason : undefined;
    const relayed = verified(() => verifyRelayedVote({ network, bytes, suite }));
    if (relayed instanceof TransportError) return VOTE_REFUSALS[relayed.code] ?? "not a vote";
    // A clock that is ahead votes early: from now on there is something that a restart would forget.
    if (store.vote(agreement.epoch) === undefined) store.putVote(agreement.epoch, NOT_YET);
    const outcome = agreement.receiveVote(relayed, clock.now());
    if (outcome.kind === "refused") return outcome.reason;
    if (outcome.kind === "accepted") this.#figures.voteCame(relayed.vote.authority, agreement.schedule.vote);
    if (outcome.kind === "accepted" && agreement.isRelayedAt(clock.now())) {
      const { step, rounds } = agreement.schedule;
      const trial = { until: rounds.at(-1) as Milliseconds, step };
      this.#messages.toAll({ type: "vote", vote: encodeRelayedVote(outcome.relay) }, trial, relayed.vote.authority);
    }
    return undefined;
  }

  #count(agreement: Agreement): void {
    const { log, network, self, identitySeed, suite } = this.#deps;
    const { epoch } = agreement;
    for (const authority of agreement.absent) log.event("no vote came in time", { epoch, authority });
    for (const authority of agreement.contradictory) {
      log.event("dropped the votes of an authority that signed two different ones", { epoch, authority });
    }
    const counted = agreement.count(this.#held.byHash);
    if (counted.kind === "none") return log.event(`no tally: ${counted.reason}`, { epoch });
    logTally(log, counted);
    if (!this.#mayOnlySign(epoch, counted.hash)) return;
    const signature = signConsensus({ epoch, hash: counted.hash, identitySeed, suite });
    const own = { epoch, hash: counted.hash, authority: self, signature };
    agreement.receiveSignature(own);
    const { publish: until, step } = agreement.schedule;
    this.#messages.toAll({ type: "signature", signature: encodeConsensusSignature(own) }, { until, step });
    log.event("signed", { epoch, authorities: network.authorities.length });
    this.#complete(agreement);
  }

  /** Writes down what is about to be signed. False when something else was signed for the epoch: that stays the only one. */
  #mayOnlySign(epoch: Epoch, hash: Uint8Array): boolean {
    const { store, log } = this.#deps;
    const before = store.signed(epoch);
    if (before === undefined) store.putSigned(epoch, hash);
    const isSame = before === undefined || equalBytes(before, hash);
    if (!isSame) log.event("refused to sign a second consensus for one epoch", { epoch });
    return isSame;
  }

  #receiveSignature(bytes: Uint8Array): SignatureReason | undefined {
    const { network, suite, log } = this.#deps;
    const claimed = verified(() => readConsensusSignature(bytes));
    if (claimed instanceof TransportError) return "not a signature";
    const { epoch, authority } = claimed;
    const agreement = this.#agreement;
    if (agreement?.epoch !== epoch) return "no agreement on this epoch is under way here";
    const answer = agreement.answerToSignature(claimed);
    if (answer === "known") return undefined; // What it brought about was done then; checking the list each time would be costly.
    if (answer === "third") return "a third signature of one authority";
    const signed = verified(() => verifyConsensusSignature({ network, bytes, suite }));
    if (signed instanceof TransportError) return "the signature is not of whom it names";
    const outcome = agreement.receiveSignature(signed);
    if (outcome === "second") log.event("an authority signed two consensuses for one epoch", { epoch, authority });
    this.#complete(agreement);
    return undefined;
  }

  #complete(agreement: Agreement): void {
    const { result } = agreement;
    if (result !== undefined) this.#held.hold(result);
  }

  #finish(agreement: Agreement): void {
    const { epoch } = agreement;
    if (this.#agreement === agreement) this.#figures.over(agreement, { hasList: this.#held.of(epoch) !== undefined });
    if (this.#held.of(epoch) === undefined) {
      this.#deps.log.event("no consensus from own counting: asking the others", {
        epoch,
        ...agreement.signatureCounts,
      });
      void this.#recover(epoch);
    }
    this.#agreement = undefined;
    this.#next(epochNumber(epoch + 1));
  }

  // --- what others know

  /** Asks the others in turn until one has it, or the next agreement begins. */
  async #recover(epoch: Epoch | "current"): Promise<void> {
    const { network, clock } = this.#deps;
    const { era } = this.#appointments;
    const hold = (consensus: Consensus): void => {
      if (!this.#isStopped) this.#held.hold(consensus);
    };
    const hasOne = await askOthers({ ...this.#deps, epoch, hold });
    if (hasOne || epoch === "current" || this.#isStopped || era !== this.#appointments.era) return;
    const next = scheduleOf(network, epochNumber(epoch + 1));
    const again = milliseconds(clock.now() + next.step);
    if (again < next.vote) this.#at(again, () => void this.#recover(epoch));
    else this.#deps.log.event("no consensus for an epoch", { epoch });
  }

  #document(wanted: WantedDocument): Uint8Array {
    if (wanted === "network") return this.#deps.network.bytes;
    if (wanted === "current") return this.newest?.bytes ?? EMPTY;
    return this.#held.of(wanted)?.bytes ?? EMPTY;
  }

  /** What costs signatures comes from authorities alone, and from each only so much in an epoch. */
  #bounded(
    what: string,
    from: Sender,
    bytes: Uint8Array,
    receive: (bytes: Uint8Array) => VoteReason | SignatureReason | undefined,
  ): Frame {
    if (from === "anyone") throw new TransportError("MALFORMED");
    const cut = this.#allowances.take(from, bytes);
    if (cut !== undefined && !cut.isNews) return { type: "status", accepted: false, reason: cut.reason };
    const reason = cut?.reason ?? receive(bytes);
    if (cut === undefined) this.#allowances.note(from, bytes, reason);
    return this.#status(what, reason, { authority: from });
  }

  #status(what: string, refusal: string | undefined, numbers: Readonly<Record<string, number>> = {}): Frame {
    if (refusal !== undefined) {
      this.#deps.log.event(`refused ${what}: ${refusal}`, numbers);
      this.#deps.metrics?.refuse(`${what}: ${refusal}`);
    }
    return { type: "status", accepted: refusal === undefined, reason: refusal ?? "" };
  }

  #at(time: Milliseconds, task: () => void): void {
    this.#appointments.at(time, () => {
      try {
        task();
      } catch (error) {
        // A full disk, most likely: without its record nothing is signed, and the next epoch is tried again.
        this.#deps.log.event(`failed: ${String(error)}`);
      }
    });
  }

  /** An agreement of another hour is none: the one that is under way now is the others', and the next is this one's too. */
  #startAnew(): void {
    this.#deps.log.event("the clock was set or this machine has slept: beginning anew");
    this.#agreement = undefined;
    this.start();
  }
}

const EMPTY = new Uint8Array(0);
/** In place of its own vote: it has accepted others' for that epoch. */
const NOT_YET = EMPTY;

/** What is wrong with bytes that are not what they should be. */
function verified<T>(verify: () => T): T | TransportError {
  try {
    return verify();
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
}
