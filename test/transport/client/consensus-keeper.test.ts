/** Which lists a client remembers. Spec: docs/spec/08-directory.md §7 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testNetwork } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { ConsensusKeeper } from "#transport/client/consensus-keeper.ts";
import type { ProviderLink } from "#transport/client/provider-link.ts";
import { seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { toParts } from "#transport/link/parts.ts";

const suite = await loadSuite("x25519", "native");

test("a list that came while the clock was wrong is remembered: who forgets it could be led back to an older one", async () => {
  const made = testNetwork({ suite });
  const { network } = made;
  const truth = new VirtualClock({ start: network.genesis });
  const clock = new WrongClock(truth);
  const store = new MemoryClientStore();
  const keeper = new ConsensusKeeper({
    clock,
    random: new SeededRandom("polling"),
    suite,
    network,
    store,
    link: { send: () => false } as unknown as ProviderLink,
    onChange: () => undefined,
  });
  const consensus = testConsensus(made, suite, {});
  const come = async (): Promise<void> => {
    for (const part of toParts(consensus.bytes, { time: truth.now(), room: 0 })) keeper.received(part);
    await settle();
  };
  clock.error = seconds(3600);
  await come();
  assert.equal(keeper.problem, "CLOCK_WRONG");
  clock.error = 0;
  await come();
  assert.equal(keeper.problem, undefined);
  assert.equal(store.listEpoch, consensus.epoch);
});
