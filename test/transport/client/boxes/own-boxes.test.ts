/** Which boxes an account has, tells of and goes on reading. Spec: docs/spec/17-boxes.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boxIdOf } from "#transport/box/box-id.ts";
import { BOX_LIFE_TOLERANCE, BOXES_KEPT_MAX, PLACE_REST_MIN, PROGRESS_WAIT } from "#transport/client/boxes/limits.ts";
import type { OpenBox } from "#transport/client/boxes/own-box.ts";
import { toHex } from "#transport/core/bytes.ts";
import { milliseconds } from "#transport/core/units.ts";
import { type BoxesWorld, boxesWorld, idOf, listOf, parameters, START, suite } from "./boxes-world.ts";

const HOUR = 3_600_000;
const secretOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const untilIn = (hours: number) => milliseconds(START + hours * HOUR);

async function announce(world: BoxesWorld, byte: number, hours: number): Promise<void> {
  await world.boxes.announced({ secret: secretOf(byte), providerId: idOf("other"), until: untilIn(hours) });
}

/** The fates of loops; then the program ends. */
async function judge({ boxes, clock }: BoxesWorld, fates: string): Promise<void> {
  const [box] = boxes.collected(clock.now());
  assert.ok(box !== undefined);
  for (const fate of fates) boxes.judged(box, fate === "+");
  await boxes.stop();
}

const secrets = (boxes: readonly { readonly secret: Uint8Array }[]): number[] =>
  boxes.map(({ secret }) => secret[0] as number);

test("a box is written down before its provider hears of it, and told to nobody before its announcement came", async () => {
  const world = await boxesWorld("written down");
  const { boxes, clock } = world;
  const box = await boxes.want(idOf("other"));
  const kept = (await world.again()).boxes.wanted;
  assert.deepEqual(kept, [box]);
  await boxes.opened(box, untilIn(100));
  assert.deepEqual([boxes.unannounced(clock.now()), boxes.collected(clock.now())], [[box], []]);
  assert.equal(boxes.place(clock.now()), undefined);
  assert.deepEqual((await world.again()).boxes.unannounced(clock.now()), [box]);
  await boxes.announced({ secret: box.secret.slice(), providerId: box.providerId, until: untilIn(100) });
  assert.deepEqual([boxes.unannounced(clock.now()), boxes.collected(clock.now())], [[], [box]]);
  const place = { providerId: idOf("other"), boxId: boxIdOf(suite, box.secret), until: untilIn(100) };
  assert.deepEqual(boxes.place(clock.now()), place);
  assert.deepEqual((await world.again()).boxes.place(clock.now()), place);
});

test("what the disk does not take is no box", async () => {
  const { boxes, store } = await boxesWorld("full");
  store.refusal = new Error("full");
  await assert.rejects(boxes.want(idOf("other")), /full/);
  assert.deepEqual(boxes.wanted, []);
});

test("the box that ends last is told, none in its last hour, and each is read until it is deleted", async () => {
  const world = await boxesWorld("last");
  const { boxes, clock } = world;
  await announce(world, 1, 100);
  await announce(world, 2, 300);
  await announce(world, 3, 200);
  assert.deepEqual(secrets(boxes.collected(clock.now())), [2, 3, 1]);
  assert.deepEqual(boxes.place(clock.now())?.boxId, boxIdOf(suite, secretOf(2)));
  assert.equal(boxes.place(milliseconds(untilIn(300) - PLACE_REST_MIN)), undefined);
  const later = milliseconds(untilIn(150) + parameters.retention);
  assert.deepEqual(secrets(boxes.collected(later)), [2, 3]);
  boxes.listed(later);
  assert.deepEqual(secrets(boxes.collected(START)), [2, 3], "what is deleted is forgotten");
});

test("a provider that says twice in a row that there is no such box has lost it; one answer of another kind between is enough", async () => {
  const world = await boxesWorld("lost");
  const { boxes, clock } = world;
  await announce(world, 1, 100);
  const [box] = boxes.collected(clock.now());
  assert.ok(box !== undefined);
  boxes.answered(box, 0, undefined);
  boxes.answered(box, 0, undefined);
  assert.equal(boxes.good(clock.now()).length, 1, "two answers to one collect");
  boxes.answered(box, 1, { next: 1 });
  boxes.answered(box, 2, undefined);
  assert.equal(boxes.good(clock.now()).length, 1);
  boxes.answered(box, 3, undefined);
  assert.deepEqual([boxes.good(clock.now()), boxes.place(clock.now())], [[], undefined]);
  assert.deepEqual(secrets(boxes.collected(clock.now())), [1], "and is read all the same");
  await clock.runFor(PROGRESS_WAIT);
  assert.deepEqual((await world.again()).boxes.good(clock.now()), []);
});

