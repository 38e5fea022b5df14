/** What clients of a network that runs ask of boxes, and what they are answered, as it stands inside the packets. */

import { SeededRandom } from "#test/support/seeded-random.ts";
import type { World } from "#test/sim/world.ts";
import { boxIdOf } from "#transport/box/box-id.ts";
import { encodeCollect, encodeCollected, encodeOpen, encodeOpened } from "#transport/box/requests.ts";
import { surbId } from "#transport/core/units.ts";
import { fragmentHash } from "#transport/fragment/seal.ts";

export interface BoxTraffic {
  readonly requests: readonly Uint8Array[];
  readonly opened: readonly Uint8Array[];
  readonly collected: readonly Uint8Array[];
}

/** Keeps what comes from now on; into each box that is opened it puts an entry. */
export function watchBoxes(world: World): BoxTraffic {
  const kept = { requests: new Kept(), opened: new Kept(), collected: new Kept() };
  const random = new SeededRandom("entries of boxes");
  for (const name of world.providerNames) {
    const { boxes, mailbox, mix } = world.provider(name);
    const { store } = boxes;
    const [open, asked, take] = [store.open.bind(store), store.asked.bind(store), store.take.bind(store)];
    store.open = (secret) => {
      kept.requests.add("open", encodeOpen({ secret }));
      const answer = open(secret);
      kept.opened.add("opened", encodeOpened(answer));
      const body = random.bytes(mix.sphinx.geometry.payloadBytes);
      const entry = { kind: "fragment", surbId: surbId(new Uint8Array(16)), body } as const;
      mailbox.deliver({ ...entry, mailboxId: boxIdOf(world.suite, secret), hash: fragmentHash(world.suite, body) });
      return answer;
    };
    store.asked = (request) => {
      const reader = asked(request);
      kept.requests.add(reader === undefined ? "cover" : "collect", encodeCollect(request));
      return reader;
    };
    store.take = (reader) => {
      const answer = take(reader);
      kept.collected.add(answer.what, encodeCollected(answer));
      return answer;
    };
  }
  return { requests: kept.requests.all, opened: kept.opened.all, collected: kept.collected.all };
}

/** Of each kind: more teach a mutation loop nothing new. */
const OF_A_KIND_MAX = 4;

class Kept {
  readonly all: Uint8Array[] = [];
  readonly #counts = new Map<string, number>();

  add(kind: string, bytes: Uint8Array): void {
    const count = this.#counts.get(kind) ?? 0;
    if (count >= OF_A_KIND_MAX) return;
    this.#counts.set(kind, count + 1);
    this.all.push(bytes);
  }
}
