/** Whoever's clock was wrong by an hour for a while and is set right does its duty again within two epochs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MixNode } from "#provider-server/mix/mix-node.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

const HOUR = 3_600_000;
const EPOCH = SIM_PARAMETERS.epoch.duration;

for (const [where, error] of [
  ["ahead", HOUR],
  ["behind", -HOUR],
] as const) {
  test(`a mix and a provider, ${where} by an hour for more than an epoch, have current lists and keys again`, async () => {
    const world = await World.create({ seed: `clocks ${where}` });
    const names = ["mix0", "a"];
    for (const name of names) world.clockOf(name).error = error;
    await world.clock.runFor(milliseconds(1.1 * EPOCH));
    for (const name of names) world.clockOf(name).error = 0;
    await world.clock.runFor(milliseconds(3 * EPOCH));
    for (const name of names) {
      const { consensuses } = world.node(name) as MixNode;
      const { newest } = consensuses;
      assert.equal(newest?.epoch, consensuses.listEpoch(world.clock.now()), `${name} has the list in use`);
      const listed = [...newest.layers.flat(), ...newest.providers].map(({ address }) => address);
      assert.ok(listed.includes(`${name}.test:1`), `${name} is on it`);
    }
    const before = world.log.length;
    await world.clock.runFor(EPOCH);
    for (const name of names) {
      const said = world.log.slice(before).filter((line) => line.startsWith(`${name}: epoch `));
      assert.equal(said.length, 1, `${name} erases keys as epochs end`);
      assert.match(said[0] as string, /loopsReturned=[1-9]/, `packets of ${name} find their way back`);
    }
    await world.stop();
  });

  test(`an authority, ${where} by an hour for more than an epoch, votes and signs again`, async () => {
    const world = await World.create({ seed: `authority ${where}` });
    world.clockOf("authority0").error = error;
    await world.clock.runFor(milliseconds(1.1 * EPOCH));
    world.clockOf("authority0").error = 0;
    await world.clock.runFor(EPOCH);
    const before = world.log.length;
    await world.clock.runFor(milliseconds(2 * EPOCH));
    const said = world.log.slice(before).filter((line) => line.startsWith("authority0: "));
    assert.equal(said.filter((line) => line.includes(" voted ")).length, 2, "it votes once for each epoch");
    assert.equal(said.filter((line) => line.includes(" signed ")).length, 2);
    const others = world.log.slice(before).filter((line) => line.startsWith("authority1: consensus "));
    assert.equal(others.filter((line) => line.includes("signatures=3")).length, 2, "the others have its signature");
    await world.stop();
  });
}

for (const ahead of [seconds(30), seconds(90)]) {
  test(`mail that was lost while its writer's clock was ahead by an hour for ${ahead / 1_000} s goes again soon after`, async () => {
    const world = await World.create({ seed: `writer ahead ${ahead}` });
    const alice = await world.join({ name: "alice", provider: "a" });
    const bob = await world.join({ name: "bob", provider: "b" });
    const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
    assert.ok(to);
    const bodies = Array.from({ length: 8 }, (_, i) => `mail ${i}`);
    for (const body of bodies) {
      await world.clock.runUntilSettled(alice.client.send({ to, body: utf8(body) }), seconds(5));
    }
    world.net.weather = { loss: 1, duplicates: 0 };
    const left = () => alice.client.journeys().every(({ delivery }) => delivery === "mixing");
    await world.clock.runWhile(() => !left(), seconds(120));
    assert.ok(left(), "all are on their way, and all are lost");
    world.clockOf("alice").error = HOUR;
    await world.clock.runFor(ahead);
    world.clockOf("alice").error = 0;
    world.net.weather = { loss: 0, duplicates: 0 };
    await world.clock.runWhile(() => bob.received.size < bodies.length, seconds(600));
    assert.deepEqual(bob.texts().toSorted(), bodies, "within ten minutes");
    const delivered = () => alice.client.journeys().every(({ delivery }) => delivery === "stored");
    await world.clock.runWhile(() => !delivered(), seconds(300));
    assert.ok(delivered());
    await world.stop();
  });
}
