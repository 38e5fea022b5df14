/**
 * When an epoch begins, which list and which keys a sender uses, and when authorities agree on the next list.
 * Spec: docs/spec/08-directory.md §2
 */

import {
  type Epoch,
  epochNumber,
  type KeyPeriod,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
} from "../core/units.ts";
import type { Network } from "./model.ts";

/** What of a network its times follow from. */
type Timed = Pick<Network, "genesis" | "parameters">;
/** And those of an agreement. */
type Agreeing = Timed &
  Pick<Network, "bootstrap" | "threshold"> & { readonly authorities: { readonly length: number } };

export const epochStart = (network: Timed, epoch: Epoch): Milliseconds =>
  milliseconds(network.genesis + epoch * network.parameters.epoch.duration);

/** The epoch that `time` lies in; 0 before genesis, so that a network may warm up as soon as its first consensus is signed. */
export function epochAt(network: Timed, time: Milliseconds): Epoch {
  return epochNumber(Math.max(0, Math.floor((time - network.genesis) / network.parameters.epoch.duration)));
}

/** The epoch of the newest list that nodes take packets by at `time`, and clients ask for. */
export const listEpochAt = (network: Timed, time: Milliseconds): Epoch =>
  epochAt(network, milliseconds(time + network.parameters.epoch.lead));

/** u(n): from here on all nodes take packets by an epoch's list, and clients ask for it: by then it must be out. */
export function epochInForce(network: Timed, epoch: Epoch): Milliseconds {
  const lead = epoch === 0 ? 0 : network.parameters.epoch.lead;
  return milliseconds(epochStart(network, epoch) - lead);
}

/**
 * c(n): all senders change to an epoch's list at this time, by when all have it. Were it each one's own moment, what only one of
 * two lists has would tell who has it.
 */
export function sendersChange(network: Timed, epoch: Epoch): Milliseconds {
  const share = epoch === 0 ? 0 : CHANGE_SHARE;
  return milliseconds(epochInForce(network, epoch) + share * network.parameters.epoch.duration);
}

/** The epoch whose list a sender uses at `time` if it holds it. */
export function senderEpochAt(network: Timed, time: Milliseconds): Epoch {
  const newest = listEpochAt(network, time);
  return time < sendersChange(network, newest) ? epochNumber(Math.max(0, newest - 1)) : newest;
}

export function validity(network: Timed, epoch: Epoch): { validFrom: Milliseconds; validUntil: Milliseconds } {
  return {
    validFrom: epochInForce(network, epoch),
    validUntil: epochStart(network, epochNumber(epoch + 2)),
  };
}

/** The length of a key period. */
export const keyPeriodLength = ({ parameters }: Timed): Milliseconds =>
  milliseconds(parameters.epoch.duration / parameters.epoch.keyPeriods);

/** The key period that `time` lies in; 0 before genesis. */
export function keyPeriodAt(network: Timed, time: Milliseconds): KeyPeriod {
  return keyPeriodNumber(Math.max(0, Math.floor((time - network.genesis) / keyPeriodLength(network))));
}

/** The key period whose keys a sender uses at `time`. */
export const keyPeriodInUse = (network: Timed, time: Milliseconds): KeyPeriod =>
  keyPeriodAt(network, milliseconds(time + network.parameters.epoch.keyLead));

/** The latest key period whose keys anybody may use while one's own clock shows `time`: the other's may be ahead. */
export const keyPeriodLatest = (network: Timed, time: Milliseconds): KeyPeriod =>
  keyPeriodInUse(network, milliseconds(time + clockDifferenceMax(network)));

export const keyPeriodStart = (network: Timed, period: KeyPeriod): Milliseconds =>
  milliseconds(network.genesis + period * keyPeriodLength(network));

export const epochOfKeyPeriod = (network: Timed, period: KeyPeriod): Epoch =>
  epochNumber(Math.floor(period / network.parameters.epoch.keyPeriods));

/** When nodes erase the key of a period. */
export const keyErasedAt = (network: Timed, period: KeyPeriod): Milliseconds =>
  milliseconds(keyPeriodStart(network, keyPeriodNumber(period + 1)) + network.parameters.epoch.overlap);

/** How long keys still live when senders leave them: the time that a packet may be on its way, and that clocks may differ by. */
export const keyGrace = ({ parameters }: Timed): Milliseconds =>
  milliseconds(parameters.epoch.keyLead + parameters.epoch.overlap);

