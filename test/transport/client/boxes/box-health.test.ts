/**
 * What a client makes of the loops that it sends through its boxes: how soon it says that one gives nothing, and how rarely it is wrong.
 * Chances are drawn (test/support/drawn-box.ts); `test/attacks/silent-box.test.ts` does it with packets. Spec: docs/spec/17-boxes.md §6.1
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Behaviour, DrawnBox } from "#test/support/drawn-box.ts";
import { ENTRIES_PER_BOX_MAX } from "#provider-server/boxes/limits.ts";
import {
  ANSWERS_BEFORE_LOOP_MAX,
  ENTRIES_BEFORE_LOOP_MAX,
  SUSPICION_FOUND,
  SUSPICION_MAX,
} from "#transport/client/boxes/limits.ts";
import { BoxHealth } from "#transport/client/boxes/box-health.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { judge } from "#transport/client/boxes/suspicion.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { messageId, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The sum after one more loop, and what is thought of the box then. */
const after = (sum: number, isLost: boolean, isReturned: boolean) =>
  judge({ isLost, isGone: false, suspicion: sum }, isReturned);

/**
 * Loops, `lossShare` of which are lost, until a good box is thought lost, or a lost one good, on average: the first passage of the sum, from its
 * linear equations.
 */
function loopsToChange(lossShare: number, { isLost, from }: { isLost: boolean; from: number }): number {
  const sums = SUSPICION_MAX + 1;
  const rows = Array.from({ length: sums }, (_, sum) => {
    const row = Array.from({ length: sums + 1 }, (__, column): number => (column === sum || column === sums ? 1 : 0));
    for (const isReturned of [false, true]) {
      const [next, made] = after(sum, isLost, isReturned);
      if (made === "as before") row[next] = (row[next] as number) - (isReturned ? 1 - lossShare : lossShare);
    }
    return row;
  });
  for (const [i, pivot] of rows.entries()) {
    const by = pivot[i] as number;
    for (let j = i; j < pivot.length; j++) pivot[j] = (pivot[j] as number) / by;
    for (const row of rows) {
      const factor = row[i] as number;
      if (row === pivot || factor === 0) continue;
      for (let j = i; j < row.length; j++) row[j] = (row[j] as number) - factor * (pivot[j] as number);
    }
  }
  return rows[from]?.[sums] as number;
}

const loopsToAlarm = (lossShare: number, from = 0): number => loopsToChange(lossShare, { isLost: false, from });
const loopsToFound = (lossShare: number): number => loopsToChange(lossShare, { isLost: true, from: SUSPICION_MAX });

/** The sum over these fates, and after how many it was at its bar. */
function alarmAfter(fates: readonly boolean[]): number | undefined {
  let sum = 0;
  const at = fates.findIndex((isReturned) => {
    const [next, made] = after(sum, false, isReturned);
    sum = next;
    return made === "lost";
  });
  return at < 0 ? undefined : at + 1;
}

/** The same for a box that is lost, and when it is good again. */
function foundAfter(fates: readonly boolean[]): number | undefined {
  let sum = SUSPICION_MAX;
  const at = fates.findIndex((isReturned) => {
    const [next, made] = after(sum, true, isReturned);
    sum = next;
    return made === "found";
  });
  return at < 0 ? undefined : at + 1;
}

test("at 1 % of loss on each link a good box is taken for a bad one once in 170,000 loops, at 3 % once in 1,100", () => {
  assert.ok(loopsToAlarm(0.04) > 170_000 && loopsToAlarm(0.04) < 180_000, `${loopsToAlarm(0.04)}`);
  assert.ok(loopsToAlarm(0.115) > 1_000, `${loopsToAlarm(0.115)}`);
  assert.equal(Math.round(loopsToAlarm(1)), 4);
  assert.ok(loopsToAlarm(0.52) < 12);
});

