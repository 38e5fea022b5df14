/** The life of a sent message against everything that can happen to it, in any order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Place } from "#transport/box/place.ts";
import { FRAGMENTS_UNASKED_MAX } from "#transport/client/limits.ts";
import { Outgoing } from "#transport/client/outgoing.ts";
import { NO_PROGRESS, type OutgoingMessage } from "#transport/client/store.ts";
import { mailboxId, messageId, milliseconds, nodeId } from "#transport/core/units.ts";

const PROOF = new Uint8Array(32).fill(7);
const OTHER_PROOF = new Uint8Array(32).fill(8);
const DEADLINE = 1_000_000;
const waits = {
  askWait: () => milliseconds(100),
  repeatWait: () => milliseconds(50),
  remindWait: () => milliseconds(1000),
  longest: { ask: milliseconds(2_000), repeat: milliseconds(1_000), remind: () => milliseconds(20_000) },
};

const PLACE = {
  providerId: nodeId(new Uint8Array(32).fill(1)),
  boxId: mailboxId(new Uint8Array(32).fill(2)),
  until: milliseconds(DEADLINE),
};

function fresh(total: number, needed: number, place?: Place): Outgoing {
  const message: OutgoingMessage = {
    id: messageId(new Uint8Array(16)),
    to: {
      address: "reader@b.example",
      accountKey: new Uint8Array(32),
      providerId: nodeId(new Uint8Array(32)),
      mailboxId: mailboxId(new Uint8Array(32)),
      mailboxKey: new Uint8Array(1216),
      validUntil: milliseconds(DEADLINE),
      place,
    },
    bytes: 1,
    proof: PROOF,
    queuedAt: milliseconds(0),
    progress: {
      ...NO_PROGRESS,
      deadline: milliseconds(DEADLINE),
    },
    fragments: Array.from({ length: total }, () => ({
      state: "waiting",
      notBefore: milliseconds(0),
      attempts: 0,
      hashes: [],
    })),
  };
  return new Outgoing({ message, needed, waits });
}

type Step =
  | { do: "slot"; leaves: boolean }
  | { do: "wait"; ms: number }
  | { do: "answer"; stored: number[] }
  | { do: "silence" }
  | { do: "receipt"; good: boolean }
  | { do: "unheard" }
  | { do: "leave" }
  | { do: "restart" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("slot" as const), leaves: fc.boolean() }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ do: fc.constant("answer" as const), stored: fc.array(fc.nat(7)) }),
    fc.record({ do: fc.constant("silence" as const) }),
    fc.record({ do: fc.constant("receipt" as const), good: fc.integer({ min: 0, max: 9 }).map((n) => n === 0) }),
    fc.record({ do: fc.constant("unheard" as const) }),
    fc.record({ do: fc.constant("leave" as const) }),
    fc.record({ do: fc.constant("restart" as const) }),
  ),
  { maxLength: 120, size: "max" },
);

test("whatever happens, a message is delivered, still has something to do, or waits for its reader", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 3 }), (script, needed, padding) => {
      const total = needed + padding;
      let outgoing = fresh(total, needed, PLACE);
      /** Sealed forms that went to the place. */
      const there = new Set<Uint8Array>();
      const kept = new Map(outgoing.message.fragments.map((fragment, i) => [i, fragment]));
      let now = 0;
      let question: { index: number; hash: Uint8Array }[] | undefined;
      let delivered = false;
      for (const step of script) {
        const at = milliseconds(now);
        switch (step.do) {
          case "slot": {
            const [index] = outgoing.waiting(at, 1);
            if (index === undefined) break;
            assert.ok(!delivered, "nothing leaves after the receipt");
            outgoing.taken(index);
            assert.ok(!outgoing.waiting(at, total).includes(index), "one slot carries it, not two");
            const hash = new Uint8Array(16);
            if (outgoing.to.place !== undefined) there.add(hash);
            if (step.leaves) outgoing.sent(index, { hash, at });
            else outgoing.lost(index);
            break;
          }
          case "wait":
            now += step.ms;
            break;
          case "answer":
          case "unheard":
          case "silence": {
            if (outgoing.duty(milliseconds(now)) === "remind")
              outgoing.remind(0, { at, deadline: milliseconds(DEADLINE) });
            if (question === undefined && outgoing.duty(milliseconds(now)) === "ask") question = outgoing.question();
            if (question === undefined) break;
            const indexes = question.map(({ index }) => index);
            assert.ok(
              indexes.every((index) => index < needed),
              "padding is not asked for",
            );
            const isThere = outgoing.to.place !== undefined;
            const strays = question.filter(
              (one) => outgoing.isAskable(one.index, one.hash) && there.has(one.hash) !== isThere,
            );
            assert.deepEqual(strays, [], "nobody is asked for what somebody else was given");
            if (step.do === "silence") outgoing.unanswered(at);
            else if (step.do === "unheard") outgoing.unheard(at);
            else outgoing.answered(indexes, new Set(step.stored), at);
            question = undefined;
            if (outgoing.isMissed) outgoing.leave(at);
            break;
          }
          case "leave":
            if (outgoing.to.place === undefined || delivered) break;
            outgoing.leave(at);
            assert.equal(outgoing.to.place, undefined);
            break;
          case "receipt":
            assert.equal(outgoing.receipt(step.good ? PROOF : OTHER_PROOF, at), step.good && !delivered);
            delivered ||= step.good;
            break;
          case "restart": {
            for (const [index, fragment] of outgoing.changes()) kept.set(index, fragment);
            const { progress, to } = outgoing;
            const message = { ...outgoing.message, progress, to, fragments: [...kept.values()] };
            outgoing = new Outgoing({ message, needed, waits });
            outgoing.resume(at);
            question = undefined;
            break;
          }
        }
        assert.equal(outgoing.isFinished, delivered);
        if (delivered) continue;
        const alive = outgoing.left > 0 || question !== undefined || outgoing.nextTime(milliseconds(now)) !== undefined;
        assert.ok(alive || outgoing.progress.reminders > 0, "it never stands still");
      }
    }),
    { numRuns: 400 },
  );
});

