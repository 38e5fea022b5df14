/**
 * All honest authorities end with the same votes, also when others say different things to different ones: a vote that comes
 * in round r counts only with r signatures, and whoever accepts it passes it on with its own (Dolev and Strong, "Authenticated
 * algorithms for Byzantine agreement", SIAM J. Comput. 12(4), 1983). With one more round than may fail, either every honest
 * authority has a vote or none. Pure: rounds come in as numbers. Spec: docs/spec/08-directory.md §5
 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { type ClaimedVote, endorse, type RelayedVote, type Vote } from "#transport/directory/vote.ts";
import { VOTES_KEPT_EACH } from "./limits.ts";
import type { VoteReason } from "./reasons.ts";

export type VoteOutcome =
  | {
      readonly kind: "accepted" /** To be sent to all others, unless the rounds are over by then. */;
      readonly relay: RelayedVote;
    }
  | { readonly kind: "known" }
  | { readonly kind: "refused"; readonly reason: VoteReason };

export class VoteExchange {
  readonly #network: Network;
  readonly #self: number;
  readonly #identitySeed: Uint8Array;
  readonly #suite: Suite;
  readonly #accepted = new Map<number, Vote[]>();

  constructor(o: { network: Network; self: number; identitySeed: Uint8Array; suite: Suite }) {
    this.#network = o.network;
    this.#self = o.self;
    this.#identitySeed = o.identitySeed;
    this.#suite = o.suite;
  }

  /** The number of rounds: one more than authorities may fail. */
  get rounds(): number {
    return this.#network.authorities.length - this.#network.threshold + 1;
  }

  /**
   * What is answered to a vote that is not taken, whoever signed it: undefined for one whose signatures decide. It keeps nothing,
   * so that whoever makes up votes changes nothing for those that come after.
   */
  answerTo(claimed: ClaimedVote, round: number): Exclude<VoteOutcome, { kind: "accepted" }> | undefined {
    const held = this.#accepted.get(claimed.authority) ?? [];
    if (held.some((known) => equalBytes(known.hash, claimed.hash))) return { kind: "known" };
    if (round > this.rounds) return { kind: "refused", reason: "too late" };
    if (held.length >= VOTES_KEPT_EACH) return { kind: "refused", reason: "a third vote of one authority" };
    // Our own endorsement proves nothing to ourselves: after a restart it may be all that others had.
    const others = claimed.endorsers.filter((authority) => authority !== this.#self).length;
    return 1 + others < round ? { kind: "refused", reason: "too few endorsements for the round" } : undefined;
  }

  /** `relayed` is verified; `round` counts from 1, and past the last one everything is late. */
  receive(relayed: RelayedVote, round: number): VoteOutcome {
    const { vote, endorsements } = relayed;
    const { authority, epoch, hash } = vote;
    const answer = this.answerTo({ authority, epoch, hash, endorsers: [...endorsements.keys()] }, round);
    if (answer !== undefined) return answer;
    const held = this.#accepted.get(authority) ?? [];
    this.#accepted.set(authority, [...held, vote]);
    if (authority === this.#self) return { kind: "accepted", relay: relayed };
    const endorsement = endorse({ vote, identitySeed: this.#identitySeed, suite: this.#suite });
    return { kind: "accepted", relay: { vote, endorsements: new Map(endorsements).set(this.#self, endorsement) } };
  }

  /** The votes that count, once the rounds are over: of each authority that has exactly one. */
  get votes(): readonly Vote[] {
    return [...this.#accepted.values()].flatMap((votes) => (votes.length === 1 ? votes : []));
  }

  /** Authorities of which no vote came in time. What they had committed to reveal stays out of the shared randomness. */
  get absent(): readonly number[] {
    return [...this.#network.authorities.keys()].filter((authority) => !this.#accepted.has(authority));
  }

  /** Authorities that signed two different votes. */
  get contradictory(): readonly number[] {
    return [...this.#accepted].filter(([, votes]) => votes.length > 1).map(([authority]) => authority);
  }
}
