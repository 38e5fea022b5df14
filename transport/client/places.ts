/**
 * Where correspondents want to be written to, as they told with their receipts, and whether a place may be used now.
 * Spec: docs/spec/17-boxes.md §4
 */

import type { Place } from "../box/place.ts";
import { toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Consensus } from "../directory/model.ts";
import { BOX_LIFE_KEYS, BOX_LIFE_TOLERANCE, PLACE_REST_MIN } from "./boxes/limits.ts";
import { isSamePlace } from "./recipient.ts";
import type { ClientStore } from "./store.ts";

export interface PlacesDeps {
  readonly clock: Clock;
  readonly parameters: Pick<Parameters, "boxReplies" | "mailboxKeyLifetime">;
  readonly store: Pick<ClientStore, "place" | "savePlace">;
  /** The list of nodes in force. */
  readonly current: () => { readonly consensus: Consensus } | undefined;
}

export class Places {
  readonly #deps: PlacesDeps;
  /** Those that were looked for or learnt, by hexadecimal account key, as the store has them. */
  readonly #newest = new Map<string, Place>();

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
  }

  /** Whether something may go there now. */
  isUsable(place: Place): boolean {
    const { clock, parameters } = this.#deps;
    return (
      parameters.boxReplies > 0 && this.lastUse(place) > clock.now() && !this.#isTooFar(place) && this.isListed(place)
    );
  }

  /** From this moment on it is not used any more. */
  lastUse({ until }: Place): Milliseconds {
    return milliseconds(until - PLACE_REST_MIN);
  }

  /** Whether its provider is in the list in force. Without one nothing leaves, and nothing is judged. */
  isListed({ providerId }: Place): boolean {
    const consensus = this.#deps.current()?.consensus;
    return consensus === undefined || listed(consensus).has(toHex(providerId));
  }

  /** Where the holder of this account key is to be written to; undefined: in the mailbox of the record. */
  async known(accountKey: Uint8Array): Promise<Place | undefined> {
    if (this.#deps.parameters.boxReplies === 0) return undefined;
    const place = await this.#deps.store.place(accountKey);
    if (place !== undefined) this.#newest.set(toHex(accountKey), place);
    return place !== undefined && this.isUsable(place) ? place : undefined;
  }

  /** Of those that `known` or `learn` has met: where that holder is to be written to, if it lasts longer than this place. */
  newerThan(place: Place, accountKey: Uint8Array): Place | undefined {
    const newest = this.#newest.get(toHex(accountKey));
    return newest !== undefined && newest.until > place.until && this.isUsable(newest) ? newest : undefined;
  }

  /** The holder of this account key has proven a receipt with this place. Durable when it resolves; true when it is another than before. */
  async learn(accountKey: Uint8Array, place: Place): Promise<boolean> {
    const { clock, parameters, store } = this.#deps;
    if (parameters.boxReplies === 0 || this.lastUse(place) <= clock.now() || this.#isTooFar(place)) return false;
    const known = await this.known(accountKey);
    if (known !== undefined && known.until >= place.until) return false;
    await store.savePlace(accountKey, place);
    this.#newest.set(toHex(accountKey), place);
    return true;
  }

  /** Nothing was found there: whoever is written to next goes to the mailbox, until a receipt says where else. */
  async forget(accountKey: Uint8Array, place: Place): Promise<void> {
    const known = await this.#deps.store.place(accountKey);
    if (known === undefined || !isSamePlace(known, place)) return;
    this.#newest.delete(toHex(accountKey));
    await this.#deps.store.savePlace(accountKey, undefined);
  }

  /** No box is open for so long. */
  #isTooFar({ until }: Place): boolean {
    const { clock, parameters } = this.#deps;
    return until > clock.now() + BOX_LIFE_KEYS * parameters.mailboxKeyLifetime + BOX_LIFE_TOLERANCE;
  }
}

const cache = new WeakMap<Consensus, ReadonlySet<string>>();

/** The providers of a list, by hexadecimal id. */
function listed(consensus: Consensus): ReadonlySet<string> {
  const known = cache.get(consensus);
  if (known !== undefined) return known;
  const providers = new Set(consensus.providers.map(({ nodeId }) => toHex(nodeId)));
  cache.set(consensus, providers);
  return providers;
}
