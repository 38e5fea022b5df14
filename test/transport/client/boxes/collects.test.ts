/** What drop slots ask of boxes, and what becomes of the answers. Spec: docs/spec/17-boxes.md §6 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readerIdOf } from "#transport/box/box-id.ts";
import type { Collected } from "#transport/box/requests.ts";
import type { CollectsDeps } from "#transport/client/boxes/collects.ts";
import { REPLY_BLOCK_LIFE } from "#transport/client/boxes/limits.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { messageId, milliseconds, type SurbId } from "#transport/core/units.ts";
import { chooseReplyPath } from "#transport/directory/path.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { boxesWorld, idOf, newBoxes, parameters, START, suite } from "./boxes-world.ts";
import { current, entry, geometry, REPLY_ID, settle, setUp, withBoxes } from "./collects-world.ts";

test("a collect asks for the account's box, as this device, and is answered into the mailbox of its reply id", async () => {
  const world = await withBoxes("asks", ["other"]);
  const { make, sphinx } = await setUp("asks", {}, world);
  const [box] = world.boxes.collected(START);
  box?.progress.took(2);
  const { request, provider } = make();
  assert.deepEqual(provider, idOf("other"));
  assert.deepEqual(request.secret, box?.secret);
  assert.deepEqual(request.readerId, readerIdOf(suite, request.secret, world.boxes.readerKey));
  assert.deepEqual([request.cursor, request.taken], [0, 2n]);
  assert.equal(sphinx.blocks.length, 2);
  for (const { mailbox, path } of sphinx.blocks) {
    assert.deepEqual(mailbox, REPLY_ID);
    assert.deepEqual(path.hops.at(-1)?.nodeId, idOf("own"));
  }
});

test("a box's health hears of collects that left, of every answer, and of the loops that lay in it", async () => {
  const world = await withBoxes("health", ["other"]);
  const [box] = world.boxes.collected(START);
  const heard: unknown[] = [];
  const health: CollectsDeps["health"] = {
    asked: (of, at) => void heard.push([of === box, at]),
    answered: (of, { what, asked }) => void heard.push([of === box, what, asked]),
    returned: (of, id) => void heard.push([of === box, id]),
  };
  const loop = messageId(new Uint8Array(16).fill(4));
  const take: CollectsDeps["take"] = (_, onLoop) => {
    onLoop(loop);
    return Promise.resolve(true);
  };
  const { make, answer, collects, clock } = await setUp("health", { health, take }, world);
  collects.make(current).settled(undefined);
  const { ids } = make();
  await clock.runFor(milliseconds(5000));
  answer(ids[0], { what: "nothing", next: 1 });
  answer(ids[1], entry(1));
  assert.deepEqual(heard, [
    [true, START],
    [true, "nothing", START],
    [true, "entry", START],
    [true, loop],
  ]);
});

test("slots come before the store is read, and a last one after the end: they collect like any other", async () => {
  const unread = { ...(await boxesWorld("unread")), boxes: newBoxes("unread") };
  assert.equal((await setUp("unread", {}, unread)).make().request.cursor, 0);
  const ended = await withBoxes("ended", ["other"]);
  await ended.boxes.stop();
  assert.equal((await setUp("ended", {}, ended)).make().request.cursor, 0);
});

test("without a box it asks any provider for one that nobody has, with the same work and of the same size", async () => {
  const count = { hops: 0, hashes: 0, draws: 0 };
  const counted: typeof suite = {
    ...suite,
    kem: { ...suite.kem, encapsulate: (...all) => (count.hops++, suite.kem.encapsulate(...all)) },
    blake2b: (...all) => (count.hashes++, suite.blake2b(...all)),
  };
  const work: unknown[] = [];
  for (const names of [[], ["other"], ["other", "third", "third"]] as const) {
    const world = await withBoxes("work", names);
    const chance = { bytes: (length: number) => (count.draws++, new SeededRandom("chance").bytes(length)) };
    const { collects } = await setUp("work", { sphinx: new Sphinx({ suite: counted, geometry }), chance }, world);
    collects.make(current);
    Object.assign(count, { hops: 0, hashes: 0, draws: 0 });
    const { content } = collects.make(current);
    work.push({ ...count, bytes: content.request?.length });
  }
  assert.deepEqual(work[1], work[0]);
  assert.deepEqual(work[2], work[0]);

  const { make } = await setUp("nobody's");
  const made = Array.from({ length: 200 }, make);
  const providers = new Map<string, number>();
  for (const { provider } of made) providers.set(toHex(provider), (providers.get(toHex(provider)) ?? 0) + 1);
  assert.equal(providers.size, 4);
  for (const times of providers.values()) assert.ok(times > 30 && times < 70, `${times}`);
  assert.equal(new Set(made.map(({ request }) => toHex(request.secret))).size, 200);
});

test("the box that ends last is asked three times of four, of the rest the one before it three times of four, and so on", async () => {
  const { make } = await setUp("quarters", {}, await withBoxes("quarters", ["other", "third", "other"]));
  const times = [0, 0, 0, 0];
  for (let n = 0; n < 640; n++) {
    const index = make().request.secret[0] as number;
    times[index] = (times[index] as number) + 1;
  }
  const [, last = 0, second = 0, first = 0] = times;
  assert.ok(Math.abs(first - 480) < 40 && Math.abs(second - 120) < 35 && Math.abs(last - 40) < 20, times.join());
});

test("a box whose provider cannot be reached is not asked for: what the own provider sees must not tell of it", async () => {
  const world = await withBoxes("reached", ["other", "third"]);
  const gone = toHex(idOf("third"));
  const { make } = await setUp("reached", { reaches: (provider) => toHex(provider) !== gone }, world);
  for (let n = 0; n < 20; n++) assert.equal(make().request.secret[0], 1);
  const none = await setUp("none reached", { reaches: () => false }, world);
  for (let n = 0; n < 20; n++) assert.ok(none.make().ids.length === 2);
});

test("delays lie each in its part of the time between two drop slots, and are drawn from nothing but their own stream", async () => {
  const { sendRate, dropShare } = parameters.profiles.mail;
  const part = 1000 / (sendRate * dropShare) / 2;
  const { make } = await setUp("delays");
  const sums = [0, 0];
  const rounds = 300;
  for (let n = 0; n < rounds; n++) {
    for (const [i, delay] of make().request.delays.entries()) {
      assert.ok(delay >= Math.floor(i * part) && delay <= (i + 1) * part);
      sums[i] = (sums[i] as number) + delay;
    }
  }
  for (const [i, sum] of sums.entries()) assert.ok(Math.abs(sum / rounds - (i + 0.5) * part) < part / 10);
});

/** What is asked when each collect is answered so. */
async function askedWhen(answers: readonly Collected[]): Promise<unknown> {
  const made: unknown[] = [];
  const world = await withBoxes("independent", ["other", "third"]);
  const { make, answer } = await setUp("independent", {}, world);
  for (let n = 0; n < 12; n++) {
    const { request, provider, ids } = make();
    made.push([toHex(provider), request.delays]);
    for (const [i, collected] of answers.entries()) answer(ids[i], collected);
    await settle();
  }
  return made;
}

