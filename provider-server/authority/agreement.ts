/**
 * One authority's part in agreeing on the consensus of one epoch: its vote, the others' votes, the tally, the signatures.
 * Decides; whoever drives it (`Authority`) keeps time, disk and links. Spec: docs/spec/08-directory.md §5-6
 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import type { Epoch, Milliseconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { encodeConsensus, verifyConsensus } from "#transport/directory/consensus.ts";
import type { ConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { type Schedule, scheduleOf } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { ClaimedVote, RelayedVote } from "#transport/directory/vote.ts";
import { type Tally, tally } from "./tally.ts";
import { VoteExchange, type VoteOutcome } from "./vote-exchange.ts";

export class Agreement {
  readonly epoch: Epoch;
  readonly schedule: Schedule;
  readonly #network: Network;
  readonly #suite: Suite;
  readonly #listBytesMax: number | undefined;
  readonly #exchange: VoteExchange;
  /** By authority, then by hash of what it signed: two of each suffice to show that it signed two. */
  readonly #signatures = new Map<number, ConsensusSignature[]>();
  #tally: Tally | undefined;

  /** `listBytesMax`: for a list's body, where that is not what readers take. */
  constructor(o: {
    network: Network;
    epoch: Epoch;
    self: number;
    identitySeed: Uint8Array;
    suite: Suite;
    listBytesMax?: number | undefined;
  }) {
    this.epoch = o.epoch;
    this.schedule = scheduleOf(o.network, o.epoch);
    this.#network = o.network;
    this.#suite = o.suite;
    this.#listBytesMax = o.listBytesMax;
    this.#exchange = new VoteExchange(o);
  }

  /** 1 before and in the first round; past the last one when they are over. */
  roundAt(now: Milliseconds): number {
    return 1 + this.schedule.rounds.filter((end) => end <= now).length;
  }

  /** Whether a vote accepted now can still be accepted elsewhere. */
  isRelayedAt(now: Milliseconds): boolean {
    return this.roundAt(now) < this.#exchange.rounds;
  }

  /** What is answered to a vote without a look at its signatures, if they do not matter. */
  answerToVote(claimed: ClaimedVote, now: Milliseconds): ReturnType<VoteExchange["answerTo"]> {
    return this.#exchange.answerTo(claimed, this.roundAt(now));
  }

  receiveVote(relayed: RelayedVote, now: Milliseconds): VoteOutcome {
    return this.#exchange.receive(relayed, this.roundAt(now));
  }

  get absent(): readonly number[] {
    return this.#exchange.absent;
  }

  get contradictory(): readonly number[] {
    return this.#exchange.contradictory;
  }

  /** When the rounds are over. Once; `held` are the consensuses known, by hexadecimal hash. */
  count(held: ReadonlyMap<string, Consensus>): Tally {
    const { votes } = this.#exchange;
    const [network, suite, bytesMax] = [this.#network, this.#suite, this.#listBytesMax];
    this.#tally ??= tally({ network, epoch: this.epoch, votes, held, suite, bytesMax });
    return this.#tally;
  }

  /** What is answered to a signature whether it holds or not; undefined for one that has to be checked. */
  answerToSignature(claimed: Pick<ConsensusSignature, "authority" | "hash">): "known" | "third" | undefined {
    const before = this.#signatures.get(claimed.authority) ?? [];
    if (before.some((other) => equalBytes(other.hash, claimed.hash))) return "known";
    return before.length >= 2 ? "third" : undefined;
  }

  /** `signed` is verified. "second": the authority had signed something else before, and the first is not forgotten. */
  receiveSignature(signed: ConsensusSignature): "first" | "known" | "second" | "third" {
    const answer = this.answerToSignature(signed);
    if (answer !== undefined) return answer;
    const before = this.#signatures.get(signed.authority) ?? [];
    this.#signatures.set(signed.authority, [...before, signed]);
    return before.length === 0 ? "first" : "second";
  }

  /** The consensus, once enough authorities have signed what this one counted. */
  get result(): Consensus | undefined {
    const counted = this.#tally;
    if (counted?.kind !== "consensus") return undefined;
    const matching = [...this.#signatures.values()]
      .flat()
      .filter((signed) => equalBytes(signed.hash, counted.hash))
      .map((signed): [number, Uint8Array] => [signed.authority, signed.signature]);
    if (matching.length < this.#network.threshold) return undefined;
    return verifyConsensus(this.#network, encodeConsensus(counted.body, new Map(matching)), this.#suite);
  }

  /** How many signatures came for what this authority counted, and for other things: for the log when there is no result. */
  get signatureCounts(): { same: number; other: number } {
    const counted = this.#tally?.kind === "consensus" ? toHex(this.#tally.hash) : undefined;
    const all = [...this.#signatures.values()].flat();
    const same = all.filter((signed) => toHex(signed.hash) === counted).length;
    return { same, other: all.length - same };
  }
}
