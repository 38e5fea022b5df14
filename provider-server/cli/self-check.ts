/**
 * What a start tries before it opens, binds or sends anything: the implementation that this daemon will use, against known
 * answers, and how fast it is. docs/operating.md §5
 */

import type { RandomSource } from "#transport/core/random.ts";
import { selfTest } from "#transport/crypto/self-test.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { packetSelfTest, trialPacket } from "#transport/sphinx/packet-self-test.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { ServerError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { UNWRAPS_BEFORE, UNWRAPS_MEASURED, USERS_PER_MIX_LEAST } from "./limits.ts";

/** Throws SELF_TEST with one sentence that names the first primitive whose answer is wrong. */
export function checkPrimitives(suite: Suite): void {
  stopping(() => selfTest(suite));
}

/** For a node, of its network: throws SELF_TEST when a packet or a reply of its size does not come through. */
export function checkPackets(suite: Suite, { network, random }: { network: Network; random: RandomSource }): void {
  stopping(() => packetSelfTest(new Sphinx({ suite, geometry: geometry(network.parameters) }), random));
}

export interface Speed {
  /** Median, of one thread. */
  readonly unwrapMicroseconds: number;
  /** What the node's threads could unwrap. Links and disk are not in it. */
  readonly packetsPerSecond: number;
  /** Users whose packets it could unwrap, for each mix of a layer, if all send in the network's part of the same slot. */
  readonly usersPerMix: number;
}

/** `now`: microseconds that only grow. `threads` 0: the one that keeps time unwraps. */
export function measureSpeed(o: {
  suite: Suite;
  network: Network;
  random: RandomSource;
  threads: number;
  now: () => number;
}): Speed {
  const sphinx = new Sphinx({ suite: o.suite, geometry: geometry(o.network.parameters) });
  const { packet, hops } = trialPacket(sphinx, o.random);
  const [first] = hops;
  if (first === undefined) throw new RangeError("a path has hops");
  const into = new Uint8Array(packet.length);
  const unwrapOnce = (): number => {
    const before = o.now();
    sphinx.unwrap(packet, first.keys, first.hop.nodeId, into);
    return o.now() - before;
  };
  for (let i = 0; i < UNWRAPS_BEFORE; i++) unwrapOnce();
  const times = Array.from({ length: UNWRAPS_MEASURED }, unwrapOnce).toSorted((a, b) => a - b);
  const unwrapMicroseconds = Math.max(1, Math.round(times[UNWRAPS_MEASURED >> 1] as number));
  const packetsPerSecond = Math.floor((Math.max(1, o.threads) * 1e6) / unwrapMicroseconds);
  const { clock, profiles, sendSpread } = o.network.parameters;
  const burst = profiles.mail.sendRate / (clock === "slot" ? sendSpread : 1);
  return { unwrapMicroseconds, packetsPerSecond, usersPerMix: Math.floor(packetsPerSecond / burst) };
}

/** What was measured, and a warning where it is too little for a network of this kind. */
export function tellSpeed(log: Log, { speed, network }: { speed: Speed; network: Network }): void {
  log.event("cryptography gives the right answers", { ...speed });
  const usersExpected = USERS_PER_MIX_LEAST[network.kind];
  if (speed.usersPerMix >= usersExpected) return;
  log.event("this machine is too slow for a node of this network: packets will wait and be dropped when many send", {
    usersPerMix: speed.usersPerMix,
    usersExpected,
  });
}

function stopping(test: () => void): void {
  try {
    test();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new ServerError(
      "SELF_TEST",
      `Not started: ${what}. Nothing was opened and nothing was sent. Install the program anew; if that does not help, run it on another machine.`,
    );
  }
}