/**
 * Until when a reply block of a key period is sent. Of the time that its keys live after senders have left them the first half is
 * for whoever waits for a slot, the second for the way there and back.
 */
export const replyBlockUntil = (network: Timed, period: KeyPeriod): Milliseconds =>
  milliseconds(keyErasedAt(network, period) - keyGrace(network) / 2);

/**
 * Whose keys senders may use while the list of `epoch` is the newest: its nodes must have them all. A node that has none for the
 * time from then until senders change is on nobody's path in it: one that published an epoch earlier than others.
 */
export function keyPeriodsNeeded(network: Timed, epoch: Epoch): KeyPeriod[] {
  const leaves = epochInForce(network, epochNumber(epoch + 1)) + network.parameters.epoch.keyLead;
  const end = Math.ceil((leaves - network.genesis) / keyPeriodLength(network));
  return keyPeriodsBetween(firstKeyPeriod(network, epoch), end);
}

/**
 * Whose keys a descriptor of `epoch` names: it is for the list of the epoch after it, and that serves for one epoch more should
 * there be no other. What is published in epoch 0 is for the first list too.
 */
export function keyPeriodsAnnounced(network: Timed, epoch: Epoch): KeyPeriod[] {
  const first = epoch === 0 ? keyPeriodNumber(0) : firstKeyPeriod(network, epochNumber(epoch + 1));
  return keyPeriodsBetween(first, (epoch + 3) * network.parameters.epoch.keyPeriods);
}

/** Those of senders who use the list of `epoch` as soon as they may; before genesis there is the first. */
const firstKeyPeriod = (network: Timed, epoch: Epoch): KeyPeriod =>
  epoch === 0 ? keyPeriodNumber(0) : keyPeriodInUse(network, epochInForce(network, epoch));

const keyPeriodsBetween = (first: KeyPeriod, end: number): KeyPeriod[] =>
  Array.from({ length: Math.max(0, end - first) }, (_, index) => keyPeriodNumber(first + index));

/** What two clocks may differ by: the lists of one would not be the other's yet, or packets would meet keys that are gone. */
export const clockDifferenceMax = (network: Timed): Milliseconds =>
  milliseconds(Math.min(network.parameters.epoch.lead, keyGrace(network)));

/** What one clock may be off by, a node's or a client's: two that are, each the other way, differ by no more than two may. */
export const clockErrorMax = (network: Timed): Milliseconds => milliseconds(clockDifferenceMax(network) / 2);

/** The steps of one agreement, all before senders need the result. */
export interface Schedule {
  /** The authority signs its vote and sends it to the others. */
  readonly vote: Milliseconds;
  /** Ends of the rounds in which votes are passed on: one more round than authorities may fail. */
  readonly rounds: readonly Milliseconds[];
  /** Signatures that have come until now make the consensus; who has none yet asks the others for it. */
  readonly publish: Milliseconds;
  /** The length of a round: what an authority's clock may be wrong by, together with a message's way. */
  readonly step: Milliseconds;
}

export function scheduleOf(network: Agreeing, epoch: Epoch): Schedule {
  const span = epoch === 0 ? network.bootstrap : milliseconds(network.parameters.epoch.duration * AGREEMENT_SHARE);
  const faults = network.authorities.length - network.threshold;
  const roundCount = faults + 1;
  // The rounds, one step for signatures, one for those who must fetch what others signed.
  const step = milliseconds(span / (roundCount + 2));
  const vote = milliseconds(epochInForce(network, epoch) - span);
  const after = (steps: number): Milliseconds => milliseconds(vote + steps * step);
  return {
    vote,
    rounds: Array.from({ length: roundCount }, (_, index) => after(index + 1)),
    publish: after(roundCount + 1),
    step,
  };
}

/** The share of an epoch in whose beginning, from u(n) on, clients ask for its list, spread evenly. */
export const ASK_SHARE = 0.4;
/** And that after which all change to it: a tenth of an epoch, live six minutes, for the last to ask again and for slow lines. */
const CHANGE_SHARE = 0.5;

/** The share of an epoch that agreement takes: 15 of 60 minutes, so rounds of nearly four minutes with three authorities. */
const AGREEMENT_SHARE = 1 / 4;
