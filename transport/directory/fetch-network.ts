/** The network file from a provider, for someone who has an invite and nothing else. Spec: docs/spec/08-directory.md §10 */

import { equalBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { milliseconds } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import type { Frame } from "../link/frame.ts";
import { CONSENSUS_PART_BYTES, lineTime } from "../link/limits.ts";
import type { Dialer } from "../link/link.ts";
import { PartCollector } from "../link/parts.ts";
import { exchange } from "./exchange.ts";
import type { Invite } from "./invite.ts";
import { DIRECTORY_ANSWER_TIME_MAX } from "./limits.ts";
import type { Network } from "./model.ts";
import { decodeNetwork, networkHashOf } from "./network.ts";

/** Rejects with PROVIDER_DOWN, CONSENSUS_FORGED when the provider shows another file than the invite names, VERSION_NEWER. */
export function fetchNetwork(o: {
  dialer: Dialer;
  invite: Pick<Invite, "address" | "linkKey" | "networkHash">;
  suite: Primitives;
  clock: Clock;
}): Promise<Network> {
  const collector = new PartCollector();
  return exchange({
    dialer: o.dialer,
    clock: o.clock,
    address: o.invite.address,
    expectedKey: o.invite.linkKey,
    protocol: "starling-client/2",
    frame: { type: "getConsensus", epoch: "network" },
    within: DIRECTORY_ANSWER_TIME_MAX,
    // However short the file is, the answer is as long as the network's list (05 §5).
    rest: (first) => milliseconds(DIRECTORY_ANSWER_TIME_MAX + lineTime(partsOf(first) * CONSENSUS_PART_BYTES)),
    read: (frame) => {
      if (frame.type !== "consensusPart") throw new TransportError("MALFORMED");
      const collected = collector.add(frame);
      if (collected.kind === "absent") throw new TransportError("MALFORMED");
      if (collected.kind === "incomplete") return undefined;
      // Before it is read: only the network that the invite names can tell us that we are too old for it.
      if (!equalBytes(networkHashOf(collected.bytes, o.suite), o.invite.networkHash)) {
        throw new TransportError("CONSENSUS_FORGED", "The provider is in another network than the invite says.");
      }
      return decodeNetwork(collected.bytes, o.suite);
    },
  });
}

const partsOf = (frame: Frame): number => (frame.type === "consensusPart" ? frame.count : 0);
