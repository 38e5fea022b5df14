/** When in its slots a client sends is the network file's word. Spec: docs/spec/04-traffic.md §2 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { meanInterval, perSecond, seconds } from "#transport/core/units.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

for (const sendSpread of [1 / 8, 1 / 2]) {
  test(`clients of a network with a send spread of ${sendSpread} send in that share of a slot, anywhere in it`, async () => {
    const sendRate = perSecond(1);
    const { mail, chat } = SIM_PARAMETERS.profiles;
    const parameters = { ...SIM_PARAMETERS, sendSpread, profiles: { mail: { ...mail, sendRate }, chat } };
    const world = await World.create({ seed: "send spread", parameters });
    const { observer } = await world.join({ name: "alice", provider: "a" });
    await world.clock.runFor(seconds(100));
    await world.stop();
    const slot = meanInterval(sendRate);
    const phases = observer.out(sendFrameBytes(geometry(parameters))).map((at) => (at % slot) / slot);
    assert.ok(phases.length > 80, `${phases.length} packets`);
    // Ticks fall on whole milliseconds.
    assert.ok(Math.max(...phases) <= sendSpread + 0.002, `the last at ${Math.max(...phases)}`);
    assert.ok(Math.max(...phases) > 0.9 * sendSpread && Math.min(...phases) < 0.1 * sendSpread);
  });
}