test("the provider is asked once for an attempt, and again only about what was repeated", () => {
  const outgoing = fresh(3, 2);
  for (const index of [0, 1, 2]) outgoing.sent(index, { hash: new Uint8Array(16), at: milliseconds(10) });
  assert.equal(outgoing.duty(milliseconds(109)), undefined);
  assert.equal(outgoing.duty(milliseconds(110)), "ask");
  assert.deepEqual(
    outgoing.question().map(({ index }) => index),
    [0, 1],
  );
  assert.equal(outgoing.duty(milliseconds(5000)), undefined, "asked");
  outgoing.answered([0, 1], new Set([0]), milliseconds(200));
  assert.deepEqual(outgoing.waiting(milliseconds(249), 9), []);
  assert.deepEqual(outgoing.waiting(milliseconds(250), 9), [1]);
  outgoing.sent(1, { hash: new Uint8Array(16).fill(1), at: milliseconds(260) });
  assert.deepEqual(
    outgoing.question().map(({ index }) => index),
    [1, 1],
    "in both of its sealed forms",
  );
  outgoing.answered([1, 1], new Set([1]), milliseconds(400));
  assert.equal(outgoing.delivery, "stored");
});

test("of a large message the provider is asked while the rest waits, about what had left when the wait began", () => {
  const total = FRAGMENTS_UNASKED_MAX + 100;
  const outgoing = fresh(total, total);
  const send = (index: number, at: number) =>
    outgoing.sent(index, { hash: new Uint8Array(16).fill(index % 256), at: milliseconds(at) });
  for (let index = 0; index < FRAGMENTS_UNASKED_MAX + 20; index++) send(index, index);
  const askAt = FRAGMENTS_UNASKED_MAX - 1 + 100;
  assert.equal(outgoing.duty(milliseconds(askAt - 1)), undefined);
  assert.equal(outgoing.duty(milliseconds(askAt)), "ask");
  const asked = outgoing.question().map(({ index }) => index);
  assert.equal(asked.length, FRAGMENTS_UNASKED_MAX, "not about those that left a moment ago");
  outgoing.answered(asked, new Set(asked.slice(1)), milliseconds(700));
  assert.equal(outgoing.storedCount, FRAGMENTS_UNASKED_MAX - 1);
  assert.deepEqual(outgoing.waiting(milliseconds(760), 1), [0], "what was lost goes before the rest");
  assert.equal(outgoing.delivery, "mixing");
  send(0, 800);
  for (let index = FRAGMENTS_UNASKED_MAX + 20; index < total; index++) send(index, 900);
  const rest = outgoing.question().map(({ index }) => index);
  assert.equal(new Set(rest).size, 101);
  outgoing.answered(rest, new Set(rest), milliseconds(2000));
  assert.equal(outgoing.delivery, "stored");
});

