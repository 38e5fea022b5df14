/** What goes into a packet and what comes out of it, as types. Spec: docs/spec/03-sphinx.md */

import type { KeyPeriod, Milliseconds, NodeId, ReplayTag, SurbId } from "../core/units.ts";
import type { Decapsulator } from "../crypto/suite.ts";

/** What a hop is told to do. `forward` names the next hop; the others end the path. */
export type Command = "forward" | FinalCommand;
export type FinalCommand = "mailbox" | "service" | "drop" | "reply" | "loop";

export interface Hop {
  readonly nodeId: NodeId;
  /** The node's KEM public key of the path's key period. */
  readonly mixKey: Uint8Array;
  /** How long the node holds the packet: whole, below 2^32. Means nothing at the last hop. */
  readonly delay: Milliseconds;
}

/** One to four hops, all with keys of one key period. */
export interface Path {
  readonly period: KeyPeriod;
  readonly hops: readonly Hop[];
}

export interface Destination {
  readonly command: Exclude<FinalCommand, "reply">;
  /** 32 bytes: a mailbox id, a service id; random bytes for drop and loop. */
  readonly recipient: Uint8Array;
}

export interface WrappedPacket {
  readonly firstHop: NodeId;
  readonly packet: Uint8Array;
  /** The replay tag at each hop, in order. Only the sender and the hop itself can know it. */
  readonly tags: readonly ReplayTag[];
}

export interface Surb {
  /** What the other side gets: header ‖ first hop's id ‖ key. */
  readonly surb: Uint8Array;
  /** What its creator keeps to open the reply; a secret, 32 bytes and 32 for each hop. */
  readonly replyKey: Uint8Array;
  /** What each hop will know the reply by, as in `WrappedPacket`. */
  readonly tags: readonly ReplayTag[];
}

/** The private keys a node holds now, by key period. */
export interface MixKeys {
  get(period: KeyPeriod): Decapsulator | undefined;
}

export type Unwrapped = Forwarded | Delivered;

export interface Forwarded {
  readonly kind: "forward";
  readonly tag: ReplayTag;
  readonly next: NodeId;
  readonly delay: Milliseconds;
  readonly packet: Uint8Array;
}

export interface Delivered {
  readonly kind: "deliver";
  readonly tag: ReplayTag;
  readonly command: FinalCommand;
  /** 32 bytes. */
  readonly recipient: Uint8Array;
  /** Random unless the command is `reply`. */
  readonly surbId: SurbId;
  readonly payload: Uint8Array;
}
