/** The network that a number of users has: how many nodes, which parameters, how large a mail is in it. Docs: docs/simulator.md */

import { SIGN_UPS_PER_MINUTE_MAX } from "#provider-server/accounts/limits.ts";
import { type Parameters, LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { fragmentDataBytes } from "#transport/fragment/fragment.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { MIX_CAPACITY } from "../../build/params/bursts.ts";
import { boxRepliesPerSecond } from "../../build/params/latency.ts";
import type { SimOptions } from "./options.ts";

export interface NetworkPlan {
  readonly parameters: Parameters;
  readonly mixesPerLayer: number;
  readonly providers: number;
  /** Production bytes of message in one fragment, over the simulated ones: bodies shrink by it, and keep their fragments. */
  readonly scale: number;
  /** Users sign up one after another in this time, as quickly as a provider takes new accounts. */
  readonly signUpTime: Milliseconds;
  /** From the first consensus to the beginning: sign-up, and time for the first loops to come back. */
  readonly warmUp: Milliseconds;
}

/** Without bursts a mix is planned to carry two thirds of what one process sustains; in a slot's burst all of it. */
const LOAD_WITHOUT_BURSTS = 2 / 3;
/** A provider's front end is meant to hold so many clients. */
const CLIENTS_PER_PROVIDER = 9_000;
const SETTLING = 150_000;
/** Small packets cost less to move; the header fits, a reply holds a reader's record, and a request the reply blocks for a box. X-Wing's take 15 KB. */
const PACKET_BYTES = { none: 3_072, x25519: 3_072, xwing: LIVE_PARAMETERS.packetBytes };

export function networkPlan(options: SimOptions): NetworkPlan {
  const { users, profile, clock, pool } = options;
  const packetBytes = PACKET_BYTES[options.suite];
  const parameters: Parameters = {
    ...LIVE_PARAMETERS,
    suite: options.suite === "xwing" ? "xwing" : "x25519",
    packetBytes,
    clock,
    minimumPool: pool ?? LIVE_PARAMETERS.minimumPool,
    boxReplies: options.boxes ?? LIVE_PARAMETERS.boxReplies,
    // Blind tokens cost milliseconds of arithmetic each and change no time and no length but those of one control frame a day.
    tokens: options.tokens ? LIVE_PARAMETERS.tokens : { ...LIVE_PARAMETERS.tokens, perProvider: 0 },
  };
  const { sendRate } = parameters.profiles[profile];
  const answers = users * boxRepliesPerSecond(parameters, parameters.profiles[profile]);
  const share = clock === "slot" ? parameters.sendSpread : LOAD_WITHOUT_BURSTS;
  const providers = options.providers ?? Math.max(2, Math.ceil(users / CLIENTS_PER_PROVIDER));
  const signUpTime = milliseconds(Math.max(60_000, (users / providers / (0.8 * SIGN_UPS_PER_MINUTE_MAX)) * 60_000));
  return {
    parameters,
    mixesPerLayer: options.mixes ?? Math.max(2, Math.ceil(((users * sendRate) / share + answers) / MIX_CAPACITY)),
    providers,
    signUpTime,
    warmUp: milliseconds(signUpTime + SETTLING),
    scale: fragmentDataBytes(geometry(LIVE_PARAMETERS)) / fragmentDataBytes(geometry(parameters)),
  };
}

/** A midnight in UTC: what is measured begins here, when a profile that was chosen before comes into force. */
export const BEGIN: Milliseconds = milliseconds(20_900 * 24 * 3_600_000);
/** The first agreement, with rounds long enough for nodes that retry every 36 s. */
export const BOOTSTRAP: Milliseconds = seconds(120);
