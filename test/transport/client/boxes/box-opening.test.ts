/** When a client opens a box, and where. Spec: docs/spec/17-boxes.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBoxRequest, encodeOpened } from "#transport/box/requests.ts";
import { BoxOpening } from "#transport/client/boxes/box-opening.ts";
import { BOXES_KEPT_MAX, BOXES_TAKING_MAX } from "#transport/client/boxes/limits.ts";
import type { Question } from "#transport/client/requests.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { milliseconds } from "#transport/core/units.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { type BoxesWorld, boxesWorld, idOf, listOf, parameters, START } from "./boxes-world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Asked {
  readonly at: number;
  readonly provider: string;
  readonly secret: string;
}

/** A client that opens boxes at providers which do as `answer` says: a life unless given. */
function opener(world: BoxesWorld, o: { announces?: boolean; wrong?: WrongClock } = {}) {
  const { boxes, clock, chance, current } = world;
  const asked: Asked[] = [];
  const behaviour = { answer: (now: number): number | "none" | "full" => now + boxes.life };
  const ask = async ({ provider, service, body }: Question): Promise<Uint8Array> => {
    assert.equal(service, "box");
    const request = decodeBoxRequest(body, { boxReplies: 2, surbBytes: 0, delayMax: milliseconds(0) });
    assert.equal(request.kind, "open");
    assert.ok((await world.again()).boxes.wanted.some(({ secret }) => toHex(secret) === toHex(request.secret)));
    asked.push({ at: clock.now(), provider: toHex(provider), secret: toHex(request.secret) });
    const answer = behaviour.answer(clock.now());
    if (answer === "none") throw new TransportError("SERVICE_TIMEOUT");
    return encodeOpened({ until: answer === "full" ? undefined : milliseconds(answer) });
  };
  const opening = new BoxOpening({
    clock: o.wrong ?? clock,
    parameters: { epoch: { ...parameters.epoch, duration: milliseconds(HOUR) } },
    boxes,
    chance,
    ownProvider: idOf("own"),
    current,
    ask,
  });
  const announceAll = async (): Promise<void> => {
    for (const { secret, providerId, until } of boxes.unannounced(clock.now())) {
      await boxes.announced({ secret: secret.slice(), providerId, until });
    }
    opening.plan();
  };
  /** Time passes; what was opened comes out of the mailbox an hour later at most. */
  const run = async (time: number): Promise<void> => {
    const end = clock.now() + time;
    while (clock.now() < end) {
      await clock.runFor(milliseconds(Math.min(HOUR, end - clock.now())));
      if (o.announces !== false) await announceAll();
    }
  };
  opening.plan();
  return { asked, behaviour, opening, run };
}

test("the first box is opened soon, at a provider that neither the own one nor its operator runs; the next in the second half of its life", async () => {
  const providers = new Set<string>();
  const lags: number[] = [];
  for (let n = 0; n < 30; n++) {
    const world = await boxesWorld(`first ${n}`);
    const { asked, run } = opener(world);
    await run(2 * HOUR);
    assert.equal(asked.length, 1);
    lags.push((asked[0]?.at ?? 0) - START);
    const { life } = world.boxes;
    await run(life / 2 - 2 * HOUR);
    assert.equal(asked.length, 1, "nothing in its first half");
    await run(life / 14 + HOUR);
    assert.equal(asked.length, 2);
    for (const { provider } of asked) providers.add(provider);
  }
  const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
  assert.ok(mean > 30_000 && mean < 120_000, `${mean} ms`);
  assert.deepEqual([...providers].toSorted(), [idOf("other"), idOf("third")].map(toHex).toSorted());
});

test("when a box is opened in place of a lost one its provider cannot choose: an hour later on average, also after a start, or when all are over", async () => {
  for (const kind of ["lost", "found lost at a start", "over"] as const) {
    const lags: number[] = [];
    for (let n = 0; n < 40; n++) {
      const world = await boxesWorld(`unchosen ${kind} ${n}`);
      const { boxes, clock } = world;
      const until = milliseconds(START + 2 * HOUR);
      await boxes.announced({ secret: new Uint8Array(32).fill(1), providerId: idOf("other"), until });
      const lose = (): void => {
        for (const box of boxes.good(clock.now())) for (const one of [1, 2]) boxes.answered(box, one, undefined);
      };
      if (kind === "found lost at a start") lose();
      await clock.runFor(milliseconds(kind === "over" ? 2 * HOUR : 0));
      const { asked, run, opening } = opener(world);
      if (kind === "lost") lose();
      opening.plan();
      const began = clock.now();
      await run(14 * HOUR);
      assert.equal(asked.length, 1);
      lags.push((asked[0]?.at ?? 0) - began);
    }
    const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
    assert.ok(mean > 0.5 * HOUR && mean < 1.7 * HOUR, `${kind}: ${mean / HOUR} hours`);
  }
});