test("what is drawn for one collect does not move what is drawn for the next, whatever came of the first", async () => {
  const nothing: Collected = { what: "nothing", next: 1 };
  assert.deepEqual(await askedWhen([entry(1), entry(2, 1)]), await askedWhen([nothing, nothing]));
  assert.deepEqual(await askedWhen([{ what: "unknown" }]), await askedWhen([]));
});

/** Where collects go and when they are answered, drawn from one stream while all others are named so. */
async function drawn(others: string): Promise<unknown[]> {
  const { make } = await setUp(others, {}, await withBoxes("one stream", ["other", "third"]));
  return Array.from({ length: 12 }, () => {
    const { request, provider } = make();
    return [toHex(provider), request.delays];
  });
}

test("which box is asked and when it answers is drawn from a stream that nothing else draws from", async () => {
  assert.deepEqual(await drawn("some keys, paths and padding"), await drawn("others"));
});

test("an entry counts as taken when what it means is durable, and not before", async () => {
  const world = await withBoxes("durable", ["other"]);
  const { make, answer, taken, boxes } = await setUp("durable", {}, world);
  const [box] = boxes.collected(START);
  const [one, two] = make().ids;
  assert.ok(answer(one, entry(1)));
  await settle();
  assert.equal(box?.progress.cursor, 0);
  taken[0]?.done(true);
  await settle();
  assert.equal(box?.progress.cursor, 1);
  assert.ok(answer(two, entry(3, 2)));
  taken[1]?.done(false);
  await settle();
  assert.deepEqual([box?.progress.cursor, box?.progress.taken], [1, 0n], "it has to come again");
});

