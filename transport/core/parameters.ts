/**
 * What a network agrees on, for its life. The network file says it; nothing is negotiated, and neither load nor authorities change it.
 * `npm run params` checks that a set adds up. Spec: docs/spec/11-parameters.md
 */

import { type Milliseconds, milliseconds, type PerSecond, perSecond, seconds } from "./units.ts";

export type SuiteName = "xwing" | "x25519";
export type ProfileName = "mail" | "chat";

/** How one client sends and polls, whatever its user does (Loopix §4). */
export interface Profile {
  /** Packets that leave the client: payload, loop and drop together. */
  readonly sendRate: PerSecond;
  /** Shares of a slot's kind; they sum to 1. */
  readonly payloadShare: number;
  readonly loopShare: number;
  readonly dropShare: number;
  /** Retrieval requests; more often than anything arrives, so that a mailbox drains. */
  readonly pollRate: PerSecond;
  /** Mean of the exponential delay at each mix. */
  readonly meanDelay: Milliseconds;
}

export interface Parameters {
  readonly suite: SuiteName;
  /** Header and payload together; one size for every packet of the network. */
  readonly packetBytes: number;
  /** The law between two ticks of a client: exponential waits, or one tick in each of equal slots (decision 0018). */
  readonly clock: "poisson" | "slot";
  /**
   * Slot clock: everybody sends in this first share of the same slot. Narrow makes senders alike, wide spares mixes of the
   * first layer: they get the network's packets in this share of the time. docs/decisions/0018-common-slots.md
   */
  readonly sendSpread: number;
  readonly profiles: Readonly<Record<ProfileName, Profile>>;
  /** No drawn delay is longer than this many means; e^-16 of them would be. */
  readonly delayCap: number;
  readonly epoch: {
    readonly duration: Milliseconds;
    /** A sender at time t uses the list of the epoch at t + lead. */
    readonly lead: Milliseconds;
    /** A node keeps the key of a key period this long after its end. */
    readonly overlap: Milliseconds;
    /** Into so many equal key periods an epoch is cut; each has its mix keys. 1 to 12. */
    readonly keyPeriods: number;
    /** A sender at time t uses the keys of the key period at t + keyLead, which is at most the lead. */
    readonly keyLead: Milliseconds;
  };
  /** Loop packets that every mix and provider sends through the network back to itself. */
  readonly nodeLoopRate: PerSecond;
  /**
   * Packets that every mix holds on average, whoever sends: what providers' decoys and nodes' loops keep up without any user.
   * 0: no decoys. Spec: docs/spec/04-traffic.md §11
   */
  readonly minimumPool: number;
  /** Blind tokens for requests to services. Spec: docs/spec/13-tokens.md */
  readonly tokens: {
    /** How long the key of a token lives; a request's token is of the period in which it is sent. */
    readonly period: Milliseconds;
    /** What one device gets for each provider and period. 0: services ask for none. */
    readonly perProvider: number;
  };
  /** Answers that a client asks of its boxes in each drop slot, 0 to 4. 0: no boxes. Spec: docs/spec/17-boxes.md */
  readonly boxReplies: number;
  /** The number of fragments of a message is padded up to a multiple of this once it is past it. */
  readonly fragmentStep: number;
  /** The largest message in bytes, sealed OpenPGP included. */
  readonly messageBytesMax: number;
  /** A mailbox keeps an entry this long at most. */
  readonly retention: Milliseconds;
  /** How often a mailbox key changes. */
  readonly mailboxKeyLifetime: Milliseconds;
}

const DAY = 24 * 3600 * 1000;

/** What a network for people starts from. */
export const LIVE_PARAMETERS: Parameters = {
  suite: "xwing",
  packetBytes: 28_672,
  clock: "slot",
  sendSpread: 1 / 8,
  profiles: {
    mail: {
      sendRate: perSecond(1 / 21),
      payloadShare: 0.65,
      loopShare: 0.2,
      dropShare: 0.15,
      pollRate: perSecond(1 / 10),
      meanDelay: seconds(5),
    },
    chat: {
      sendRate: perSecond(1 / 1.25),
      payloadShare: 0.65,
      loopShare: 0.2,
      dropShare: 0.15,
      pollRate: perSecond(1 / 0.6),
      meanDelay: milliseconds(450),
    },
  },
  delayCap: 16,
  epoch: {
    duration: seconds(3600),
    lead: seconds(600),
    overlap: seconds(300),
    keyPeriods: 4,
    keyLead: seconds(0),
  },
  nodeLoopRate: perSecond(1 / 4),
  minimumPool: 20,
  tokens: { period: milliseconds(DAY), perProvider: 16 },
  boxReplies: 4,
  fragmentStep: 8,
  messageBytesMax: 25 * 2 ** 20,
  retention: milliseconds(30 * DAY),
  mailboxKeyLifetime: milliseconds(7 * DAY),
};

/** The same machinery at a pace at which a person can watch it. */
export const DEMO_PARAMETERS: Parameters = {
  ...LIVE_PARAMETERS,
  profiles: {
    mail: { ...LIVE_PARAMETERS.profiles.mail, sendRate: perSecond(6), pollRate: perSecond(12), meanDelay: seconds(1) },
    chat: { ...LIVE_PARAMETERS.profiles.chat, sendRate: perSecond(6), pollRate: perSecond(12) },
  },
  epoch: { duration: seconds(120), lead: seconds(20), overlap: seconds(45), keyPeriods: 2, keyLead: seconds(10) },
  nodeLoopRate: perSecond(1 / 2),
  minimumPool: 3,
  tokens: { period: seconds(3600), perProvider: 16 },
};
