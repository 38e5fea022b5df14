/**
 * A place at which nothing was read for three days: another that its reader tells then counts, also one that ends sooner. So the box of a
 * device that was put out does not shadow those of the others. Whole networks in which little moves. Spec: docs/spec/17-boxes.md §4
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { boxIdOf } from "#transport/box/box-id.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { equalBytes, utf8 } from "#transport/core/bytes.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { boxesOf, boxWorld, providerNamed } from "./box-scene.ts";
import type { SimClient } from "./sim-client.ts";
import { SLOW_PARAMETERS, acknowledging, DAY, lookUp, post, startClient, stopClient } from "./slow-world.ts";
import type { World } from "./world.ts";

const profile = {
  ...SLOW_PARAMETERS.profiles.mail,
  sendRate: perSecond(1 / 300),
  payloadShare: 0.3,
  loopShare: 0.2,
  dropShare: 0.5,
  pollRate: perSecond(1 / 120),
};
/** Who is away for a week can still be written to. */
const mailboxKeyLifetime = milliseconds(14 * DAY);
const PARAMETERS = {
  ...SLOW_PARAMETERS,
  profiles: { mail: profile, chat: profile },
  mailboxKeyLifetime,
  boxReplies: 2,
};

test("a place that lasts longer and that nobody reads is replaced by the one that the next receipt tells", async () => {
  const { world, alice, bob, toBob, box } = await scene("shadow");
  // As a device told it that was put out since: nobody collects there.
  const secret = new Uint8Array(32).fill(9);
  const at = ["a", "c"].find((name) => name !== providerNamed(world, box.providerId)) as string;
  const { until } = world.provider(at).boxes.store.open(secret);
  assert.ok(until !== undefined && until > (box.until ?? 0));
  const shadow = { providerId: world.provider(at).nodeId, boxId: boxIdOf(world.suite, secret), until };
  await alice.store.savePlace(toBob.accountKey, shadow);

  const began = world.clock.now();
  await post(world, alice, toBob, utf8("into the shadow"));
  await untilReceived(world, bob, 2);
  assert.ok(world.clock.now() - began > 3 * DAY, "three days, as before");
  await untilDelivered(world, alice);
  const known = await alice.store.place(toBob.accountKey);
  assert.deepEqual(known?.boxId, boxIdOf(world.suite, box.secret));
  assert.equal(known?.isInDoubt, undefined);
  const asked = world.clock.now();
  await post(world, alice, await lookUp(world, alice, bob.address), utf8("out of it"));
  await untilReceived(world, bob, 3);
  assert.ok(world.clock.now() - asked < DAY);
  assert.deepEqual((await alice.store.outgoing()).at(-1)?.to.place, known);
  await world.stop();
});

test("who is away for longer is written to at the same place meanwhile and after it; the doubt outlives the writer's program", async () => {
  const { world, alice, bob, toBob, box } = await scene("holiday");
  const place = await alice.store.place(toBob.accountKey);
  assert.deepEqual(place?.boxId, boxIdOf(world.suite, box.secret));
  await stopClient(world, bob);
  await post(world, alice, toBob, utf8("first of a holiday"));
  const known = () => alice.store.place(toBob.accountKey);
  for (let hour = 0; hour < 24 * 5 && (await known())?.isInDoubt !== true; hour++)
    await world.clock.runFor(seconds(3600));
  assert.deepEqual(await alice.store.place(toBob.accountKey), { ...place, isInDoubt: true });
  await stopClient(world, alice);
  await startClient(world, alice);
  await post(world, alice, await lookUp(world, alice, bob.address), utf8("second of a holiday"));
  const meanwhile = (await alice.store.outgoing()).at(-1);
  assert.deepEqual(meanwhile?.to.place, place, "as it is told, without the doubt");
  await startClient(world, bob);
  await untilReceived(world, bob, 3);
  await untilDelivered(world, alice);
  assert.deepEqual(await alice.store.place(toBob.accountKey), place);
  assert.equal(bob.offers, 3);
  await world.stop();
});

/** Alice at a, and Bob at b, of whose box she knows. */
async function scene(seed: string) {
  const world = await boxWorld({
    seed,
    providers: ["a", "b", "c"],
    parameters: PARAMETERS,
    suite: noCryptography(),
    nodeLimits: { aliveInterval: seconds(600) },
  });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b", program: acknowledging(alice.address) });
  let box: OwnBox | undefined;
  for (let hour = 0; hour < 72 && box === undefined; hour++) {
    await world.clock.runFor(seconds(3600));
    box = (await boxesOf(bob)).find(({ era }) => era !== undefined);
  }
  assert.ok(box);
  const toBob = await lookUp(world, alice, bob.address);
  await post(world, alice, toBob, utf8("first"));
  await untilReceived(world, bob, 1);
  await untilDelivered(world, alice);
  const known = await alice.store.place(toBob.accountKey);
  assert.ok(known !== undefined && equalBytes(known.providerId, box.providerId));
  return { world, alice, bob, toBob, box };
}

async function untilReceived(world: World, client: SimClient, count: number): Promise<void> {
  for (let hour = 0; hour < 24 * 6 && client.received.size < count; hour++) await world.clock.runFor(seconds(3600));
  assert.equal(client.received.size, count);
}

async function untilDelivered(world: World, client: SimClient): Promise<void> {
  const isDone = (): boolean => client.client.journeys().every(({ delivery }) => delivery === "delivered");
  for (let hour = 0; hour < 48 && !isDone(); hour++) await world.clock.runFor(seconds(3600));
  assert.ok(isDone());
}
