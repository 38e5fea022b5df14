/**
 * A large mail is many packets from one sender to one reader. What the reader's provider stores must not say which belong
 * together, and each takes a path of its own (docs/spec/04-traffic.md §5).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { toHex } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { fragmentCount } from "#transport/fragment/split.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";

const GEOMETRY = geometry({ suite: SIM_PARAMETERS.suite, packetBytes: SIM_PARAMETERS.packetBytes });

test("the fragments of one mail take many paths, and no packet is seen twice anywhere", async () => {
  const paths = new Map<string, string[]>();
  const seen = new Set<string>();
  const mine = new Map<string, string>();
  const observer: NodeObserver = {
    packetArrived: ({ node, tag }) => {
      const key = toHex(node) + toHex(tag);
      assert.ok(!seen.has(key));
      seen.add(key);
      const fragment = mine.get(toHex(tag));
      if (fragment !== undefined) paths.set(fragment, [...(paths.get(fragment) ?? []), toHex(node).slice(0, 8)]);
    },
  };
  const world = await World.create({ seed: "large", observer });
  const alice = await world.join({
    name: "alice",
    provider: "a",
    observer: {
      fragmentSent: ({ index, tags }) => tags.forEach((tag) => mine.set(toHex(tag), `${index}`)),
    },
  });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  const body = new SeededRandom("large body").bytes(100_000);
  await world.clock.runUntilSettled(alice.client.send({ to: record, body }), seconds(9));
  await world.clock.runWhile(() => bob.received.size === 0, seconds(300));
  assert.equal(bob.received.size, 1);
  const distinct = new Set([...paths.values()].map((nodes) => nodes.join(" ")));
  // Two mixes a layer make eight paths; all of them are used.
  assert.ok(distinct.size >= 6, `${distinct.size} paths`);
  await world.stop();
});

test("mails of similar sizes make the same number of fragments", () => {
  const step = SIM_PARAMETERS.fragmentStep;
  const totals = [30_000, 33_000, 36_000, 38_000].map(
    (messageBytes) => fragmentCount({ geometry: GEOMETRY, step, messageBytes }).total,
  );
  assert.equal(new Set(totals).size, 1);
});
