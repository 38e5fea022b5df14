/** What a node is made from. Composition roots (the daemon, the simulator) build these; nothing below them reads a system clock. */

import type { Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import type { Epoch, Milliseconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Dialer } from "#transport/link/link.ts";
import type { SignUpPolicy } from "../accounts/accounts.ts";
import type { ProviderDatabase } from "../database/database.ts";
import type { PeriodStore } from "../mix/period-store.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Observer } from "../observe/observer.ts";
import type { Service } from "../services/service.ts";
import type { ClockMemory } from "./clock-memory.ts";

export interface NodeDependencies {
  readonly clock: Clock;
  readonly streams: NodeStreams;
  readonly suite: Suite;
  readonly network: Network;
  /** Carries the node's link key. */
  readonly dialer: Dialer;
  readonly directory: DirectoryPort;
  readonly identity: NodeIdentity;
  /** host:port at which other nodes, and a provider's clients, reach this one. */
  readonly address: string;
  /** The family; the same in all nodes of one operator. */
  readonly operator: string;
  readonly periodStore: PeriodStore;
  /** Without one each start asks an authority before anything is erased. */
  readonly clockMemory?: ClockMemory | undefined;
  readonly log: Log;
  readonly limits?: Partial<NodeLimits>;
  /** Figures for whoever runs the node. */
  readonly metrics?: Metrics | undefined;
  /** Only for tests and demonstrations; no configuration leads here. */
  readonly observer?: Observer | undefined;
}

export interface ProviderDependencies extends NodeDependencies {
  /** What stands behind the @ of this provider's users; lower case. */
  readonly domain: string;
  readonly database: ProviderDatabase;
  readonly signUp: SignUpPolicy;
  /** Besides those that every provider has. */
  readonly services?: readonly Service[];
}

/** One named stream for each purpose, so that none shifts another. */
export interface NodeStreams {
  /** When to publish, to fetch, to reconnect, and when the node's loops leave. */
  readonly schedule: RandomSource;
  readonly paths: RandomSource;
  readonly delays: RandomSource;
  readonly padding: RandomSource;
  /** Mix keys, mailbox ids, and the keys of hash tables. */
  readonly keys: RandomSource;
  /** Waits of services' answers. */
  readonly services: RandomSource;
  /** All about a provider's decoys. */
  readonly decoys: RandomSource;
  /** All about a provider's tokens. */
  readonly tokens: RandomSource;
}

export interface NodeIdentity {
  /** Ed25519 seed, 32 bytes: signs descriptors. */
  readonly identitySeed: Uint8Array;
  /** Ed25519 public key of the node's TLS certificate, 32 bytes. */
  readonly linkKey: Uint8Array;
}

export interface NodeLimits {
  /** Replay tags that one epoch's set holds. */
  readonly replayCapacity: number;
  /** Packets held at once. */
  readonly delayQueuePackets: number;
  /** Threads that unwrap beside the one that keeps time; with none that one does it itself. */
  readonly unwrapThreads: number;
  /** Between two words of a node to those before it that it is there; all nodes of a network keep the same. */
  readonly aliveInterval: Milliseconds;
}

/** The authorities, as one node sees them. */
export interface DirectoryPort {
  /** Hands the signed descriptor to the authorities; rejects when not one of them took it. */
  publishDescriptor(descriptor: Uint8Array): Promise<void>;
  /**
   * A verified consensus; undefined when there is none for that epoch yet, or when `agrees`, which is told the authorities' clock
   * before a list is asked for, says false. Rejects when none answers.
   */
  fetchConsensus(
    epoch: Epoch | "current",
    agrees: (time: Milliseconds) => boolean,
  ): Promise<{ consensus: Consensus | undefined }>;
  /** The authorities' clock, without a list. Rejects when none answers. */
  fetchTime(): Promise<Milliseconds>;
}
