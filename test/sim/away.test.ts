/** Nobody has to be there: neither reader nor writer loses anything by being offline for hours or for a week. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#transport/core/bytes.ts";
import { milliseconds } from "#transport/core/units.ts";
import { days, HOUR, lookUp, post, SLOW_PARAMETERS, slowWorld, startClient, stopClient, until } from "./slow-world.ts";
import type { SimClient } from "./sim-client.ts";
import type { World } from "./world.ts";

const EPOCH = SLOW_PARAMETERS.epoch.duration;

for (const [absence, duration] of [
  ["three epochs", milliseconds(3 * EPOCH)],
  ["a week", days(7)],
] as const) {
  test(`a reader who is offline for ${absence} finds every mail of that time, once`, async () => {
    const { world, alice, bob } = await correspondents(`reader ${absence}`);
    await stopClient(world, bob);
    const sent: string[] = [];
    const end = world.clock.now() + duration;
    for (let n = 0; n < 3; n++) {
      const text = `mail ${n}`;
      sent.push(text);
      await post(world, alice, await lookUp(world, alice, bob.address), utf8(text));
      await world.clock.runFor(milliseconds(duration / 4));
    }
    await world.clock.runUntil(milliseconds(end));
    assert.deepEqual(
      alice.client.journeys().map(({ delivery }) => delivery),
      ["stored", "stored", "stored"],
      "the writer knows that they wait for him",
    );
    await startClient(world, bob);
    await until(world, () => bob.received.size === 3);
    await world.clock.runFor(milliseconds(6 * HOUR));
    assert.deepEqual(bob.texts().toSorted(), sent);
    assert.equal(bob.offers, 3);
    await world.stop();
  });

  test(`a mail whose writer goes offline for ${absence} before it has left goes when they are back`, async () => {
    const { world, alice, bob } = await correspondents(`writer ${absence}`);
    const record = await lookUp(world, alice, bob.address);
    await post(world, alice, record, new Uint8Array(12_000).fill(5));
    await stopClient(world, alice);
    await world.clock.runFor(duration);
    assert.equal(bob.received.size, 0);
    await startClient(world, alice);
    await until(world, () => bob.received.size === 1);
    assert.equal(bob.offers, 1);
    await world.stop();
  });
}

async function correspondents(seed: string): Promise<{ world: World; alice: SimClient; bob: SimClient }> {
  const world = await slowWorld(seed);
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  return { world, alice, bob };
}
