/** Whether an account may be opened or joined now: waits for the provider and its list of nodes, as long as an answer takes. */

import type { Clock } from "../core/clock.ts";
import { TransportError, type TransportErrorCode } from "../core/errors.ts";
import { milliseconds } from "../core/units.ts";
import type { ConsensusKeeper } from "./consensus-keeper.ts";
import { ANSWER_WAIT } from "./limits.ts";
import type { ProviderLink } from "./provider-link.ts";

export interface EntranceDeps {
  readonly clock: Clock;
  readonly link: Pick<ProviderLink, "state">;
  readonly keeper: Pick<ConsensusKeeper, "isAnswered" | "problem">;
}

export class Entrance {
  readonly #deps: EntranceDeps;
  readonly #waiters = new Set<() => void>();

  constructor(deps: EntranceDeps) {
    this.#deps = deps;
  }

  /** Keys that a wrong clock dates would be good at another time; a provider with forged lists is no one's provider. */
  async assertOpen(): Promise<void> {
    const { link, keeper } = this.#deps;
    if (!(await this.#comes(() => link.state === "up"))) throw new TransportError("PROVIDER_DOWN");
    await this.#comes(() => keeper.isAnswered);
    const { problem } = keeper;
    if (problem !== undefined && FORBIDS_SIGN_UP.has(problem)) throw new TransportError(problem);
  }

  /** Resolves when the provider has been reached, or could not be: at the start nobody knows yet. */
  async tried(): Promise<void> {
    await this.#comes(() => this.#deps.link.state !== "new");
  }

  /** The link or the list is another. */
  changed(): void {
    for (const look of this.#waiters) look();
  }

  /** Whether `condition` comes true within the time that an answer takes. */
  #comes(condition: () => boolean): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const finish = (came: boolean): void => {
        cancel();
        this.#waiters.delete(look);
        resolve(came);
      };
      const look = (): void => {
        if (condition()) finish(true);
      };
      const cancel = clock.at(milliseconds(clock.now() + ANSWER_WAIT), () => finish(false));
      this.#waiters.add(look);
    });
  }
}

const FORBIDS_SIGN_UP: ReadonlySet<TransportErrorCode> = new Set([
  "CLOCK_WRONG",
  "VERSION_NEWER",
  "CONSENSUS_FORGED",
  "CONSENSUS_SPLIT",
]);
