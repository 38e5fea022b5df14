/**
 * A reader whose disk is full for long: what a box gives comes again and again, or lies behind what the mailbox gives again, and no box is
 * blamed for it. Spec: docs/spec/17-boxes.md §6.1
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { BOX_PARAMETERS, boxesOf, boxWorld, putInto, sealedTo, untilBox } from "./box-scene.ts";

/** Most slots collect, so that the answers after which a loop is lost are asked for within some epochs; polls bring what has piled up within two. */
const profile = {
  ...BOX_PARAMETERS.profiles.mail,
  payloadShare: 0.2,
  loopShare: 0.2,
  dropShare: 0.6,
  pollRate: perSecond(16),
};
const PARAMETERS = { ...BOX_PARAMETERS, profiles: { mail: profile, chat: profile } };
const EPOCHS = 16;

for (const place of ["box", "mailbox"] as const) {
  test(`a box is not blamed while the reader's disk refuses what lies in the ${place}, nor when there is room again`, async () => {
    const world = await boxWorld({ seed: `full disk ${place}`, parameters: PARAMETERS, suite: noCryptography() });
    const alice = await world.join({ name: "alice", provider: "a" });
    const box = await untilBox(world, alice);
    // More than may be given ahead of what was not taken.
    const body = new SeededRandom("large").bytes(400_000);
    putInto(world, place === "box" ? box : { mailboxOf: alice }, await sealedTo(world, alice, { body, seed: "large" }));
    const accept = alice.store.acceptEntry.bind(alice.store);
    let refused = 0;
    alice.store.acceptEntry = (entry) => {
      if (entry.fragment === undefined) return accept(entry);
      refused++;
      return Promise.reject(new Error("full"));
    };
    const suspicions = new Set<number>();
    const watch = async (epochs: number): Promise<void> => {
      for (let epoch = 0; epoch < epochs; epoch++) {
        await world.clock.runFor(milliseconds(PARAMETERS.epoch.duration));
        for (const { suspicion } of await boxesOf(alice)) suspicions.add(suspicion);
      }
    };
    await watch(EPOCHS);
    assert.ok(refused > 100, `${refused} times`);
    alice.store.acceptEntry = accept;
    await watch(4);
    assert.deepEqual([...suspicions], [0]);
    await world.clock.runWhile(() => alice.received.size === 0, seconds(300));
    assert.deepEqual([...alice.received.values()], [body]);
    await world.stop();
  });
}
