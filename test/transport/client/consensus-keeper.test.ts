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
import type { Clock } from "#transport/core/clock.ts";
import { epochNumber, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { epochInForce, sendersChange } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Frame } from "#transport/link/frame.ts";
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

test("who starts with the list in use and a clock before genesis asks again soon once the answer shows that the clock is wrong", async () => {
  const made = testNetwork({ suite });
  const { network } = made;
  const truth = new VirtualClock({ start: network.genesis });
  const clock = new WrongClock(truth);
  const asked: number[] = [];
  const keeper = keeperOf({ network, clock, seed: "behind", onAsk: () => asked.push(truth.now() - network.genesis) });
  const { bytes } = testConsensus(made, suite, {});
  const come = (): void => {
    for (const part of toParts(bytes, { time: truth.now(), room: 0 })) keeper.received(part);
  };
  come();
  clock.error = -3 * 3_600_000;
  keeper.start();
  come();
  assert.equal(keeper.problem, "CLOCK_WRONG");
  clock.error = 0;
  await truth.runFor(seconds(30));
  assert.ok(asked.length > 0, "what was planned by the wrong clock is hours away");
  keeper.stop();
});

test("a long list on a slow line is not taken for a clock that is ahead", async () => {
  const made = testNetwork({ suite });
  const { network } = made;
  const truth = new VirtualClock({ start: network.genesis });
  const clock = new WrongClock(truth);
  const keeper = keeperOf({ network, clock, seed: "slow line", onAsk: () => undefined });
  const { bytes } = testConsensus(made, suite, {});
  const come = async (): Promise<void> => {
    const parts = toParts(bytes, { time: truth.now(), room: 200_000 });
    assert.ok(parts.length > 5);
    for (const part of parts) {
      keeper.received(part);
      await truth.runFor(seconds(0.5));
    }
  };
  await come();
  assert.equal(keeper.problem, undefined);
  clock.error = seconds(3);
  await come();
  assert.equal(keeper.problem, "CLOCK_WRONG", "but one that is ahead is seen on any line");
});

test("who is shown two lists for one epoch uses neither, until the true one comes again", async () => {
  const made = testNetwork({ suite });
  const clock = new VirtualClock({ start: made.network.genesis });
  const keeper = keeperOf({ network: made.network, clock, seed: "split", onAsk: () => undefined });
  const [one, other] = [{}, { sharedRandom: new Uint8Array(32).fill(9) }].map((fields) =>
    testConsensus(made, suite, fields),
  ) as [Consensus, Consensus];
  const come = ({ bytes }: Consensus): void => {
    for (const part of toParts(bytes, { time: clock.now(), room: 0 })) keeper.received(part);
  };
  come(one);
  assert.ok(keeper.current());
  come(other);
  assert.equal(keeper.problem, "CONSENSUS_SPLIT");
  assert.equal(keeper.current(), undefined);
  come(one);
  assert.equal(keeper.problem, undefined);
});

test("clients ask for the next list at random times of the first two fifths of an epoch, before all use it, whoever they are", async () => {
  const made = testNetwork({ suite });
  const { network } = made;
  const clock = new VirtualClock({ start: network.genesis });
  const { bytes } = testConsensus(made, suite, {});
  const asked = new Map<number, number>();
  const keepers = Array.from({ length: 60 }, (_, n) => {
    const onAsk = (): void => void (asked.has(n) || asked.set(n, clock.now()));
    const keeper = keeperOf({ network, clock, seed: `client ${n}`, onAsk });
    for (const part of toParts(bytes, { time: clock.now(), room: 0 })) keeper.received(part);
    keeper.start();
    return keeper;
  });
  const from = epochInForce(network, epochNumber(1));
  const window = 0.4 * network.parameters.epoch.duration;
  await clock.runUntil(sendersChange(network, epochNumber(1)));
  for (const keeper of keepers) keeper.stop();
  const places = [...asked.values()].map((time) => (time - from) / window).toSorted((a, b) => a - b);
  assert.equal(places.length, keepers.length);
  // Kolmogorov and Smirnov at one in a thousand; the seeds are fixed.
  const gap = Math.max(...places.map((place, i) => Math.abs(place - (i + 0.5) / places.length)));
  assert.ok(gap < 1.95 / Math.sqrt(places.length), `${gap} from even`);
  assert.ok((places[0] as number) >= 0 && (places.at(-1) as number) <= 1);
});

