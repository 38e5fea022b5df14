/** Three mixes of a watched network, one in each layer, that lose, mark and hold back packets, and honest links that lose some too. */

import { SeededRandom } from "#test/support/seeded-random.ts";
import { uniform } from "#transport/core/random.ts";
import { epochNumber, seconds } from "#transport/core/units.ts";
import { epochStart } from "#transport/directory/epochs.ts";
import { type Fate, meddling } from "./adversary.ts";
import { WatchedWorld } from "./watched-world.ts";

/** From the first moment at which senders use its list the three misbehave. */
export const FIRST_EPOCH = 2;
/** Of the packets of the one that drops, and of the one that marks. */
const SHARE = 0.2;
const HONEST_LOSS = 0.01;

export interface LossyScene {
  readonly watched: WatchedWorld;
  /** Names of mixes. */
  readonly bad: { readonly drops: string; readonly marks: string; readonly holds: string };
}

/** Run to where the first list is used that a report can have changed. */
export async function lossyScene(seed: string): Promise<LossyScene> {
  const roles = new Map<string, Fate | "slow">();
  const chance = new SeededRandom("whom it hits");
  let from = Number.POSITIVE_INFINITY;
  const adversaries = meddling({
    outgoing: ({ node, now }) => {
      const role = now < from ? undefined : roles.get(node);
      if (role === "slow") return { heldFor: seconds(6) };
      return role !== undefined && uniform(chance) < SHARE ? role : undefined;
    },
  });
  const watched = await WatchedWorld.create({ seed, ...adversaries });
  watched.world.net.weather = { loss: HONEST_LOSS, duplicates: 0 };
  await watched.runTo(1);
  const [marks, drops, holds] = [0, 1, 2].map((layer) => watched.layer(1, layer)[0]) as [string, string, string];
  roles.set(drops, "dropped").set(marks, "marked").set(holds, "slow");
  from = epochStart(watched.world.network, epochNumber(FIRST_EPOCH)) - watched.world.parameters.epoch.lead;
  await watched.runTo(FIRST_EPOCH + 2);
  return { watched, bad: { drops, marks, holds } };
}