test("a time that was drawn for a lost box's successor, and passed while the program was off, is made up for within minutes", async () => {
  const world = await boxesWorld("passed");
  const { boxes, clock } = world;
  const until = milliseconds(START + boxes.life);
  await boxes.announced({ secret: new Uint8Array(32).fill(1), providerId: idOf("other"), until });
  for (const box of boxes.good(START)) for (const one of [1, 2]) boxes.answered(box, one, undefined);
  boxes.planned(milliseconds(START + HOUR), 0);
  await boxes.stop();
  await clock.runFor(milliseconds(DAY));
  const lags: number[] = [];
  for (let n = 0; n < 20; n++) {
    const store = new MemoryClientStore();
    await store.saveBoxes((await world.store.boxes()) as Uint8Array);
    const started = await boxesWorld(`passed ${n}`, { store, clock: new VirtualClock({ start: clock.now() }) });
    const { asked, run } = opener(started);
    await run(HOUR);
    assert.equal(asked.length, 1);
    lags.push((asked[0]?.at ?? 0) - clock.now());
  }
  const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
  assert.ok(mean > 20_000 && mean < 180_000, `${mean} ms`);
});

test("a box that is lost is replaced within hours, at a provider that has lost none, where there is one", async () => {
  const [other, third] = [idOf("other"), idOf("third")].map(toHex);
  for (let n = 0; n < 8; n++) {
    const world = await boxesWorld(`replaced ${n}`);
    const { asked, run, opening } = opener(world);
    const { boxes, clock } = world;
    await run(2 * HOUR);
    for (const expected of [2, 3]) {
      const [box] = boxes.good(clock.now());
      assert.ok(box !== undefined);
      for (let loop = 0; loop < 4; loop++) boxes.judged(box, false);
      opening.plan();
      await run(12 * HOUR);
      assert.equal(asked.length, expected);
    }
    const [first, second] = asked.map(({ provider }) => provider);
    assert.deepEqual(new Set([first, second]), new Set([other, third]));
  }
});

test("the times of opening are uniform in their part", async () => {
  const shares: number[] = [];
  for (let n = 0; n < 60; n++) {
    const world = await boxesWorld(`uniform ${n}`);
    const { boxes } = world;
    const until = milliseconds(START + boxes.life / 2);
    await boxes.announced({ secret: new Uint8Array(32).fill(1), providerId: idOf("other"), until });
    const { asked, run } = opener(world);
    await run(boxes.life / 14 + HOUR);
    assert.equal(asked.length, 1);
    shares.push(((asked[0]?.at ?? 0) - START) / (boxes.life / 14));
  }
  assert.ok(shares.every((share) => share >= 0 && share <= 1));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  assert.ok(mean > 0.38 && mean < 0.62, `${mean}`);
});

test("a request that fails is repeated after an hour, then after twice as long, up to a day, with another secret each time", async () => {
  for (const failure of ["none", "full"] as const) {
    const world = await boxesWorld(`fails ${failure}`);
    const { asked, behaviour, run } = opener(world);
    behaviour.answer = () => failure;
    await run(5 * DAY);
    const waits = asked.slice(1).map(({ at }, i) => Math.round((at - (asked[i]?.at ?? 0)) / HOUR));
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 24, 24, 24]);
    assert.equal(new Set(asked.map(({ secret }) => secret)).size, asked.length);
    assert.equal(world.boxes.wanted.length, 0);
    behaviour.answer = (now) => now + world.boxes.life;
    await run(DAY + HOUR);
    assert.equal(world.boxes.good(world.clock.now()).length, 1);
    assert.equal(world.boxes.opening.failures, 0);
  }
});

test("an end that no box has is no answer: neither one that is over nor one that never comes", async () => {
  for (const until of [(now: number) => now - 1, (now: number, life: number) => now + 2 * life]) {
    const world = await boxesWorld("ends");
    const { behaviour, run, asked } = opener(world);
    behaviour.answer = (now) => until(now, world.boxes.life);
    await run(30 * 60_000);
    assert.equal(asked.length, 1);
    assert.deepEqual(world.boxes.taking(world.clock.now()), []);
  }
});

