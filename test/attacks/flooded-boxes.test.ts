/**
 * Collects find no answer at any provider for more than a day, as under a flood of collects, or where the own provider drops replies: all
 * boxes are taken for lost, and no more than four may be open. When it is over, loops show that they were good. Production clients and nodes;
 * a loop goes into a box every three hours, as in a network for people. Spec: docs/spec/17-boxes.md §5, §6.1
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boxesOf, boxWorld } from "#test/sim/box-scene.ts";
import type { SimClient } from "#test/sim/sim-client.ts";
import { HOUR, SLOW_PARAMETERS, startClient, stopClient } from "#test/sim/slow-world.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { BOXES_TAKING_MAX } from "#transport/client/boxes/limits.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";

const PROVIDERS = ["a", "b", "c", "d"];
const profile = {
  ...SLOW_PARAMETERS.profiles.mail,
  sendRate: perSecond(1 / 120),
  payloadShare: 0.4,
  loopShare: 0.2,
  dropShare: 0.4,
  pollRate: perSecond(1 / 60),
};
const PARAMETERS = {
  ...SLOW_PARAMETERS,
  profiles: { mail: profile, chat: profile },
  epoch: { ...SLOW_PARAMETERS.epoch, duration: milliseconds(HOUR) },
  tokens: { ...SLOW_PARAMETERS.tokens, perProvider: 16 },
  boxReplies: 2,
};

test("a flood that silences all providers of boxes loses all boxes, and no mail; one is good again within four days of its end", async () => {
  const suite = noCryptography();
  const nodeLimits = { aliveInterval: seconds(600) };
  const world = await boxWorld({ seed: "flood", providers: PROVIDERS, parameters: PARAMETERS, suite, nodeLimits });
  const bob = await world.join({ name: "bob", provider: "b" });
  for (let hour = 0; hour < 48 && (await goodOf(bob)).length === 0; hour++) await world.clock.runFor(seconds(3600));
  assert.equal((await goodOf(bob)).length, 1);

  const stores = PROVIDERS.map((name) => world.provider(name).boxes.store);
  for (const store of stores) store.asked = () => "DISK_FULL";
  const areLost = async (): Promise<boolean> => {
    const boxes = await boxesOf(bob);
    return boxes.length === BOXES_TAKING_MAX && boxes.every(({ isLost, isGone }) => isLost && !isGone);
  };
  let flood = 0;
  while (!(await areLost()) && flood++ < 96) await world.clock.runFor(seconds(3600));
  assert.ok(await areLost(), "all boxes are lost");
  const known = await boxesOf(bob);

  for (const store of stores) Reflect.deleteProperty(store, "asked");
  let hours = 0;
  for (; hours < 96 && (await goodOf(bob)).length === 0; hours++) {
    await world.clock.runFor(seconds(3600));
    // What was lost, and what speaks for it, outlives programs.
    if (hours % 24 === 23) {
      await stopClient(world, bob);
      await startClient(world, bob);
    }
  }
  const good = await goodOf(bob);
  assert.ok(good.length > 0, `none is good after ${hours} hours, and a flood of ${flood}`);
  assert.ok(hours > 12, `after ${hours} hours: ten loops do not come so soon`);
  assert.ok(good.every(({ secret }) => known.some((box) => equalBytes(box.secret, secret))));
  await world.stop();
});

async function goodOf(client: SimClient): Promise<OwnBox[]> {
  return (await boxesOf(client)).filter(({ era, isLost }) => era !== undefined && !isLost);
}
