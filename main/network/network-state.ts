/** What the window's network page shows, from what the client says of itself. */

import { estimate, geometry, type MixClient, type Network, type ProfileName } from "#transport";
import type { NetworkState } from "../contract/contract.ts";
import { SMALL_MIXES, SMALL_OPERATORS, SMALL_PROVIDERS } from "./limits.ts";

const NAMES: readonly ProfileName[] = ["mail", "chat"];

export function networkState(o: { network: Network; client: MixClient }): NetworkState {
  const { network, client } = o;
  const status = client.status();
  const { sent, returned, until } = status.recentLoops;
  return {
    state: status.state,
    name: network.name,
    kind: network.kind,
    profile: status.nextProfile?.profile ?? status.profile,
    profiles: NAMES.map((name) => profileChoice(name, network)),
    epoch: status.epoch ?? 0,
    mixes: status.mixes,
    operators: status.operators,
    providers: status.providers,
    small: status.mixes < SMALL_MIXES || status.operators < SMALL_OPERATORS || status.providers < SMALL_PROVIDERS,
    sentToday: { ...status.sentToday },
    receivedToday: { ...status.receivedToday },
    loops: { ...status.loops },
    recentLoops: { sent, returned, ...(until === undefined ? {} : { until: Math.max(0, Math.round(until)) }) },
    queuedFragments: status.queuedFragments,
    departures: status.departures.slice(-DEPARTURES_SHOWN_MAX).map((time) => Math.max(0, Math.round(time))),
  };
}

/** As contract.ts. */
const DEPARTURES_SHOWN_MAX = 2_000;

function profileChoice(name: ProfileName, network: Network): NetworkState["profiles"][number] {
  const profile = network.parameters.profiles[name];
  const { packetBytes, payloadBytes } = geometry(network.parameters);
  // Up: packets; down: one body of constant size for each poll. TLS and TCP add about three in a hundred.
  const bytesPerSecond = profile.sendRate * packetBytes + profile.pollRate * payloadBytes;
  return {
    name,
    megabytesPerDay: Math.round((bytesPerSecond * SECONDS_PER_DAY) / 100_000) / 10,
    packetsPerMinute: Math.round(profile.sendRate * 600) / 10,
    // A small mail between people who know each other.
    expectedSeconds: Math.round(estimate({ slots: 1, profile, boxReplies: network.parameters.boxReplies }) / 1000),
  };
}

const SECONDS_PER_DAY = 86_400;
