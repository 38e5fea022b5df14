/** The largest mail there may be, in packets of the size that networks for people use, through loss, with both programs restarted on the way. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { perSecond, seconds } from "#transport/core/units.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";

/** The simulation's network with packets of the live size, and a pace at which 25 MiB take minutes instead of ten hours. */
const PARAMETERS: Parameters = {
  ...SIM_PARAMETERS,
  packetBytes: LIVE_PARAMETERS.packetBytes,
  messageBytesMax: LIVE_PARAMETERS.messageBytesMax,
  profiles: {
    mail: { ...SIM_PARAMETERS.profiles.mail, sendRate: perSecond(12), pollRate: perSecond(18) },
    chat: { ...SIM_PARAMETERS.profiles.chat, sendRate: perSecond(12), pollRate: perSecond(18) },
  },
  minimumPool: 0,
};

test("a mail of 25 MiB in packets of 28 KiB arrives whole, once, after a restart of either side", async () => {
  const world = await World.create({ seed: "largest", parameters: PARAMETERS, suite: noCryptography() });
  const alice = await world.join({ name: "alice", provider: "a", machine: "quick" });
  const bob = await world.join({ name: "bob", provider: "b", machine: "quick" });
  const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(to);
  world.net.weather = { loss: 0.0025, duplicates: 0.0025 };
  const body = new SeededRandom("largest").bytes(PARAMETERS.messageBytesMax);
  await world.clock.runUntilSettled(alice.client.send({ to, body: body.slice() }), seconds(60));
  const fragments = alice.client.journeys()[0]?.fragments ?? 0;
  assert.ok(fragments > 900 && fragments < 1_300, `${fragments} fragments`);
  for (const client of [alice, bob]) {
    await world.clock.runFor(seconds(40));
    await world.clock.runUntilSettled(client.stop(), seconds(120));
    await world.clock.runUntilSettled(client.start(), seconds(120));
  }
  await world.clock.runWhile(() => bob.received.size === 0, seconds(900));
  const [received] = [...bob.received.values()];
  assert.ok(received !== undefined && equalBytes(received, body));
  await world.clock.runFor(seconds(30));
  assert.equal(bob.received.size, 1);
  assert.equal(alice.client.journeys()[0]?.delivery, "stored");
  await world.stop();
});
