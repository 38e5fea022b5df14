/** Applications on the network in memory: the library's own join, on a virtual clock. */

import { addressOf, type SmallNetwork } from "#test/support/small-network.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { systemStreams } from "#transport/core/random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeInvite } from "#transport/directory/invite.ts";
import { join, type Platform } from "#transport/library/joining.ts";
import type { NetworkClient } from "#transport/library/network-client.ts";
import { MemoryRecords } from "#transport/library/records.ts";
import { RecordsStore } from "#transport/library/records-store.ts";
import type { Store } from "#transport/library/store.ts";

export function inviteTo(net: SmallNetwork, provider: "a" | "b", code = ""): string {
  return encodeInvite({
    address: addressOf(provider),
    linkKey: net.dependencies(provider).identity.linkKey,
    domain: `${provider}.example`,
    networkHash: net.network.hash,
    code,
  });
}

export function platformOf(net: SmallNetwork, seed: string): Platform {
  const random = new SeededRandom(`${seed}/random`);
  return {
    clock: net.clock,
    random,
    streams: systemStreams(new SeededRandom(`${seed}/streams`)),
    suite: (name) => loadSuite(name, "native"),
    dialer: ({ deviceSeed, suite }) => net.links.dialer(suite.ed25519.publicKey(deviceSeed)),
  };
}

export async function joined(
  net: SmallNetwork,
  o: { name: string; provider: "a" | "b"; store?: Store; seed?: string },
): Promise<NetworkClient> {
  const store = o.store ?? (await RecordsStore.open(new MemoryRecords()));
  const joining = join(platformOf(net, o.seed ?? o.name), { invite: inviteTo(net, o.provider), name: o.name, store });
  return net.clock.runUntilSettled(joining, MINUTE);
}

export const MINUTE = 60_000 as never;