test("a message that is not stored by its deadline fails, keeps its fragments and can be retried", () => {
  const outgoing = fresh(1, 1);
  assert.equal(outgoing.duty(milliseconds(DEADLINE)), "fail");
  outgoing.fail(milliseconds(DEADLINE));
  assert.equal(outgoing.delivery, "failed");
  assert.deepEqual(outgoing.waiting(milliseconds(DEADLINE), 1), []);
  outgoing.retry(milliseconds(2 * DEADLINE));
  assert.deepEqual(outgoing.waiting(milliseconds(DEADLINE), 1), [0]);
  assert.equal(outgoing.delivery, "queued");
});

test("what is sent again is stored when its new form is: an old one may have been collected by a device that is gone", () => {
  const outgoing = fresh(1, 1);
  const [old, renewed] = [1, 2].map((fill) => new Uint8Array(16).fill(fill)) as [Uint8Array, Uint8Array];
  outgoing.sent(0, { hash: old, at: milliseconds(5) });
  outgoing.question();
  outgoing.retry(milliseconds(2 * DEADLINE));
  outgoing.sent(0, { hash: renewed, at: milliseconds(50) });
  // The answer to the question of before.
  assert.equal(outgoing.isAskable(0, old), false);
  assert.deepEqual(outgoing.question(), [{ index: 0, hash: renewed }]);
  assert.equal(outgoing.isAskable(0, renewed), true);
});

test("a receipt that comes after the message failed still counts", () => {
  const outgoing = fresh(1, 1);
  outgoing.sent(0, { hash: new Uint8Array(16), at: milliseconds(5) });
  outgoing.fail(milliseconds(DEADLINE));
  assert.ok(outgoing.receipt(PROOF, milliseconds(DEADLINE + 1)));
  assert.equal(outgoing.delivery, "delivered");
});

test("what a clock that was ahead has planned is planned anew: question, reminder and repetition", () => {
  const error = 500_000;
  const now = milliseconds(10);
  const ahead = milliseconds(now + error);
  const asked = fresh(2, 2);
  for (const index of [0, 1]) asked.sent(index, { hash: new Uint8Array(16), at: ahead });
  assert.ok((asked.nextTime(now) as number) > error);
  asked.planAnew(now, { after: "put back" });
  assert.equal(asked.nextTime(now), 110);
  asked.planAnew(milliseconds(60), { after: "put back" });
  assert.equal(asked.nextTime(now), 110, "what is near stays");

  asked.question();
  asked.answered([0, 1], new Set([0]), ahead);
  assert.deepEqual(asked.waiting(milliseconds(now + 100), 9), []);
  asked.planAnew(now, { after: "put back" });
  assert.deepEqual(asked.waiting(milliseconds(now + 50), 9), [1]);

  asked.sent(1, { hash: new Uint8Array(16), at: now });
  asked.question();
  asked.answered([1], new Set([1]), ahead);
  asked.planAnew(now, { after: "put back" });
  assert.equal(asked.nextTime(now), now + 1_000);
  assert.equal(asked.duty(milliseconds(now + 1_000)), "remind");
});

test("a start plans anew only what no wait could have planned, so that many starts shorten nothing", () => {
  for (const [at, planned] of [
    [milliseconds(1_800), 1_900],
    [milliseconds(400_000), 110],
  ] as const) {
    const outgoing = fresh(1, 1);
    outgoing.sent(0, { hash: new Uint8Array(16), at });
    outgoing.resume(milliseconds(10));
    assert.equal(outgoing.nextTime(milliseconds(10)), planned);
  }
});
