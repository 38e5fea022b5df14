/** Telling the account's devices of a box. Spec: docs/spec/17-boxes.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnouncement } from "#transport/client/boxes/announcement.ts";
import { Announcing } from "#transport/client/boxes/announcing.ts";
import { ANNOUNCEMENT_PATIENCE, TELL_AGAIN_AFTER } from "#transport/client/boxes/limits.ts";
import type { OpenBox } from "#transport/client/boxes/own-box.ts";
import type { Payload } from "#transport/client/payload.ts";
import { mailboxId, milliseconds, seconds } from "#transport/core/units.ts";
import { decodeFragment } from "#transport/fragment/fragment.ts";
import { Reassembly } from "#transport/fragment/reassembly.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { boxesWorld, idOf, parameters, START, suite } from "./boxes-world.ts";

const geometry = geometryOf(parameters);
const JOURNEY = seconds(15);
const own = { providerId: idOf("own"), mailboxId: mailboxId(new Uint8Array(32).fill(3)) };

async function setUp(seed: string) {
  const world = await boxesWorld(seed);
  let orders = 0;
  const announcing = new Announcing({
    clock: world.clock,
    boxes: world.boxes,
    sphinx: new Sphinx({ suite, geometry }),
    parameters,
    padding: new SeededRandom(seed),
    nextOrder: () => orders++,
    journey: JOURNEY,
    own,
    mailboxKey: () => new Uint8Array(1216),
    deviceSecret: () => world.state.deviceSecret,
  });
  const box = await world.boxes.want(idOf("other"));
  await world.boxes.opened(box, milliseconds(START + world.boxes.life));
  const waiting = () => [...announcing.contenders(world.clock.now())];
  return { ...world, announcing, box: box as OpenBox, waiting };
}

const sent = (at: number) => ({ hash: new Uint8Array(16), tags: [], at: milliseconds(at) });

test("an announcement is one fragment to the own mailbox, which only the account's devices can have made", async () => {
  const { waiting, box, state } = await setUp("one");
  const [contender] = waiting();
  assert.ok(contender !== undefined);
  assert.deepEqual([contender.left, contender.provider], [1, own.providerId]);
  const { cargo, content } = contender.take();
  assert.equal(cargo, "box");
  assert.deepEqual(content.destination, { command: "mailbox", recipient: own.mailboxId });
  const fragment = decodeFragment(geometry, content.plaintext);
  assert.equal(fragment.kind, "box");
  const { fragmentStep: step, messageBytesMax } = parameters;
  const whole = new Reassembly({ suite, geometry, step, messageBytesMax });
  assert.equal(whole.add(fragment), "complete");
  const { deviceSecret } = state;
  const key = { deviceSecret, mailboxId: own.mailboxId };
  const { secret, providerId, until } = box;
  assert.deepEqual(readAnnouncement(suite, key, whole.body() as Uint8Array), { secret, providerId, until });
});

test("it is told once more, until that comes back too, when every device that was being let in has joined; also after a start, and by nobody else", async () => {
  const world = await setUp("once more");
  const { waiting, clock, boxes, box } = world;
  const heard = () => boxes.announced({ secret: box.secret.slice(), providerId: box.providerId, until: box.until });
  await heard();
  await clock.runFor(TELL_AGAIN_AFTER);
  await heard();
  assert.deepEqual([waiting(), box.tellings], [[], 1], "a copy of the first is not the second");
  const restarted = (await world.again()).boxes;
  assert.deepEqual(restarted.toTell(clock.now()), []);
  await clock.runFor(milliseconds(1));
  for (const one of waiting()) one.take().settled(sent(clock.now()));
  await clock.runFor(milliseconds(ANNOUNCEMENT_PATIENCE * JOURNEY + 1));
  assert.equal(waiting().length, 1, "it was lost");
  await heard();
  assert.deepEqual([waiting(), box.tellings], [[], 0]);
  await clock.runFor(TELL_AGAIN_AFTER);
  assert.deepEqual(waiting(), []);
  assert.equal(restarted.toTell(clock.now()).length, 1, "a start begins the wait anew");
  const other = await boxesWorld("another device");
  await other.boxes.announced({ secret: box.secret.slice(), providerId: box.providerId, until: box.until });
  other.boxes.toTell(other.clock.now());
  await other.clock.runFor(milliseconds(2 * TELL_AGAIN_AFTER));
  assert.deepEqual(other.boxes.toTell(other.clock.now()), []);
});

test("who was put out meanwhile knows the box: the others are not told of it again", async () => {
  const { waiting, clock, boxes, box, state } = await setUp("put out");
  await boxes.announced({ secret: box.secret.slice(), providerId: box.providerId, until: box.until });
  state.deviceSecret = new Uint8Array(32).fill(8);
  await clock.runFor(milliseconds(2 * TELL_AGAIN_AFTER));
  assert.deepEqual(waiting(), []);
});

test("it goes again when it has not come out of the mailbox for five journeys, and not after it has", async () => {
  const { waiting, clock, boxes, box } = await setUp("again");
  const [first] = waiting();
  const payload = first?.take() as Payload;
  assert.deepEqual(waiting(), [], "it is in a slot");
  payload.settled(sent(clock.now()));
  await clock.runFor(milliseconds(ANNOUNCEMENT_PATIENCE * JOURNEY));
  assert.deepEqual(waiting(), []);
  await clock.runFor(milliseconds(1));
  const [second] = waiting();
  assert.equal(second?.order, first?.order, "it keeps its place");
  second?.take().settled(undefined);
  assert.equal(waiting().length, 1, "what did not leave goes at once");
  await boxes.announced({ secret: box.secret.slice(), providerId: box.providerId, until: box.until });
  assert.deepEqual(waiting(), []);
});

test("while it lies behind a full mailbox it goes again less and less often", async () => {
  const { waiting, clock } = await setUp("behind");
  let times = 0;
  for (let n = 0; n < 24 * 60; n++) {
    for (const one of waiting()) {
      times++;
      one.take().settled(sent(clock.now()));
    }
    await clock.runFor(seconds(60));
  }
  assert.ok(times > 8 && times < 13, `${times} times in a day`);
});

test("a box that has ended is announced no more", async () => {
  const { waiting, clock, boxes } = await setUp("ended");
  await clock.runFor(boxes.life);
  assert.deepEqual(waiting(), []);
});
