/**
 * The provider of somebody's box says that what comes is stored, and gives nothing of it; or answers no collect. Production clients and
 * nodes in a network in which little moves: a loop goes into a box every eighteen hours. `test/transport/client/boxes/box-health.test.ts` has the
 * hours of a network for people. Spec: docs/spec/17-boxes.md §4, §6.1
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BoxStore } from "#provider-server/boxes/box-store.ts";
import { boxesOf, isFoundOut, boxWorld, providerNamed } from "#test/sim/box-scene.ts";
import type { SimClient } from "#test/sim/sim-client.ts";
import {
  SLOW_PARAMETERS,
  acknowledging,
  days,
  lookUp,
  post,
  startClient,
  stopClient,
  until,
} from "#test/sim/slow-world.ts";
import type { World } from "#test/sim/world.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { boxIdOf } from "#transport/box/box-id.ts";
import { equalBytes, utf8 } from "#transport/core/bytes.ts";
import { perSecond, seconds } from "#transport/core/units.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A slot in five minutes, of which half collect: reminders come at a box's pace, all but the last within some two days. */
const profile = {
  ...SLOW_PARAMETERS.profiles.mail,
  sendRate: perSecond(1 / 300),
  payloadShare: 0.3,
  loopShare: 0.2,
  dropShare: 0.5,
  pollRate: perSecond(1 / 120),
};
const PARAMETERS = { ...SLOW_PARAMETERS, profiles: { mail: profile, chat: profile }, boxReplies: 2 };

const SILENCES: readonly [string, { meddle: (store: BoxStore) => void; noticedIn: number }][] = [
  ["says that all is stored and gives nothing", { meddle: giveNothing, noticedIn: 6 }],
  ["takes mail and answers no collect", { meddle: answerNothing, noticedIn: 4 }],
];

for (const [what, { meddle, noticedIn }] of SILENCES) {
  test(`a box's provider that ${what} is noticed and left, by its owner and then by who writes there; every mail arrives`, async () => {
    const { world, alice, bob, toBob, box } = await scene(what);
    const at = providerNamed(world, box.providerId);
    meddle(world.provider(at).boxes.store);
    const began = world.clock.now();
    const since = (): number => (world.clock.now() - began) / DAY;
    await post(world, alice, toBob, utf8("into the silence"));
    let noticed: number | undefined;
    let arrived: number | undefined;
    for (let hour = 0; hour < 24 * 12 && (noticed === undefined || arrived === undefined); hour++) {
      await world.clock.runFor(seconds(3600));
      if (arrived === undefined && bob.received.size === 2) arrived = since();
      if (noticed === undefined && (await isFoundOut(bob, box)) && (await goodBoxOf(bob, box)) !== undefined)
        noticed = since();
      // What was found out outlives programs.
      if (hour % 24 === 23) await restart(world, bob);
    }
    assert.ok(noticed !== undefined && noticed < noticedIn, `noticed after ${noticed} days`);
    assert.ok(arrived !== undefined && arrived > 3 && arrived < 6, `arrived after ${arrived} days`);
    const next = await goodBoxOf(bob, box);
    assert.notEqual(next && providerNamed(world, next.providerId), at);
    // The first after it may still go the old way; its receipt, or that of one that came to the mailbox, tells the new one.
    await post(world, alice, await lookUp(world, alice, bob.address), utf8("on the way out"));
    await untilReceived(world, bob, 3);
    await world.clock.runFor(days(1));
    const asked = world.clock.now();
    await post(world, alice, await lookUp(world, alice, bob.address), utf8("to the new box"));
    await untilReceived(world, bob, 4);
    assert.ok(world.clock.now() - asked < DAY, `${(world.clock.now() - asked) / HOUR} hours`);
    const outgoing = await alice.store.outgoing();
    assert.deepEqual(outgoing.at(-1)?.to.place?.providerId, next?.providerId);
    assert.deepEqual(bob.texts().toSorted(), ["first", "into the silence", "on the way out", "to the new box"]);
    assert.equal(bob.offers, 4);
    await until(world, () => alice.client.journeys().every(({ delivery }) => delivery === "delivered"));
    await world.stop();
  });
}

