/** Places of people's boxes for tests of what is written to them, and which of their providers a list of nodes has. */

import type { Place } from "#transport/box/place.ts";
import { Places } from "#transport/client/places.ts";
import type { ClientStore } from "#transport/client/store.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import type { Consensus } from "#transport/directory/model.ts";

/** A box of its own for each number, at the provider of that number, for so many milliseconds from now on. */
export function placeOf(clock: Clock, n: number, lasts = 24 * 3_600_000, box = n): Place {
  return {
    providerId: nodeId(new Uint8Array(32).fill(n)),
    boxId: mailboxId(new Uint8Array(32).fill(100 + box)),
    until: milliseconds(Math.floor(clock.now()) + lasts),
  };
}

/** `list.providers`: the numbers of those in the list in force; undefined while there is none. */
export function placesWith(o: {
  clock: Clock;
  store: ClientStore;
  parameters: Parameters;
  list?: { providers: readonly number[] | undefined };
}): Places {
  const { clock, store, parameters, list = { providers: [1, 2, 3] } } = o;
  const current = (): { consensus: Consensus } | undefined => {
    const providers = list.providers?.map((n) => ({ nodeId: nodeId(new Uint8Array(32).fill(n)) }));
    return providers && { consensus: { providers } as unknown as Consensus };
  };
  return new Places({ clock, store, parameters, current });
}