test("a lost box that gives is good again after 12 loops; one that drops half once in 2,500, and is lost again after nine", () => {
  assert.equal(Math.round(loopsToFound(0)), 10);
  assert.equal(Math.round(loopsToFound(0.04)), 12);
  assert.equal(Math.round(loopsToFound(0.115)), 17);
  assert.ok(loopsToFound(0.52) > 2_500 && loopsToFound(0.52) < 2_600, `${loopsToFound(0.52)}`);
  assert.equal(Math.round(loopsToAlarm(0.52, SUSPICION_FOUND)), 9);
  assert.ok(loopsToAlarm(0.04, SUSPICION_FOUND) > 170_000, "nor is a good one lost sooner for it");
});

test("a box that lost all is good again, without an alarm, two days online after its provider gives again", async () => {
  const hours = [];
  for (let n = 0; n < 20; n++) {
    const box = new DrawnBox(`found/${n}`);
    box.behaviour = "gives nothing";
    await box.clock.runFor(milliseconds(DAY));
    box.behaviour = "honest";
    box.fates.length = 0;
    let hour = 0;
    while (foundAfter(box.fates) === undefined && hour++ < 30 * 24) await box.clock.runFor(milliseconds(HOUR));
    hours.push(hour);
  }
  hours.sort((a, b) => a - b);
  const said = `${hours[10]} in the middle case, ${hours.at(-1)} at most`;
  assert.ok((hours[10] as number) <= 56 && (hours.at(-1) as number) <= 140, said);
});

test("in 150 days with 1 % of loss on each link no more loops are lost than packets are, and there is no alarm", async () => {
  const box = new DrawnBox("honest");
  await box.clock.runFor(milliseconds(150 * DAY));
  const lost = box.fates.filter((isReturned) => !isReturned).length;
  assert.ok(box.sent > 800 && box.fates.length > box.sent - 5, `${box.sent} sent, of ${box.fates.length} known`);
  assert.ok(lost / box.sent > 0.02 && lost / box.sent < 0.06, `${lost} of ${box.sent}`);
  assert.equal(alarmAfter(box.fates), undefined);
});

test("nor is a box blamed for what waits behind mail, and behind all that came in two weeks while the device was off", async () => {
  const box = new DrawnBox("mail");
  for (let week = 0; week < 20; week++) {
    box.put(ENTRIES_PER_BOX_MAX - 50);
    await box.clock.runFor(milliseconds(4 * DAY));
    box.isOn = false;
    await box.clock.runFor(milliseconds(3 * DAY));
    box.isOn = true;
  }
  const lost = box.fates.filter((isReturned) => !isReturned).length;
  assert.ok(lost / box.fates.length < 0.06, `${lost} of ${box.fates.length}`);
  assert.equal(alarmAfter(box.fates), undefined);
});

test("a provider that is away for an hour now and then is not blamed", async () => {
  const box = new DrawnBox("outages");
  for (let outage = 0; outage < 40; outage++) {
    await box.clock.runFor(milliseconds(2 * DAY));
    box.behaviour = "answers nothing";
    box.loss = 1;
    await box.clock.runFor(milliseconds(HOUR));
    box.behaviour = "honest";
    box.loss = 0.01;
  }
  assert.equal(alarmAfter(box.fates), undefined);
});

/** In order, the hours of online time that it took, of twenty boxes. */
async function hoursUntil(behaviour: Behaviour, days: number): Promise<number[]> {
  const hours = [];
  for (let n = 0; n < 20; n++) {
    const box = new DrawnBox(`${behaviour}/${n}`);
    await box.clock.runFor(milliseconds(DAY));
    box.fates.length = 0;
    box.behaviour = behaviour;
    let hour = 0;
    while (alarmAfter(box.fates) === undefined && hour++ < 24 * days) await box.clock.runFor(milliseconds(HOUR));
    hours.push(hour);
  }
  return hours.toSorted((a, b) => a - b);
}