test("a box of which four loops are lost in a row is lost, also when programs end in between; one that comes back speaks for it", async () => {
  const world = await boxesWorld("silent");
  await announce(world, 1, 100);
  await judge(world, "---++-+");
  const second = await world.again();
  assert.equal(second.boxes.good(second.clock.now()).length, 1);
  await judge(second, "+++++++++++---");
  const third = await world.again();
  assert.deepEqual([third.boxes.good(third.clock.now()).length, third.state.lost], [1, 0]);
  const [box] = third.boxes.collected(third.clock.now());
  third.boxes.judged(box as OpenBox, false);
  const { boxes, clock, state } = third;
  assert.deepEqual([boxes.used(clock.now()), boxes.place(clock.now()), state.lost], [[], undefined, 1]);
  assert.deepEqual(
    [boxes.hasLostAt(idOf("other"), clock.now()), boxes.hasLostAt(idOf("third"), clock.now())],
    [true, false],
  );
  assert.equal(boxes.hasLostAt(idOf("other"), untilIn(100)), false, "it would take nothing any more");
  await boxes.stop();
  const last = await world.again();
  assert.deepEqual(secrets(last.boxes.collected(last.clock.now())), [1], "and is read all the same");
  assert.deepEqual(last.boxes.good(last.clock.now()), []);
});

test("a lost box out of which ten loops come in a row is good again, also when programs end in between, and is lost by the same rule", async () => {
  const world = await boxesWorld("found");
  await announce(world, 1, 100);
  await judge(world, "----+++++++++");
  const second = await world.again();
  assert.deepEqual(second.boxes.good(second.clock.now()), []);
  assert.deepEqual(secrets(second.boxes.tried(second.clock.now())), [1]);
  await judge(second, "---+++++++++");
  const third = await world.again();
  const { boxes, clock, state } = third;
  assert.deepEqual([boxes.good(clock.now()), state.found], [[], 0]);
  const [box] = boxes.collected(clock.now()) as [OpenBox];
  boxes.judged(box, true);
  assert.deepEqual([secrets(boxes.good(clock.now())), state.found, state.lost], [[1], 1, 0]);
  assert.deepEqual(boxes.place(clock.now())?.boxId, boxIdOf(suite, secretOf(1)));
  assert.equal(boxes.hasLostAt(idOf("other"), clock.now()), false);
  for (let n = 0; n < 3; n++) boxes.judged(box, false);
  assert.deepEqual([boxes.good(clock.now()), state.lost], [[], 1]);
});

test("no loop brings back a box that is gone, was told by a device that was put out, or is over; nor goes into it", async () => {
  for (const why of ["gone", "gone after it was lost", "removed", "over"] as const) {
    const world = await boxesWorld(why);
    const { boxes, clock, state } = world;
    await announce(world, 1, 100);
    const [box] = boxes.collected(clock.now()) as [OpenBox];
    for (let n = why === "gone" ? 4 : 0; n < 4; n++) boxes.judged(box, false);
    assert.equal(boxes.tried(clock.now()).length, 1);
    if (why.startsWith("gone")) for (const collect of [0, 1]) boxes.answered(box, collect, undefined);
    if (why === "removed") state.deviceSecret = new Uint8Array(32).fill(8);
    const now = why === "over" ? milliseconds(untilIn(100) - PLACE_REST_MIN) : clock.now();
    for (let n = 0; n < 20; n++) boxes.judged(box, true);
    assert.deepEqual([boxes.used(now), boxes.tried(now)], [[], []], why);
    await clock.runFor(PROGRESS_WAIT);
    assert.deepEqual((await world.again()).boxes.tried(now).length, why === "removed" ? 1 : 0, why);
  }
});

test("a box whose provider is in no list for two epochs is told to nobody until it is in one again", async () => {
  const world = await boxesWorld("absent");
  const { boxes, clock, state } = world;
  await announce(world, 1, 100);
  const list = (epoch: number, names: Parameters<typeof listOf>[0]): number => {
    state.consensus = listOf(names, epoch);
    boxes.listed(clock.now());
    return boxes.good(clock.now()).length;
  };
  assert.equal(list(3, ["own", "third"]), 1);
  assert.equal(list(4, ["own", "third"]), 1);
  assert.equal(list(5, ["own", "third"]), 0);
  assert.equal(list(6, ["own", "other", "third"]), 1);
  assert.equal(list(7, ["own", "third"]), 1);
});

