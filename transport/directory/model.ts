/**
 * What the directory is made of: the network (who decides), descriptors (what a node says of itself) and the consensus
 * (what all clients see alike for one epoch). Spec: docs/spec/08-directory.md
 */

import type { Parameters } from "../core/parameters.ts";
import type { Epoch, KeyPeriod, Milliseconds, NodeId } from "../core/units.ts";
import type { Demotion } from "./demotions.ts";
import type { LoopReport } from "./loop-report.ts";

export type NodeRole = "mix" | "provider";

/** What a node says of itself, as a consensus lists it. */
export interface NodeDescriptor {
  readonly version: 1;
  readonly role: NodeRole;
  /**
   * BLAKE2b-256 of the identity key (Ed25519 and ML-DSA-65), which stays for the node's life: that an id is its key's, the
   * authorities check.
   */
  readonly nodeId: NodeId;
  /** The identity key's Ed25519 half, 32 bytes: what providers ask each other for is signed with it alone. */
  readonly signingKey: Uint8Array;
  /** Ed25519, 32 bytes: the key of the node's TLS certificate. */
  readonly linkKey: Uint8Array;
  /** host:port */
  readonly address: string;
  /** The family: whoever runs several nodes says the same in all of them. */
  readonly operator: string;
  /** What stands behind the @ of its users; "" for mixes. */
  readonly domain: string;
  /** KEM public keys of the network's suite by key period: `keyPeriodsAnnounced`. */
  readonly mixKeys: ReadonlyMap<KeyPeriod, Uint8Array>;
  /** VOPRF public keys, 32 bytes, by token period: this period's and the next one's; none for mixes (docs/spec/13-tokens.md §2). */
  readonly tokenKeys: ReadonlyMap<number, Uint8Array>;
  /** Of an epoch that is over; undefined when the node has nothing to say. */
  readonly loopReport: LoopReport | undefined;
  readonly publishedAt: Milliseconds;
  /** All of the above, encoded: what is signed and what lists are made of. */
  readonly listed: Uint8Array;
}

/** A descriptor as it is published and voted for: behind it the ML-DSA half of the node's key and the node's signature. */
export interface SignedDescriptor extends NodeDescriptor {
  /** `listed` with key and signature. */
  readonly bytes: Uint8Array;
}

export interface Authority {
  readonly name: string;
  /** Ed25519 and ML-DSA-65, 1,984 bytes: signs votes and consensuses. */
  readonly identityKey: Uint8Array;
  readonly linkKey: Uint8Array;
  /** host:port */
  readonly address: string;
}

/** One network for its whole life; every authority signed the file. */
export interface Network {
  readonly name: string;
  /** Packaged clients refuse real mail in a demo network. */
  readonly kind: "demo" | "live";
  /** In ascending order of identity key; the position names an authority in votes and signatures. */
  readonly authorities: readonly Authority[];
  /** How many authorities must sign a consensus: more than half. */
  readonly threshold: number;
  /** The start of epoch 0. */
  readonly genesis: Milliseconds;
  /** How long before genesis the authorities begin to vote on epoch 0. */
  readonly bootstrap: Milliseconds;
  readonly parameters: Parameters;
  /** BLAKE2b-256 over everything but the signatures, 32 bytes: what invites carry. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

export type Layers = readonly [readonly NodeDescriptor[], readonly NodeDescriptor[], readonly NodeDescriptor[]];

export interface Consensus {
  readonly networkHash: Uint8Array;
  readonly epoch: Epoch;
  /** From when senders use it: the epoch's start less the lead. Follows from network and epoch. */
  readonly validFrom: Milliseconds;
  /** One epoch past its own end, so that a network outlives one epoch without agreement on keys announced before. */
  readonly validUntil: Milliseconds;
  readonly parameters: Parameters;
  /** The hash of the consensus before, 32 bytes; of the network for the first. */
  readonly previous: Uint8Array;
  readonly sharedRandom: Uint8Array;
  /** What authorities committed to reveal for the next epoch, by their position in the network file. */
  readonly commits: ReadonlyMap<number, Uint8Array>;
  readonly layers: Layers;
  readonly providers: readonly NodeDescriptor[];
  /** Nodes and links that lose packets. */
  readonly demotions: readonly Demotion[];
  /** BLAKE2b-256 of the signed body, 32 bytes. */
  readonly hash: Uint8Array;
  /** By position of the authority; at least the network's threshold. */
  readonly signatures: ReadonlyMap<number, Uint8Array>;
  readonly bytes: Uint8Array;
}