test("a provider that does what it should is not left, with 1 % of all packets lost on each line", async () => {
  const { world, bob } = await scene("honest");
  world.net.weather = { loss: 0.01, duplicates: 0 };
  await world.clock.runFor(days(7));
  assert.ok((await boxesOf(bob)).every(({ isLost }) => !isLost));
  await world.stop();
});

test("a box's provider that loses receipts: a reminder that comes a day after the mail was read is answered into the mailbox", async () => {
  const { world, alice, bob, toBob } = await scene("receipts");
  const toAlice = await lookUp(world, bob, alice.address);
  const known = await bob.store.place(toAlice.accountKey);
  assert.equal(known, undefined, "Bob knows no place of Alice's but what her messages name");
  for (const { providerId, secret } of await boxesOf(alice)) {
    giveNothing(world.provider(providerNamed(world, providerId)).boxes.store, boxIdOf(world.suite, secret));
  }
  const began = world.clock.now();
  await post(world, alice, toBob, utf8("read, and no receipt"));
  await untilReceived(world, bob, 2);
  const isDelivered = (): boolean => alice.client.journeys().every(({ delivery }) => delivery === "delivered");
  for (let hour = 0; hour < 24 * 6 && !isDelivered(); hour++) await world.clock.runFor(seconds(3600));
  const took = (world.clock.now() - began) / DAY;
  assert.ok(isDelivered() && took > 1 && took < 6, `${took} days`);
  await world.stop();
});

/** Alice at a, Bob at b, each with a box elsewhere; she has read of his. */
async function scene(seed: string) {
  const world = await boxWorld({
    seed,
    providers: ["a", "b", "c", "d"],
    parameters: PARAMETERS,
    suite: noCryptography(),
    nodeLimits: { aliveInterval: seconds(600) },
  });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b", program: acknowledging(alice.address) });
  for (let hour = 0; hour < 72; hour++) {
    await world.clock.runFor(seconds(3600));
    if ((await goodBoxOf(bob)) !== undefined && (await goodBoxOf(alice)) !== undefined) break;
  }
  const toBob = await lookUp(world, alice, bob.address);
  await post(world, alice, toBob, utf8("first"));
  await untilReceived(world, bob, 1);
  await until(world, () => alice.client.journeys().every(({ delivery }) => delivery === "delivered"));
  assert.ok(await alice.store.place(toBob.accountKey));
  return { world, alice, bob, toBob, box: (await goodBoxOf(bob)) as OwnBox };
}

/** The newest that others are told of, unless it is this one. */
async function goodBoxOf(client: SimClient, but?: OwnBox): Promise<OwnBox | undefined> {
  const [newest] = (await boxesOf(client))
    .filter(({ era, isLost }) => era !== undefined && !isLost)
    .toSorted((a, b) => (b.until ?? 0) - (a.until ?? 0));
  return newest === undefined || (but !== undefined && equalBytes(newest.secret, but.secret)) ? undefined : newest;
}

async function untilReceived(world: World, client: SimClient, count: number): Promise<void> {
  for (let hour = 0; hour < 24 * 5 && client.received.size < count; hour++) await world.clock.runFor(seconds(3600));
  assert.equal(client.received.size, count);
}

async function restart(world: World, client: SimClient): Promise<void> {
  await stopClient(world, client);
  await startClient(world, client);
}

/** Of all boxes, or of one. */
function giveNothing(store: BoxStore, boxId?: Uint8Array): void {
  const honest = store.take.bind(store);
  store.take = (reader) => {
    const given = honest(reader);
    const isKept = boxId === undefined || equalBytes(boxId, reader?.boxId ?? new Uint8Array(0));
    return isKept && given.what === "entry" ? { what: "nothing", next: given.next } : given;
  };
}

/** As one that drops what asks for anything, and takes what is written. */
function answerNothing(store: BoxStore): void {
  store.asked = () => "DISK_FULL";
}