test("what was asked for before the program ended is asked for again by the same secret, and not at once", async () => {
  const world = await boxesWorld("again");
  const box = await world.boxes.want(idOf("third"));
  world.boxes.planned(milliseconds(START - 1), 0);
  const second = await world.again();
  const { asked, run } = opener(second);
  await run(1);
  assert.equal(asked.length, 0);
  await run(HOUR);
  assert.deepEqual(
    asked.map(({ secret }) => secret),
    [toHex(box.secret)],
  );
  assert.equal(second.boxes.good(second.clock.now()).length, 1);
});

test("while its announcement is on its way a box counts, and no other is opened", async () => {
  const world = await boxesWorld("on its way");
  const { asked, run } = opener(world, { announces: false });
  await run(DAY);
  assert.equal(asked.length, 1);
});

test("a box that is lost is replaced within hours; not more than four take entries", async () => {
  const world = await boxesWorld("replaced");
  const { asked, run, opening, clock } = { ...opener(world), clock: world.clock };
  await run(HOUR);
  for (let n = 1; n <= BOXES_TAKING_MAX; n++) {
    assert.equal(asked.length, n);
    for (const box of world.boxes.good(clock.now())) {
      for (const collect of [2 * n, 2 * n + 1]) world.boxes.answered(box, collect, undefined);
    }
    opening.plan();
    await run(12 * HOUR);
  }
  await run(DAY);
  assert.equal(asked.length, BOXES_TAKING_MAX);
  await run(world.boxes.life);
  assert.ok(asked.length > BOXES_TAKING_MAX, "when the first has ended");
});

test("boxes that a device told of that was put out keep the account from no new one, however many and however long", async () => {
  const world = await boxesWorld("put out");
  const { asked, run, opening } = opener(world);
  await run(HOUR);
  const { boxes, clock } = world;
  for (let byte = 1; byte <= BOXES_KEPT_MAX; byte++) {
    const secret = new Uint8Array(32).fill(byte);
    await boxes.announced({ secret, providerId: idOf("third"), until: milliseconds(clock.now() + boxes.life) });
    await boxes.announced({
      secret: secret.fill(byte, 1).fill(99, 0, 1),
      providerId: idOf("third"),
      until: milliseconds(2 ** 50),
    });
  }
  assert.ok(boxes.collected(clock.now()).every(({ until }) => until <= clock.now() + boxes.life + HOUR));
  assert.ok(
    boxes.collected(clock.now()).some(({ secret }) => secret.some((byte) => byte !== secret[1])),
    "the account's own stays",
  );
  world.state.deviceSecret = new Uint8Array(32).fill(99);
  opening.plan();
  await run(12 * HOUR);
  assert.equal(asked.length, 2);
  assert.equal(boxes.good(clock.now()).length, 1, "and it is told of");
});

test("where all other providers are run by the own one's operator there is no box; the next list begins anew", async () => {
  const world = await boxesWorld("alone");
  world.state.consensus = listOf(["own", "sister"]);
  const { asked, run, opening } = opener(world);
  await run(DAY);
  assert.equal(asked.length, 0);
  world.state.consensus = listOf(["own", "sister", "third"]);
  opening.plan();
  await run(HOUR);
  assert.deepEqual(
    asked.map(({ provider }) => provider),
    [toHex(idOf("third"))],
  );
});

test("without a list in force, which is by a wrong clock, nothing is opened", async () => {
  const world = await boxesWorld("no list");
  world.state.consensus = undefined;
  const { asked, run } = opener(world);
  await run(DAY);
  assert.equal(asked.length, 0);
});

test("a time that was drawn by a clock an hour ahead does not lie an hour away", async () => {
  const world = await boxesWorld("put back");
  const wrong = new WrongClock(world.clock);
  wrong.error = HOUR;
  const { asked, run, opening } = opener(world, { wrong });
  await run(1);
  wrong.error = 0;
  opening.plan();
  await run(20 * 60_000);
  assert.equal(asked.length, 1);
});

test("nothing is begun after the end", async () => {
  const world = await boxesWorld("end");
  const { asked, run, opening } = opener(world);
  opening.stop();
  await run(DAY);
  assert.equal(asked.length, 0);
});
