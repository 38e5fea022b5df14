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
import type { ClientStore, LearntPlace } from "./store.ts";

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
  /** Changes come one after another: each looks at what is there first. */
  #changing: Promise<unknown> = Promise.resolve();

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
    const learnt = await this.#deps.store.place(accountKey);
    if (learnt === undefined) return undefined;
    const place = placeOnly(learnt);
    this.#newest.set(toHex(accountKey), place);
    return this.isUsable(place) ? place : undefined;
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
    return this.#change(accountKey, async (known) => {
      if (known !== undefined) this.#newest.set(toHex(accountKey), placeOnly(known));
      const isTrusted = known !== undefined && known.isInDoubt !== true && this.isUsable(known);
      if (isTrusted && known.until >= place.until) return false;
      await store.savePlace(accountKey, placeOnly(place));
      this.#newest.set(toHex(accountKey), placeOnly(place));
      return known === undefined || !isSamePlace(known, place);
    });
  }

  /** Nothing was found there: whoever is written to next goes to the mailbox, until a receipt says where else. */
  async forget(accountKey: Uint8Array, place: Place): Promise<void> {
    await this.#change(accountKey, async (known) => {
      if (known === undefined || !isSamePlace(known, place)) return;
      this.#newest.delete(toHex(accountKey));
      await this.#deps.store.savePlace(accountKey, undefined);
    });
  }

  /** What lay there was not read in days: its reader is away, or does not look there. New messages go there all the same. */
  async doubt(accountKey: Uint8Array, place: Place): Promise<void> {
    await this.#change(accountKey, async (known) => {
      if (known === undefined || !isSamePlace(known, place)) return;
      await this.#deps.store.savePlace(accountKey, { ...placeOnly(known), isInDoubt: true });
    });
  }

  #change<T>(accountKey: Uint8Array, change: (known: LearntPlace | undefined) => Promise<T>): Promise<T> {
    const turn = async (): Promise<T> => change(await this.#deps.store.place(accountKey));
    const changed = this.#changing.then(turn, turn);
    this.#changing = changed;
    return changed;
  }

  /** No box is open for so long. */
  #isTooFar({ until }: Place): boolean {
    const { clock, parameters } = this.#deps;
    return until > clock.now() + BOX_LIFE_KEYS * parameters.mailboxKeyLifetime + BOX_LIFE_TOLERANCE;
  }
}

/** As it is told and written down with messages. */
const placeOnly = ({ providerId, boxId, until }: Place): Place => ({ providerId, boxId, until });

const cache = new WeakMap<Consensus, ReadonlySet<string>>();

/** The providers of a list, by hexadecimal id. */
function listed(consensus: Consensus): ReadonlySet<string> {
  const known = cache.get(consensus);
  if (known !== undefined) return known;
  const providers = new Set(consensus.providers.map(({ nodeId }) => toHex(nodeId)));
  cache.set(consensus, providers);
  return providers;
}
