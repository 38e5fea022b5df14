/**
 * A provider that sends lists nobody asked for: to check one takes tens of milliseconds on the thread that keeps time, so that
 * it would choose when a customer's packets are late (docs/spec/04-traffic.md §8).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { MemoryLinks } from "#test/support/memory-links.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { ConsensusKeeper } from "#transport/client/consensus-keeper.ts";
import { ProviderLink } from "#transport/client/provider-link.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { toParts } from "#transport/link/parts.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const suite = await loadSuite("x25519", "native");
const PROVIDER = { address: "provider.test:1", linkKey: new Uint8Array(32).fill(1) };

test("a list that was not asked for is not looked at and ends the link; each question lets one list in", async () => {
  const { clock, link, keeper, give, checks, links } = await setUp();
  assert.equal(link.send({ type: "getConsensus", epoch: "current" }), true);
  await give();
  assert.notEqual(keeper.current(), undefined);
  const checked = checks();
  assert.ok(checked > 0);
  await give();
  assert.equal(checks(), checked);
  assert.equal(link.state, "down");
  await clock.runFor(seconds(60));
  // What was asked on the link before opens nothing on this one.
  assert.deepEqual([link.state, links()], ["up", 2]);
  await give();
  assert.deepEqual([checks(), link.state], [checked, "down"]);
});

test("a list cannot be ended with another one in its place, and parts that end nothing set nothing off", async () => {
  const { clock, link, give, givePart, checks } = await setUp();
  link.send({ type: "getConsensus", epoch: "current" });
  for (let n = 0; n < 20; n++) givePart({ index: 0, count: 2 });
  await clock.runFor(milliseconds(100));
  assert.deepEqual([link.state, checks()], ["up", 0]);
  await give();
  const checked = checks();
  givePart({ index: 0, count: 2 });
  await clock.runFor(milliseconds(100));
  assert.deepEqual([link.state, checks()], ["down", checked]);
});

async function setUp() {
  const made = testNetwork({ suite });
  const { network } = made;
  const sizes = geometry(network.parameters);
  const clock = new VirtualClock({ start: network.genesis });
  const memory = new MemoryLinks({ clock, latency: milliseconds(5) });
  const accepted: Link[] = [];
  memory.listen({
    address: PROVIDER.address,
    key: PROVIDER.linkKey,
    accept: (met) => {
      accepted.push(met);
      met.onFrame(() => undefined);
    },
  });
  let checks = 0;
  const verify: Suite["hybrid"]["verify"] = (...o) => {
    checks++;
    return suite.hybrid.verify(...o);
  };
  const counting: Suite = { ...suite, hybrid: { ...suite.hybrid, verify } };
  const link: ProviderLink = new ProviderLink({
    clock,
    random: new SeededRandom("link"),
    dialer: memory.dialer(new Uint8Array(32).fill(2)),
    provider: PROVIDER,
    sizes,
    onFrame: (frame) => {
      if (frame.type === "consensusPart") keeper.received(frame);
    },
    onChange: () => undefined,
    onSteady: () => undefined,
  });
  const keeper = new ConsensusKeeper({
    clock,
    random: new SeededRandom("polling"),
    suite: counting,
    network,
    store: new MemoryClientStore(),
    link,
    onChange: () => undefined,
  });
  link.start();
  await clock.runFor(seconds(1));
  const { bytes } = testConsensus(made, suite, {});
  return {
    clock,
    link,
    keeper,
    checks: () => checks,
    links: () => accepted.length,
    give: async (): Promise<void> => {
      for (const part of toParts(bytes, { time: clock.now(), room: 0 }))
        accepted.at(-1)?.send(encodeFrame(part, sizes));
      await clock.runFor(milliseconds(100));
    },
    givePart: ({ index, count }: { index: number; count: number }): void => {
      const part = new Uint8Array(32_768);
      accepted.at(-1)?.send(encodeFrame({ type: "consensusPart", time: clock.now(), index, count, part }, sizes));
    },
  };
}
