/** What nodes and authorities ask of the authorities. Spec: docs/spec/08-directory.md §11 */

import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type RandomSource, shuffled } from "../core/random.ts";
import type { Epoch, Milliseconds } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import type { Frame } from "../link/frame.ts";
import type { Dialer } from "../link/link.ts";
import { verifyConsensus } from "./consensus.ts";
import { exchange } from "./exchange.ts";
import { DIRECTORY_ANSWER_TIME_MAX, DIRECTORY_PATIENCE } from "./limits.ts";
import { hedge } from "./hedge.ts";
import type { Authority, Consensus, Network } from "./model.ts";

export interface Fetched {
  /** Verified; undefined when those who answered have none for the epoch. */
  readonly consensus: Consensus | undefined;
  /** What the authorities' clocks show: the median of those that answered. */
  readonly time: Milliseconds;
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
   * To all authorities at once. Resolves when as many took it as must sign a consensus: with fewer the node would be left out
   * of it. Rejects with REFUSED (and why) when one refused it, PROVIDER_DOWN when too few answered; then try again.
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
   * one. For a numbered epoch the first good answer suffices. Rejects with PROVIDER_DOWN when none answers, or with what was
   * wrong with the only answers there were.
   */
  async fetchConsensus(epoch: Epoch | "current"): Promise<Fetched> {
    const { authorities, threshold } = this.#network;
    const wanted = authorities.length - threshold + 1;
    const answers = await hedge<Fetched>({
      questions: shuffled(this.#random, authorities).map((authority) => () => this.fetchFrom(authority, epoch)),
      enough: (heard) =>
        epoch === "current" ? heard.length >= wanted : heard.some((answer) => answer.consensus !== undefined),
      patience: DIRECTORY_PATIENCE,
      clock: this.#clock,
    });
    const found = answers.flatMap(({ consensus }) => (consensus === undefined ? [] : [consensus]));
    const newest = found.toSorted((a, b) => b.epoch - a.epoch)[0];
    return { consensus: newest, time: median(answers.map((answer) => answer.time)) };
  }

  /** What their clocks show, the median of one more than may lie: in a large network a list is 11 MB. Rejects as `fetchConsensus`. */
  async fetchTime(): Promise<Milliseconds> {
    const { authorities, threshold } = this.#network;
    const times = await hedge<Milliseconds>({
      questions: shuffled(this.#random, authorities).map((authority) => () => this.#timeOf(authority)),
      enough: (heard) => heard.length > authorities.length - threshold,
      patience: DIRECTORY_PATIENCE,
      clock: this.#clock,
    });
    return median(times);
  }

  async #timeOf(authority: Authority): Promise<Milliseconds> {
    const answer = await this.ask(authority, { type: "fetchConsensus", epoch: "time" });
    if (answer.type !== "consensus") throw new TransportError("MALFORMED");
    return answer.time;
  }

  /** Rejects as `fetchConsensus`; CONSENSUS_FORGED when this authority shows something the others did not sign. */
  async fetchFrom(authority: Authority, epoch: Epoch | "current"): Promise<Fetched> {
    const answer = await this.ask(authority, { type: "fetchConsensus", epoch });
    if (answer.type !== "consensus") throw new TransportError("MALFORMED");
    if (answer.bytes.length === 0) return { consensus: undefined, time: answer.time };
    const consensus = verifyConsensus(this.#network, answer.bytes, this.#suite);
    if (epoch !== "current" && consensus.epoch !== epoch) throw new TransportError("MALFORMED");
    return { consensus, time: answer.time };
  }

  /** One question to one authority. Rejects with PROVIDER_DOWN or REFUSED. */
  ask(authority: Authority, frame: Frame): Promise<Frame> {
    return exchange({
      dialer: this.#dialer,
      clock: this.#clock,
      address: authority.address,
      expectedKey: authority.linkKey,
      protocol: "starling-directory/2",
      frame,
      within: DIRECTORY_ANSWER_TIME_MAX,
      read: (answer) => answer,
    });
  }
}

/** It goes into a log, where it must not look like a line of its own. */
const printable = (reason: string): string => reason.replaceAll(/[^ -~]/g, "?");

function median(times: readonly Milliseconds[]): Milliseconds {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as Milliseconds;
}
