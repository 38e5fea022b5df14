/** The time that a person is told for mail to somebody's box is about the time that it takes. Spec: docs/spec/17-boxes.md §7 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { noCryptography } from "#test/support/no-cryptography.ts";
import type { Journey } from "#transport/client/types.ts";
import { seconds } from "#transport/core/units.ts";
import { BOX_PARAMETERS } from "./box-scene.ts";
import { PlacesScene } from "./places-scene.ts";

const MAILS = 40;
/** As for mail to a mailbox (estimate.test.ts). */
const FACTOR = 1.5;

test(`a small mail to a box takes about as long as was said: within a factor of ${FACTOR} of the median`, async () => {
  const parameters = { ...BOX_PARAMETERS, minimumPool: 0 };
  const scene = await PlacesScene.create("box estimate", {
    parameters,
    suite: noCryptography(),
    alice: { machine: "quick" },
  });
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, new Uint8Array(1));
  const [waits, said]: [number[], number[]] = [[], []];
  for (let n = 1; n <= MAILS; n++) {
    const before = world.clock.now();
    const { id, place } = await scene.send(alice, bob, new Uint8Array(500).fill(n));
    assert.ok(place);
    said.push((alice.client.journey(id)?.expectedAt ?? 0) - before);
    await world.clock.runWhile(() => bob.received.size < 1 + n, seconds(300));
    waits.push(world.clock.now() - before);
    // Its receipt and the question about it are over before the next one.
    await scene.read(bob, id, scene.toAlice);
    await scene.until(alice, id, "delivered");
  }
  const [took, told] = [median(waits), median(said)];
  assert.ok(told < FACTOR * took && took < FACTOR * told, `said ${told} ms, was ${took} ms`);
  await world.stop();
});

test(`once half of a large mail has left, and once all has, what waits in the box is still counted: within a factor of ${FACTOR}`, async () => {
  const scene = await PlacesScene.create("large box estimate", {
    parameters: { ...BOX_PARAMETERS, minimumPool: 0 },
    suite: noCryptography(),
    alice: { machine: "quick" },
  });
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, new Uint8Array(1));
  const before = world.clock.now();
  const { id, place } = await scene.send(alice, bob, new Uint8Array(150_000).fill(1));
  assert.ok(place);
  const journey = () => alice.client.journey(id) as Journey;
  const said: { at: number; expectedAt: number }[] = [];
  for (const share of [0.5, 1]) {
    await world.clock.runWhile(() => journey().fragmentsSent < share * journey().fragments, seconds(300));
    said.push({ at: world.clock.now(), expectedAt: journey().expectedAt });
  }
  await world.clock.runWhile(() => bob.received.size < 2, seconds(300));
  const took = world.clock.now() - before;
  for (const { at, expectedAt } of said) {
    const [told, left] = [expectedAt - at, world.clock.now() - at];
    assert.ok(told < FACTOR * left && left < FACTOR * told, `said ${told} ms, was ${left} ms, of ${took} ms in all`);
  }
  await world.stop();
});

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