test("whoever goes by the list in use is told when it changes, which is not when it comes", async () => {
  const made = testNetwork({ suite });
  const { network } = made;
  const clock = new VirtualClock({ start: network.genesis });
  const [first, next] = [epochNumber(0), epochNumber(1)];
  const told: [number, number | undefined][] = [];
  const onChange = (): void => void told.push([clock.now(), keeper.current()?.consensus.epoch]);
  const keeper = keeperOf({ network, clock, seed: "change", onAsk: () => undefined, onChange });
  const come = ({ bytes }: Consensus): void => {
    for (const part of toParts(bytes, { time: clock.now(), room: 0 })) keeper.received(part);
  };
  const one = testConsensus(made, suite, {});
  come(one);
  keeper.start();
  await clock.runUntil(epochInForce(network, next));
  come(testConsensus(made, suite, { epoch: next, previous: one.hash }));
  const change = sendersChange(network, next);
  await clock.runUntil(change);
  const at = epochInForce(network, next);
  assert.deepEqual(
    told.filter(([time]) => time === network.genesis || time === at || time === change),
    [
      [network.genesis, first],
      [at, first],
      [change, next],
    ],
  );
  // And at each change, not the first alone; without a list for it the one before goes on.
  const later = sendersChange(network, epochNumber(2));
  await clock.runUntil(later);
  assert.ok(told.some(([time]) => time === later));
  keeper.stop();
  const { length } = told;
  await clock.runUntil(sendersChange(network, epochNumber(3)));
  assert.equal(told.length, length, "nobody is told after the end");
});

/** After an epoch's pause: there is a list that nobody sends by yet, and the store has no other. */
async function newestAlone() {
  const made = testNetwork({ suite });
  const { network } = made;
  const clock = new VirtualClock({ start: network.genesis });
  const [first, next] = [epochNumber(0), epochNumber(1)];
  const asked: (number | string)[] = [];
  const store = new MemoryClientStore();
  const one = testConsensus(made, suite, {});
  const two = testConsensus(made, suite, { epoch: next, previous: one.hash });
  const onAsk = (frame: Frame): void => void (frame.type === "getConsensus" && asked.push(frame.epoch));
  const begin = async (): Promise<ConsensusKeeper> => {
    const keeper = keeperOf({ network, clock, seed: "newest", store, onAsk });
    await keeper.load();
    keeper.start();
    keeper.linked();
    return keeper;
  };
  const come = async (keeper: ConsensusKeeper, bytes: Uint8Array | undefined): Promise<void> => {
    for (const part of toParts(bytes, { time: clock.now(), room: 0 })) keeper.received(part);
    await settle();
  };
  await clock.runUntil(epochInForce(network, next));
  const keeper = await begin();
  await come(keeper, two.bytes);
  assert.deepEqual(asked.splice(0), ["current", first]);
  return { keeper, one, first, asked, begin, come };
}

test("who has the newest list alone asks again for the one that all use, when the link was lost before it came", async () => {
  const { keeper, one, first, asked, come } = await newestAlone();
  keeper.linked();
  assert.deepEqual(asked.splice(0), [first]);
  await come(keeper, one.bytes);
  assert.equal(keeper.current()?.consensus.epoch, first);
  keeper.linked();
  assert.deepEqual(asked, [], "it is here");
  keeper.stop();
});

test("who has the newest list alone asks again for the one that all use, when its program ended before it came", async () => {
  const { keeper, one, first, asked, begin, come } = await newestAlone();
  keeper.stop();
  const again = await begin();
  assert.deepEqual(asked.splice(0), [first]);
  await come(again, one.bytes);
  assert.equal(again.current()?.consensus.epoch, first);
  again.stop();
});

test("of a list that the provider says it does not have nobody asks again on each new link", async () => {
  const { keeper, asked, come } = await newestAlone();
  await come(keeper, undefined);
  keeper.linked();
  assert.deepEqual(asked, []);
  keeper.stop();
});

function keeperOf(o: {
  network: Network;
  clock: Clock;
  seed: string;
  onAsk: (frame: Frame) => void;
  onChange?: () => void;
  store?: MemoryClientStore;
}): ConsensusKeeper {
  const send = (frame: Frame): boolean => {
    o.onAsk(frame);
    return true;
  };
  return new ConsensusKeeper({
    clock: o.clock,
    random: new SeededRandom(o.seed),
    suite,
    network: o.network,
    store: o.store ?? new MemoryClientStore(),
    link: { send } as unknown as ProviderLink,
    onChange: o.onChange ?? (() => undefined),
  });
}
