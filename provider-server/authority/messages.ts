/** What one authority tells the others, again until it is answered or of no more use. Spec: docs/spec/08-directory.md §5 */

import type { Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Epoch } from "#transport/core/units.ts";
import type { Attempt } from "#transport/directory/one-at-a-time.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Frame } from "#transport/link/frame.ts";
import type { Log } from "../observe/log.ts";
import { TRIES_PER_STEP } from "./limits.ts";
import { SIGNATURE_REASONS, VOTE_REASONS } from "./reasons.ts";

/** The other authorities, by position in the network file. */
export interface Peers {
  /** Rejects when there is no answer. */
  ask(authority: number, frame: Frame): Promise<Frame>;
  /** A verified consensus, or undefined when the authority has none. Rejects when there is no answer or a wrong one. */
  fetch(authority: number, epoch: Epoch | "current", attempt: Attempt): Promise<Consensus | undefined>;
}

export interface MessagesDependencies {
  readonly network: Network;
  readonly self: number;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs a task later, unless this authority has ended or begun anew by then. */
  readonly at: (time: Milliseconds, task: () => void) => void;
}

/** For how long a message is tried, and how long a step of its agreement is. */
export interface Trial {
  readonly until: Milliseconds;
  readonly step: Milliseconds;
}

export class Messages {
  readonly #deps: MessagesDependencies;

  constructor(deps: MessagesDependencies) {
    this.#deps = deps;
  }

  toAll(frame: Frame, trial: Trial, except?: number): void {
    const { network, self } = this.#deps;
    for (const authority of network.authorities.keys()) {
      if (authority !== self && authority !== except) void this.#deliver(authority, frame, trial);
    }
  }

  /** Again after a while when there is no answer: the other one may be restarting. */
  async #deliver(authority: number, frame: Frame, trial: Trial): Promise<void> {
    const { peers, log, clock, at } = this.#deps;
    try {
      const answer = await peers.ask(authority, frame);
      if (answer.type === "status" && !answer.accepted) {
        log.event(`an authority refused a ${frame.type}: ${known(answer.reason)}`, { authority });
      }
    } catch {
      const again = milliseconds(clock.now() + trial.step / TRIES_PER_STEP);
      if (again < trial.until) at(again, () => void this.#deliver(authority, frame, trial));
      else log.event(`an authority could not be given a ${frame.type}`, { authority });
    }
  }
}

/** What others write must not stand in this log: it might look like lines of ours. */
const known = (reason: string): string =>
  REASONS.has(reason) ? reason : "for a reason that this version does not know";

const REASONS: ReadonlySet<string> = new Set([...VOTE_REASONS, ...SIGNATURE_REASONS]);
