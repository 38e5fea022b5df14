import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FairTurns, turnsUntilThrough } from "#transport/client/fair-turns.ts";

interface Mail {
  left: number;
  order: number;
}

/** Serves until the mail is through and says how many turns that took. */
function turnsUntilDone(mails: Mail[], wanted: Mail): number {
  const turns = new FairTurns();
  let count = 0;
  while (wanted.left > 0) {
    const next = turns.next(mails.filter((mail) => mail.left > 0));
    assert.ok(next);
    next.left--;
    count++;
  }
  return count;
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });

test("a small mail is through after twice its own and all smaller mails' fragments, whatever lies before it", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), (lefts, choice) => {
      const mails = lefts.map((left, order) => ({ left, order }));
      const wanted = mails[choice % mails.length] as Mail;
      const smaller = mails
        .filter((mail) => mail.left < wanted.left || (mail.left === wanted.left && mail.order <= wanted.order))
        .reduce((sum, mail) => sum + mail.left, 0);
      // The oldest, served in between, may become smaller than the wanted one and pass it: no more than its own size again.
      const bound = 2 * (smaller + wanted.left);
      assert.ok(turnsUntilDone(mails, wanted) <= bound);
    }),
  );
});

test("the oldest mail has every second turn, so nothing starves", () => {
  fc.assert(
    fc.property(sizes, (lefts) => {
      const mails = lefts.map((left, order) => ({ left, order }));
      const oldest = mails[0] as Mail;
      const before = oldest.left;
      assert.ok(turnsUntilDone(mails, oldest) <= 2 * before);
    }),
  );
});

test("counted ahead, the turns until a mail is through are those that it then takes", () => {
  const few = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.oneof(few, sizes), fc.nat(), (lefts, choice) => {
      const mails = lefts.map((left, order) => ({ left, order }));
      const wanted = mails[choice % mails.length] as Mail;
      const others = mails.filter((mail) => mail !== wanted);
      assert.equal(turnsUntilThrough(wanted, others), turnsUntilDone(mails, wanted));
    }),
    { numRuns: 1000 },
  );
});

test("each of many small mails waits for those before it, and what is through already for nobody", () => {
  const mails = Array.from({ length: 26 }, (_, order) => ({ left: 1, order }));
  const turns = mails.map((wanted) =>
    turnsUntilThrough(
      wanted,
      mails.filter((mail) => mail !== wanted),
    ),
  );
  assert.deepEqual(
    turns,
    mails.map(({ order }) => order + 1),
  );
  assert.equal(turnsUntilThrough({ left: 5, order: 1 }, [{ left: 4000, order: 0 }]), 9);
  assert.equal(turnsUntilThrough({ left: 0, order: 9 }, mails), 0);
});

test("without anybody waiting no turn is used up", () => {
  const turns = new FairTurns();
  assert.equal(turns.next([]), undefined);
  const [small, old] = [
    { left: 1, order: 2 },
    { left: 9, order: 1 },
  ] as const;
  assert.equal(turns.next([old, small]), small);
  assert.equal(turns.next([]), undefined);
  assert.equal(turns.next([old, small]), old);
});
