/**
 * Who was told today that a name is taken, and how often: in memory only, until the day is over. Who asks for too many is told
 * nothing more, whatever the name. Spec: docs/spec/07-mailbox.md §2.2
 */

import { concat, utf8 } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { milliseconds } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import type { StandingInvite } from "./invites.ts";
import {
  ADDRESS_PLACES,
  TAKEN_NAMES_PER_ADDRESS_MAX,
  TAKEN_NAMES_PER_ADDRESS_MIN,
  TAKEN_NAMES_PER_DAY_MAX,
  TAKEN_NAMES_PER_INVITE_MAX,
} from "./limits.ts";

/** Somebody with an invite, or from a network address (undefined where links have none). */
export type Newcomer = { readonly invite: StandingInvite } | { readonly from: string | undefined };

export interface NamesToldDependencies {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly primitives: Pick<Primitives, "blake2b">;
}

export class NamesTold {
  readonly #deps: NamesToldDependencies;
  #day: Day | undefined;
  #cancelForget: Cancel = () => undefined;

  constructor(deps: NamesToldDependencies) {
    this.#deps = deps;
  }

  /** Whether nothing is remembered of anybody. */
  get isEmpty(): boolean {
    return this.#day === undefined;
  }

  /** Whether another name may be looked at for this one. */
  mayTell(newcomer: Newcomer): boolean {
    const day = this.#day;
    if (day?.number !== this.#today()) return true;
    if ("invite" in newcomer) {
      const invite = day.byInvite.get(newcomer.invite.name);
      return invite === undefined || invite.told < invite.most;
    }
    const isLeft = day.withoutInvite < TAKEN_NAMES_PER_DAY_MAX;
    if (newcomer.from === undefined) return isLeft;
    const here = day.byPlace[this.#placeOf(day, newcomer.from)] as number;
    return here < (isLeft ? TAKEN_NAMES_PER_ADDRESS_MAX : TAKEN_NAMES_PER_ADDRESS_MIN);
  }

  told(newcomer: Newcomer): void {
    const day = this.#day?.number === this.#today() ? this.#day : this.#begin();
    if ("invite" in newcomer) {
      const { name, usesLeft } = newcomer.invite;
      // What it had left in the beginning: else each who signs up with it would take one from those who still want to.
      const invite = day.byInvite.get(name) ?? { told: 0, most: Math.max(TAKEN_NAMES_PER_INVITE_MAX, usesLeft) };
      invite.told++;
      day.byInvite.set(name, invite);
      return;
    }
    day.withoutInvite++;
    if (newcomer.from === undefined) return;
    const place = this.#placeOf(day, newcomer.from);
    day.byPlace[place] = (day.byPlace[place] as number) + 1;
  }

  stop(): void {
    this.#cancelForget();
    this.#day = undefined;
  }

  #placeOf({ key }: Day, from: string): number {
    const hash = this.#deps.primitives.blake2b(concat(key, utf8(from)));
    return (((hash[0] as number) << 8) | (hash[1] as number)) % ADDRESS_PLACES;
  }

  #begin(): Day {
    this.#cancelForget();
    const { clock, random } = this.#deps;
    const number = this.#today();
    const byPlace = new Uint16Array(ADDRESS_PLACES);
    const day: Day = { number, key: random.bytes(32), byInvite: new Map(), byPlace, withoutInvite: 0 };
    this.#day = day;
    // Not with the next sign-up, which may be weeks later.
    this.#cancelForget = clock.at(milliseconds((number + 1) * DAY), () => {
      if (this.#day === day) this.#day = undefined;
    });
    return day;
  }

  #today(): number {
    return Math.floor(this.#deps.clock.now() / DAY);
  }
}

interface Day {
  /** Since 1970. */
  readonly number: number;
  /** Under which addresses find their places. */
  readonly key: Uint8Array;
  readonly byInvite: Map<string, { told: number; readonly most: number }>;
  readonly byPlace: Uint16Array;
  withoutInvite: number;
}

/** In milliseconds. */
const DAY = 86_400_000;