const NOTICED: readonly [Behaviour, { median: number; longest: number }][] = [
  ["answers nothing", { median: 6, longest: 8 }],
  ["gives nothing", { median: 20, longest: 36 }],
  ["invents entries", { median: 60, longest: 72 }],
  ["invents entries now and then", { median: 72, longest: 104 }],
  ["drops half", { median: 42, longest: 140 }],
  ["keeps what is asked about", { median: 42, longest: 192 }],
  ["keeps what comes again", { median: 48, longest: 120 }],
  ["keeps what nobody asks about", { median: 48, longest: 140 }],
];

for (const [behaviour, { median, longest }] of NOTICED) {
  test(`a provider that ${behaviour} is found: in ${median} hours online in the middle case, in ${longest} surely`, async () => {
    const hours = await hoursUntil(behaviour, longest / 24 + 1);
    const said = `${hours[10]} in the middle case, ${hours.at(-1)} at most`;
    assert.ok((hours[10] as number) <= median && (hours.at(-1) as number) <= longest, said);
  });
}

test("a loop that left again is judged by what comes after that, and once", async () => {
  const { clock, fates, box, health } = setUp();
  const id = messageId(new Uint8Array(16));
  const givesNothing = (at: number): void => health.answered(box, { what: "nothing", asked: milliseconds(at) });
  const first = clock.now();
  health.sent(box, id, first);
  const second = milliseconds(first + HOUR / 3);
  health.sentAgain(id, second);
  for (const minutes of [31, 36, 41]) {
    await clock.runUntil(milliseconds(first + minutes * 60_000));
    givesNothing(clock.now());
  }
  assert.deepEqual(fates, [], "a loop that left at first only would be lost after these");
  for (let n = 0; n < 3; n++) {
    await clock.runUntil(milliseconds(second + (n + 1) * HOUR));
    givesNothing(clock.now());
  }
  assert.deepEqual(fates, [false]);
  health.sentAgain(id, clock.now());
  health.returned(box, id);
  assert.deepEqual(fates, [false]);
});

for (const [what, blamed] of [
  ["answers that lie behind what the own disk refuses blame no box", []],
  ["as many answers, had the disk taken all, would blame it", [false]],
] as const) {
  test(what, async () => {
    const { clock, fates, box, health } = setUp();
    health.sent(box, messageId(new Uint8Array(16)), clock.now());
    const collects = ANSWERS_BEFORE_LOOP_MAX / LIVE_PARAMETERS.boxReplies + 1;
    for (let n = 0; n < collects; n++) {
      await clock.runFor(milliseconds(60_000));
      health.asked(box, clock.now());
    }
    if (blamed.length === 0) health.refused();
    await clock.runFor(milliseconds(DAY));
    // The disk has room again: of all answers the own provider has kept a few.
    health.mailboxIsEmpty(clock.now());
    health.sent(box, messageId(new Uint8Array(16).fill(1)), clock.now());
    health.answered(box, { what: "entry", asked: clock.now() });
    assert.deepEqual(fates, blamed);
    for (let n = 0; n < collects; n++) health.asked(box, clock.now());
    health.answered(box, { what: "entry", asked: clock.now() });
    assert.deepEqual(fates, [...blamed, false], "what comes after that counts");
  });
}

test("so many entries may lie before a loop as a box holds, and a quarter of them be given twice; of answers, half may be lost", () => {
  assert.equal(ENTRIES_BEFORE_LOOP_MAX, 1.25 * ENTRIES_PER_BOX_MAX);
  assert.equal(ANSWERS_BEFORE_LOOP_MAX, 2 * ENTRIES_PER_BOX_MAX);
});

function setUp() {
  const clock = new VirtualClock({ start: milliseconds(1e12) });
  const fates: boolean[] = [];
  const box = { secret: new Uint8Array(32), until: milliseconds(2e12) } as OwnBox & { until: Milliseconds };
  const health = new BoxHealth({
    clock,
    boxes: { collected: () => [box], judged: (_, isReturned) => void fates.push(isReturned) },
    parameters: LIVE_PARAMETERS,
    profile: () => LIVE_PARAMETERS.profiles.mail,
    journey: milliseconds(HOUR / 10),
    isOwnProviderGood: () => true,
  });
  return { clock, fates, box, health };
}