test("whoever was put out knows the boxes of before: they are told to nobody any more, and read until their end", async () => {
  const world = await boxesWorld("removed");
  const { boxes, clock, state } = world;
  await announce(world, 1, 100);
  state.deviceSecret = new Uint8Array(32).fill(8);
  assert.deepEqual([boxes.good(clock.now()), secrets(boxes.collected(clock.now()))], [[], [1]]);
  await announce(world, 2, 90);
  assert.deepEqual(secrets(boxes.good(clock.now())), [2]);
});

test("how far a box was read is written down a while after it moved, and at the end", async () => {
  const world = await boxesWorld("progress");
  const { boxes, clock } = world;
  await announce(world, 1, 100);
  const [box] = boxes.collected(clock.now());
  assert.ok(box !== undefined);
  const kept = async (): Promise<unknown> => {
    const [one] = (await world.again()).boxes.collected(clock.now());
    return [one?.progress.cursor, one?.progress.taken];
  };
  boxes.answered(box, 0, { next: 5 });
  boxes.took(box, 6);
  assert.deepEqual(await kept(), [0, 0n]);
  await clock.runFor(PROGRESS_WAIT);
  assert.deepEqual(await kept(), [4, 2n]);
  boxes.took(box, 5);
  await boxes.stop();
  assert.deepEqual(await kept(), [6, 0n]);
  assert.deepEqual(box.secret, new Uint8Array(32), "and the secrets are wiped");
});

test("that a first box could not be opened, and until when no other is, is on the disk when the program ends", async () => {
  const world = await boxesWorld("failed");
  const { boxes, clock } = world;
  boxes.forget(await boxes.want(idOf("other")));
  const openAt = milliseconds(clock.now() + HOUR);
  boxes.planned(openAt, 1);
  await boxes.stop();
  const after = (await world.again()).boxes;
  assert.deepEqual([after.wanted, after.opening], [[], { openAt, failures: 1 }]);
});

test("boxes that are announced without end put out none that take entries; those of a device that was put out go first", async () => {
  const world = await boxesWorld("many");
  const kept = (): number[] => secrets(world.boxes.collected(world.clock.now())).toSorted((a, b) => a - b);
  for (let byte = 1; byte <= BOXES_KEPT_MAX + 3; byte++) await announce(world, byte, 100 + byte);
  assert.deepEqual(
    kept(),
    Array.from({ length: BOXES_KEPT_MAX }, (_, i) => i + 1),
  );
  world.state.deviceSecret = new Uint8Array(32).fill(8);
  await announce(world, 200, 90);
  assert.deepEqual([kept().at(-1), kept()[0], kept().length], [200, 2, BOXES_KEPT_MAX], "the one that ends first went");
});

test("an announcement of a box that would last longer than any does nothing", async () => {
  const world = await boxesWorld("for ever");
  const { boxes, clock } = world;
  const until = (more: number) => milliseconds(clock.now() + boxes.life + BOX_LIFE_TOLERANCE + more);
  const box = { secret: new Uint8Array(32).fill(1), providerId: idOf("other") };
  await boxes.announced({ ...box, until: until(1) });
  assert.deepEqual(boxes.collected(clock.now()), []);
  await boxes.announced({ ...box, until: until(0) });
  assert.equal(boxes.collected(clock.now()).length, 1);
});

test("a box that is known ends when it did, whatever a second announcement says: no device can end the boxes of others", async () => {
  const world = await boxesWorld("ended");
  await announce(world, 1, 100);
  for (const hours of [-2000, 200]) {
    await announce(world, 1, hours);
    world.boxes.listed(world.clock.now());
    const [box] = world.boxes.collected(world.clock.now());
    assert.deepEqual([box?.secret[0], box?.until], [1, untilIn(100)], `${hours}`);
  }
});

test("two devices of one account are two readers", async () => {
  const [one, other] = [await boxesWorld("one"), await boxesWorld("other")];
  await announce(one, 1, 100);
  assert.notEqual(toHex(one.boxes.readerKey), toHex(other.boxes.readerKey));
  assert.deepEqual((await one.again()).boxes.readerKey, one.boxes.readerKey);
});
