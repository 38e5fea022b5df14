/** Who asks for a list waits for nobody who says nothing, and has one list at a time on its line. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { type Ask, oneAtATime } from "#transport/directory/one-at-a-time.ts";

/** A byte a second. */
const PATIENCE = { first: seconds(4), with: (bytes: number) => seconds(4 + bytes), rest: seconds(100) };
const PIECE_SECONDS = 2;

interface Plan {
  /** Seconds after the question; never unless given. */
  readonly begins?: number;
  /** A piece of so many bytes comes every two seconds, two unless given; and from `stalls` on none. */
  readonly pieces?: number;
  readonly stalls?: number;
  readonly answers?: number;
  readonly fails?: number;
}

function scene(plans: readonly Plan[], enough: number, last?: Milliseconds) {
  const clock = new VirtualClock();
  const events: string[] = [];
  const say = (what: string): void => void events.push(`${clock.now() / 1000} ${what}`);
  const after = (time: number | undefined, act: () => void): void => {
    if (time !== undefined) clock.at(milliseconds(clock.now() + time * 1000), act);
  };
  const questions = plans.map(
    (plan, name): Ask<number> =>
      ({ signal, came }) => {
        say(`ask ${name}`);
        signal.addEventListener("abort", () => say(`end ${name}`));
        return new Promise((resolve, reject) => {
          const { begins = Infinity, pieces = PIECE_SECONDS, stalls = Math.min(plan.answers ?? Infinity, 200) } = plan;
          for (let n = 0; begins + n * PIECE_SECONDS < stalls; n++)
            after(begins + n * PIECE_SECONDS, () => came(1 + n * pieces));
          after(plan.answers, () => resolve(name));
          after(plan.fails, () => reject(new Error(`${name} failed`)));
        });
      },
  );
  const patience = { ...PATIENCE, ...(last !== undefined && { last }) };
  const outcome = oneAtATime({ questions, enough: (answers) => answers.length >= enough, patience, clock });
  outcome.catch(() => undefined);
  return { clock, events, outcome };
}

async function answers(s: ReturnType<typeof scene>): Promise<[readonly number[], number]> {
  const found = await s.clock.runUntilSettled(s.outcome, seconds(1000));
  return [found, s.clock.now() / 1000];
}

test("one that says nothing costs a few seconds, and the next one's list comes alone", async () => {
  const s = scene([{}, { begins: 1, answers: 90 }, { begins: 1, answers: 90 }], 1);
  assert.deepEqual(await answers(s), [[1], 94]);
  assert.deepEqual(s.events, ["0 ask 0", "4 ask 1", "5 end 0"]);
});

test("one that is slow to begin may still be the first, and then the others end", async () => {
  const s = scene(
    [
      { begins: 5, answers: 95 },
      { begins: 3, answers: 93 },
    ],
    1,
  );
  assert.deepEqual(await answers(s), [[0], 95]);
  assert.deepEqual(s.events, ["0 ask 0", "4 ask 1", "5 end 1"]);
});

test("a list that has begun is not disturbed, unless it takes longer than any may", async () => {
  const slow = scene(
    [
      { begins: 1, answers: 99 },
      { begins: 1, answers: 5 },
    ],
    1,
  );
  assert.deepEqual(await answers(slow), [[0], 99]);
  assert.deepEqual(slow.events, ["0 ask 0"]);
  const stuck = scene([{ begins: 1 }, { begins: 1, answers: 5 }], 1);
  assert.deepEqual(await answers(stuck), [[1], 106]);
  assert.deepEqual(stuck.events, ["0 ask 0", "101 ask 1", "106 end 0"]);
});

test("a list that stops coming, or comes far too slowly, costs a few seconds more, and takes nobody's turn", async () => {
  const next = { begins: 3.5, answers: 20 };
  const stalled = scene([{ begins: 1, stalls: 2 }, next], 1);
  assert.deepEqual(await answers(stalled), [[1], 26]);
  assert.deepEqual(stalled.events, ["0 ask 0", "6 ask 1", "26 end 0"]);
  const later = scene([{ begins: 1, stalls: 50 }, next], 1);
  assert.deepEqual(await answers(later), [[1], 74]);
  const failing = scene([{ begins: 1, stalls: 2 }, { begins: 1, fails: 50 }, { answers: 1 }], 1);
  assert.deepEqual(await answers(failing), [[2], 57]);
  const dripping = scene([{ begins: 1, pieces: 0.1 }, next], 1);
  assert.deepEqual(await answers(dripping), [[1], 26.2]);
  assert.deepEqual(dripping.events, ["0 ask 0", "6.2 ask 1", "26.2 end 0"]);
  const slower = scene([{ begins: 1, pieces: 0.1 }, {}, next], 1);
  assert.deepEqual((await answers(slower))[0], [2]);
  assert.deepEqual(slower.events, ["0 ask 0", "6.2 ask 1", "10.2 ask 2", "13.7 end 1", "30.2 end 0"]);
});

test("one that was ended for another is asked again when that one fails, and after it answered where more are wanted", async () => {
  const failing = scene(
    [
      { begins: 6, answers: 9 },
      { begins: 1, fails: 3 },
    ],
    1,
  );
  assert.deepEqual(await answers(failing), [[0], 16]);
  assert.deepEqual(failing.events, ["0 ask 0", "4 ask 1", "5 end 0", "7 ask 0"]);
  const two = scene([{ begins: 7, answers: 9 }, { answers: 1 }, { answers: 1 }], 2);
  assert.deepEqual(await answers(two), [[1, 2], 6]);
  assert.deepEqual(two.events, ["0 ask 0", "4 ask 1", "5 ask 2", "6 end 0"]);
});

test("whoever fails, or answers with too little, is followed at once; nobody's answer is the last failure", async () => {
  const s = scene([{ fails: 1 }, { fails: 2 }, { answers: 1 }], 1);
  assert.deepEqual(await answers(s), [[2], 4]);
  const none = scene([{ fails: 1 }, { fails: 2 }], 1);
  await assert.rejects(none.clock.runUntilSettled(none.outcome, seconds(10)), /1 failed/);
  const few = scene([{ answers: 1 }, { answers: 1 }], 3);
  assert.deepEqual(await answers(few), [[0, 1], 2]);
});

test("when all are asked, those that say nothing are waited for to their end, or for as long as was said", async () => {
  const patient = scene([{ fails: 154 }, { answers: 1 }], 2);
  assert.deepEqual(await answers(patient), [[1], 154]);
  const short = scene([{ fails: 154 }, { answers: 1 }], 2, seconds(4));
  assert.deepEqual(await answers(short), [[1], 9]);
  assert.deepEqual(short.events, ["0 ask 0", "4 ask 1", "9 end 0"]);
  const begun = scene([{ begins: 6, answers: 60 }, { answers: 1 }], 2, seconds(4));
  assert.deepEqual(await answers(begun), [[1, 0], 60]);
  await settle();
});
