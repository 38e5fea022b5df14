/**
 * Drops that a provider sends to random providers, so that a mix holds some minimum of packets however few people are there
 * and whatever they do. The rate follows from the consensus alone. Spec: docs/spec/04-traffic.md §11
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { exponential, type RandomSource } from "#transport/core/random.ts";
import {
  type KeyPeriod,
  MAILBOX_ID_BYTES,
  meanInterval,
  type Milliseconds,
  milliseconds,
  type NodeId,
} from "#transport/core/units.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { choosePath, chooseProvider } from "#transport/directory/path.ts";
import type { WrappedPacket } from "#transport/sphinx/packet.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import { coverMeanDelay } from "#transport/traffic/delay-class.ts";
import { decoyRate } from "#transport/traffic/minimum-pool.ts";
import { wrapSlot } from "#transport/traffic/wrap-slot.ts";
import type { Log } from "../observe/log.ts";
import { DECOYS_PAUSE } from "./limits.ts";

export interface DecoysDependencies {
  readonly clock: Clock;
  /** For this and nothing else: times, paths, delays and bytes of decoys shift nobody's draws, and nobody shifts theirs. */
  readonly random: RandomSource;
  readonly sphinx: Sphinx;
  readonly nodeId: NodeId;
  readonly current: () => { consensus: Consensus; period: KeyPeriod; parameters: Parameters } | undefined;
  readonly send: (packet: WrappedPacket) => void;
  readonly log: Log;
}

export class Decoys {
  readonly #deps: DecoysDependencies;
  /** Nobody's: what is sealed to it is never opened. To the provider where it ends, a decoy is a client's drop. */
  readonly #mailboxKey: Uint8Array;
  readonly #plaintext: Uint8Array;
  #cancel: Cancel | undefined;
  #saidCapped = false;

  constructor(deps: DecoysDependencies) {
    this.#deps = deps;
    const { suite, geometry } = deps.sphinx;
    this.#mailboxKey = suite.sealKem.generate(deps.random).publicKey;
    this.#plaintext = new Uint8Array(geometry.fragmentBytes);
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Exponential waits have no memory: when the rate changes, what is left of a wait may as well be drawn anew. */
  #schedule(): void {
    const { clock, random } = this.#deps;
    const rate = this.#rate();
    const wait = rate === 0 ? DECOYS_PAUSE : exponential(random, meanInterval(rate));
    const isTick = rate > 0 && wait <= DECOYS_PAUSE;
    this.#cancel = clock.at(milliseconds(clock.now() + Math.min(wait, DECOYS_PAUSE)), () => {
      this.#schedule();
      if (isTick) this.send();
    });
  }

  #rate(): ReturnType<typeof decoyRate>["rate"] | 0 {
    const current = this.#deps.current();
    if (current === undefined) return 0;
    const { consensus, parameters } = current;
    const width = { layers: consensus.layers.map((mixes) => mixes.length), providers: consensus.providers.length };
    const { rate, isCapped } = decoyRate(parameters, width);
    if (isCapped && !this.#saidCapped) this.#deps.log.event("decoys are at their cap: the pool is below its minimum");
    this.#saidCapped = isCapped;
    return rate;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  /** At a tick: one packet leaves at once. */
  protected send(): void {
    const packet = this.#make();
    if (packet !== undefined) this.#deps.send(packet);
  }

  #make(): WrappedPacket | undefined {
    const current = this.#deps.current();
    if (current === undefined) return undefined;
    const { sphinx, random, nodeId } = this.#deps;
    const meanDelay: Milliseconds = coverMeanDelay(random, current.parameters);
    try {
      const destination = chooseProvider({ ...current, paths: random });
      const path = choosePath({ ...current, meanDelay, paths: random, delays: random, destination, from: nodeId });
      return wrapSlot({
        sphinx,
        path,
        content: {
          destination: { command: "drop", recipient: random.bytes(MAILBOX_ID_BYTES) },
          plaintext: this.#plaintext,
          mailboxKey: this.#mailboxKey,
        },
        keys: random,
      });
    } catch (error) {
      if (error instanceof TransportError) return undefined; // too few nodes are alive
      throw error;
    }
  }
}
