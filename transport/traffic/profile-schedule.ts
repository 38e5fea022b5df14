/** Which profile is in force when: a choice takes effect at the next UTC midnight. Spec: docs/spec/04-traffic.md §1 */

import type { Parameters, Profile, ProfileName } from "../core/parameters.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Pace } from "./ticker.ts";

const DAY = 24 * 3600 * 1000;

export interface ProfileChoice {
  readonly profile: ProfileName;
  readonly nextProfile: { readonly profile: ProfileName; readonly from: Milliseconds } | undefined;
}

export class ProfileSchedule {
  readonly #profiles: Parameters["profiles"];
  #choice: ProfileChoice;

  constructor(options: { parameters: Parameters; choice: ProfileChoice }) {
    this.#profiles = options.parameters.profiles;
    this.#choice = options.choice;
  }

  get choice(): ProfileChoice {
    return this.#choice;
  }

  nameAt(time: Milliseconds): ProfileName {
    const { profile, nextProfile } = this.#choice;
    return nextProfile !== undefined && time >= nextProfile.from ? nextProfile.profile : profile;
  }

  at(time: Milliseconds): Profile {
    return this.#profiles[this.nameAt(time)];
  }

  /** Takes effect at the first midnight after `now`; the last choice before it counts. */
  choose(profile: ProfileName, now: Milliseconds): ProfileChoice {
    const current = this.nameAt(now);
    const from = milliseconds((Math.floor(now / DAY) + 1) * DAY);
    this.#choice = { profile: current, nextProfile: profile === current ? undefined : { profile, from } };
    return this.#choice;
  }

  /** One of the rates as a pace for a ticker. */
  pace(rate: "sendRate" | "pollRate"): Pace {
    return {
      at: (time) => {
        const from = this.#choice.nextProfile?.from;
        return { rate: this.at(time)[rate], until: from !== undefined && time < from ? from : undefined };
      },
    };
  }
}
