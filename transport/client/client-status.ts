/** What a client says of itself: how the network is, and what has gone through its one socket. */

import type { TransportErrorCode } from "../core/errors.ts";
import type { Milliseconds } from "../core/units.ts";
import type { ProfileSchedule } from "../traffic/profile-schedule.ts";
import type { ConsensusKeeper } from "./consensus-keeper.ts";
import type { ProviderLink } from "./provider-link.ts";
import type { Session } from "./session.ts";
import type { ClientState, ClientStatus } from "./types.ts";
import type { Usage } from "./usage.ts";

export interface StatusParts {
  readonly now: Milliseconds;
  readonly link: Pick<ProviderLink, "state" | "isUnsteady">;
  readonly keeper: Pick<ConsensusKeeper, "current" | "isClockOff" | "problem">;
  readonly profiles: ProfileSchedule;
  readonly usage: Usage;
  /** Undefined without an account. */
  readonly session: Session | undefined;
  readonly isRemoved: boolean;
}

export function clientStatus(parts: StatusParts): ClientStatus {
  const { now, keeper, profiles, usage, session } = parts;
  const current = keeper.current();
  const mixes = current?.consensus.layers.flat() ?? [];
  const { nextProfile } = profiles.choice;
  return {
    state: stateOf(parts),
    profile: profiles.nameAt(now),
    nextProfile: nextProfile !== undefined && nextProfile.from > now ? nextProfile : undefined,
    epoch: current?.consensus.epoch,
    mixes: mixes.length,
    operators: new Set(mixes.map((mix) => mix.operator)).size,
    providers: current?.consensus.providers.length ?? 0,
    ...usage.show(now),
    loops: session?.loops.count(now) ?? { sent: 0, returned: 0 },
    recentLoops: session?.loops.recent() ?? { sent: 0, returned: 0, until: undefined },
    queuedFragments: session?.outbox.queue.length ?? 0,
  };
}

function stateOf({ keeper, link, session, isRemoved }: StatusParts): ClientState {
  if (isRemoved) return "removed";
  const { problem } = keeper;
  if (problem !== undefined && problem !== "NO_CONSENSUS") return PROBLEM_STATES[problem] ?? "untrusted";
  if (link.state === "down") return "provider-down";
  if (problem !== undefined || link.state !== "up") return "connecting";
  if (session?.sender.hasPathProblem === true) return "too-small";
  if (session?.loops.isLosing === true) return "provider-losing";
  if (link.isUnsteady) return "line-unsteady";
  return keeper.isClockOff ? "clock-off" : "mixing";
}

const PROBLEM_STATES: Partial<Record<TransportErrorCode, ClientState>> = {
  CONSENSUS_STALE: "stale",
  CLOCK_WRONG: "clock-wrong",
  VERSION_NEWER: "too-old",
  CONSENSUS_FORGED: "untrusted",
  CONSENSUS_SPLIT: "untrusted",
};
