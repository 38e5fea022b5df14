/** Takes from the other authorities the lists that this one lacks. Spec: docs/spec/08-directory.md §11 */

import type { Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { Epoch } from "#transport/core/units.ts";
import { LIST_PATIENCE } from "#transport/directory/limits.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import { type Ask, oneAtATime } from "#transport/directory/one-at-a-time.ts";
import type { Log } from "../observe/log.ts";
import type { Peers } from "./messages.ts";

/**
 * One after the other, until one has the list of `epoch`; of "current" all are asked, for others may know a newer one. `hold` is
 * told each list that came. Whether there was one. Never rejects.
 */
export async function askOthers(o: {
  epoch: Epoch | "current";
  network: Network;
  self: number;
  peers: Peers;
  clock: Clock;
  log: Log;
  hold: (consensus: Consensus) => void;
}): Promise<boolean> {
  const others = [...o.network.authorities.keys()].filter((authority) => authority !== o.self);
  if (others.length === 0) return false;
  const ask =
    (authority: number): Ask<Consensus | undefined> =>
    async (attempt) => {
      try {
        const consensus = await o.peers.fetch(authority, o.epoch, attempt);
        if (consensus !== undefined) o.hold(consensus);
        return consensus;
      } catch (error) {
        // Another one was quicker to begin: this one may be asked again.
        if (attempt.signal.aborted) throw error;
        const why = error instanceof TransportError ? error.message : String(error);
        o.log.event(`an authority gave no consensus: ${why}`, { authority });
        return undefined;
      }
    };
  const heard = await oneAtATime({
    questions: others.map(ask),
    enough: (lists) => o.epoch !== "current" && lists.some((list) => list !== undefined),
    // Who has said nothing yet must not keep this one from asking all again in a while.
    patience: { ...LIST_PATIENCE, last: LIST_PATIENCE.first },
    clock: o.clock,
  });
  return heard.some((list) => list !== undefined);
}