test("numbers that are gone are passed; a provider that knows no such box loses it after two collects", async () => {
  const world = await withBoxes("numbers", ["other"]);
  const { make, answer, boxes } = await setUp("numbers", {}, world);
  const [box] = boxes.collected(START);
  answer(make().ids[0], { what: "nothing", next: 6 });
  assert.equal(box?.progress.cursor, 5);
  for (const id of make().ids) answer(id, { what: "unknown" });
  assert.equal(boxes.good(START).length, 1);
  answer(make().ids[1], { what: "unknown" });
  assert.equal(boxes.good(START).length, 0);
});

test("each reply block has one answer; what is no answer, or comes for another, is dropped and changes nothing", async () => {
  const world = await withBoxes("one answer", ["other"]);
  const { make, answer, collects, taken, events, boxes } = await setUp("one answer", {}, world);
  const [one, two] = make().ids;
  assert.equal(answer(one, entry(1)), true);
  assert.equal(answer(one, entry(2)), false, "a second answer by one block");
  assert.equal(collects.replied(two as SurbId, new Uint8Array(5)), true);
  assert.equal(collects.replied(new Uint8Array(16) as SurbId, new Uint8Array(5)), false);
  assert.equal(taken.length, 1);
  assert.equal(boxes.collected(START)[0]?.progress.cursor, 0);
  const told = events.map(({ what }) => what);
  assert.deepEqual(told, ["made", "made", "sent", "sent", "came", "closed", "came", "closed"]);
});

test("an answer that comes out of the own mailbox most of a day later is still awaited, and what it gives is dealt with", async () => {
  const world = await withBoxes("behind mail", ["other"]);
  const { make, answer, taken, boxes, clock } = await setUp("behind mail", {}, world);
  const { ids } = make();
  for (let hour = 0; hour < 20; hour++) {
    await clock.runFor(milliseconds(3_600_000));
    make();
  }
  assert.equal(answer(ids[0], entry(1)), true);
  assert.equal(taken.length, 1);
  taken[0]?.done(true);
  await settle();
  assert.equal(boxes.collected(START)[0]?.progress.cursor, 1);
});

test("keys of reply blocks go when their packet did not leave, when they are too old, and at the end", async () => {
  const { make, collects, sphinx, clock, answer } = await setUp("keys");
  collects.make(current).settled(undefined);
  assert.ok(sphinx.blocks.every(({ replyKey }) => replyKey.every((byte) => byte === 0)));
  const { ids } = make();
  await clock.runFor(milliseconds(REPLY_BLOCK_LIFE + 1));
  make();
  assert.equal(answer(ids[0], { what: "unknown" }), false);
  collects.stop();
  assert.ok(sphinx.blocks.every(({ replyKey }) => replyKey.every((byte) => byte === 0)));
});

test("what cannot be made leaves no reply block behind", async () => {
  let paths = 0;
  const problem = new TransportError("NO_PATH");
  const world = await boxesWorld("no path");
  const { collects, events, sphinx } = await setUp(
    "no path",
    {
      replyPath: (from) => {
        if (paths++ % 2 === 1) throw problem;
        const [random, meanDelay] = [new SeededRandom("way"), milliseconds(1)];
        const path = chooseReplyPath({ ...current, meanDelay, paths: random, delays: random, from, to: idOf("own") });
        return { path, until: START };
      },
    },
    world,
  );
  assert.throws(() => collects.make(current), { code: "NO_PATH" });
  assert.deepEqual(
    events.map(({ what }) => what),
    ["made", "closed"],
  );
  assert.ok(sphinx.blocks[0]?.replyKey.every((byte) => byte === 0));
});
