/** What comes again out of a box, as its provider likes. Spec: docs/spec/17-boxes.md §6 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Collected } from "#transport/box/requests.ts";
import { DealtForms } from "#transport/client/boxes/dealt-forms.ts";
import { FORMS_PER_BOX_MAX } from "#transport/client/boxes/limits.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { Writer } from "#transport/core/bytes.ts";
import { boxesWorld, idOf, START, suite } from "./boxes-world.ts";
import { entry, settle, setUp, withBoxes } from "./collects-world.ts";

test("an entry that was dealt with and comes again, under its number or another, is not dealt with again, and counts as taken", async () => {
  const world = await withBoxes("again", ["other"]);
  const { make, answer, taken, boxes } = await setUp("again", {}, world);
  const [box] = boxes.collected(START);
  const { sealed } = entry(1) as { sealed: Uint8Array };
  const again = (number: number): Collected => ({
    what: "entry",
    next: (box?.progress.cursor ?? 0) + 1,
    number,
    sealed,
  });
  const give = async (number: number): Promise<void> => {
    answer(make().ids[0], again(number));
    await settle();
  };
  await give(1);
  await give(2);
  assert.equal(taken.length, 1, "not while it is dealt with, either");
  assert.equal(box?.progress.cursor, 0);
  taken[0]?.done(true);
  await settle();
  assert.equal(box?.progress.cursor, 2);
  for (const number of [1, 3, 4]) await give(number);
  assert.deepEqual([taken.length, box?.progress.cursor], [1, 4]);
  answer(make().ids[0], entry(5));
  assert.equal(taken.length, 2, "another entry is dealt with");
});

test("an entry that could not be dealt with is, when it comes again", async () => {
  const world = await withBoxes("not yet", ["other"]);
  const { make, answer, taken, boxes } = await setUp("not yet", {}, world);
  for (const [round, isDone] of [false, true].entries()) {
    answer(make().ids[0], entry(1));
    assert.equal(taken.length, round + 1);
    taken[round]?.done(isDone);
    await settle();
    assert.equal(boxes.collected(START)[0]?.progress.cursor, isDone ? 1 : 0);
  }
});

test("of one box so many entries are known again, the oldest forgotten first; another box's put out none of them", async () => {
  const forms = new DealtForms(suite);
  const [box, other] = [await boxNamed("one"), await boxNamed("another")];
  let dealt = 0;
  const give = async (to: OwnBox, n: number): Promise<number> => {
    const before = dealt;
    const sealed = new Writer().u64(n).finish();
    assert.ok(await forms.once(to, sealed, async () => ++dealt > 0));
    return dealt - before;
  };
  for (let n = 1; n <= FORMS_PER_BOX_MAX; n++) await give(box, n);
  assert.equal(dealt, FORMS_PER_BOX_MAX);
  assert.equal(await give(other, 1), 1, "another box's own");
  assert.equal(await give(box, 1), 0);
  assert.equal(await give(box, FORMS_PER_BOX_MAX + 1), 1);
  assert.equal(await give(box, 2), 0);
  assert.equal(await give(box, 1), 1, "the oldest was forgotten");
});

const boxNamed = async (seed: string): Promise<OwnBox> => (await boxesWorld(seed)).boxes.want(idOf("other"));
