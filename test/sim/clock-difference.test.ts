/** A client whose clock is off by seconds says so, until an answer shows that it is right again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

/** The states of clients, by how far their clocks are off. */
async function run(clock: "slot" | "poisson", errors: readonly number[], o: { afterwards?: boolean } = {}) {
  const world = await World.create({ seed: "clock difference", parameters: { ...SIM_PARAMETERS, clock } });
  const clients = [];
  for (const [index, error] of errors.entries()) {
    const name = `client${index}`;
    world.clockOf(name).error = error;
    clients.push(await world.join({ name, provider: "a" }));
  }
  await world.clock.runFor(seconds(30));
  const states = clients.map(({ client }) => client.status().state);
  if (o.afterwards === true) {
    for (const index of errors.keys()) world.clockOf(`client${index}`).error = 0;
    await world.clock.runFor(milliseconds(1.6 * SIM_PARAMETERS.epoch.duration));
    states.push(...clients.map(({ client }) => client.status().state));
  }
  await world.stop();
  return states;
}

test("a clock that is ahead or behind by seconds is told, and told no longer once it was set right", async () => {
  assert.deepEqual(await run("slot", [5_000, -5_000, 300]), ["clock-off", "clock-off", "mixing"]);
  assert.deepEqual(await run("slot", [5_000], { afterwards: true }), ["clock-off", "mixing"]);
});

test("where nobody sends in common slots, a wrong clock gives nothing away and is not told", async () => {
  assert.deepEqual(await run("poisson", [5_000]), ["mixing"]);
});
