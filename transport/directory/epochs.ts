/** When an epoch begins, whose keys a sender uses, and when authorities agree on the next. Spec: docs/spec/08-directory.md §2 */

import { type Epoch, epochNumber, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Network } from "./model.ts";

export const epochStart = (network: Network, epoch: Epoch): Milliseconds =>
  milliseconds(network.genesis + epoch * network.parameters.epoch.duration);

/** The epoch that `time` lies in; 0 before genesis, so that a network may warm up as soon as its first consensus is signed. */
export function epochAt(network: Network, time: Milliseconds): Epoch {
  return epochNumber(Math.max(0, Math.floor((time - network.genesis) / network.parameters.epoch.duration)));
}

/** The epoch whose keys a sender uses at `time`: a packet under way at the end of an epoch still finds its keys. */
export const keyEpochAt = (network: Network, time: Milliseconds): Epoch =>
  epochAt(network, milliseconds(time + network.parameters.epoch.lead));

/** Senders begin to use an epoch's keys at this time: by then its consensus must be out. */
export function epochInUse(network: Network, epoch: Epoch): Milliseconds {
  const lead = epoch === 0 ? 0 : network.parameters.epoch.lead;
  return milliseconds(epochStart(network, epoch) - lead);
}

export function validity(network: Network, epoch: Epoch): { validFrom: Milliseconds; validUntil: Milliseconds } {
  return {
    validFrom: epochInUse(network, epoch),
    validUntil: epochStart(network, epochNumber(epoch + 2)),
  };
}

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

export function scheduleOf(network: Network, epoch: Epoch): Schedule {
  const span = epoch === 0 ? network.bootstrap : milliseconds(network.parameters.epoch.duration * AGREEMENT_SHARE);
  const faults = network.authorities.length - network.threshold;
  const roundCount = faults + 1;
  // The rounds, one step for signatures, one for those who must fetch what others signed.
  const step = milliseconds(span / (roundCount + 2));
  const vote = milliseconds(epochInUse(network, epoch) - span);
  const after = (steps: number): Milliseconds => milliseconds(vote + steps * step);
  return {
    vote,
    rounds: Array.from({ length: roundCount }, (_, index) => after(index + 1)),
    publish: after(roundCount + 1),
    step,
  };
}

/** The share of an epoch that agreement takes: 15 of 60 minutes, so rounds of nearly four minutes with three authorities. */
const AGREEMENT_SHARE = 1 / 4;
