/** When a box's provider is asked for a loop, and how often, and when one that is not there goes again: as with a mail of one fragment. Spec: docs/spec/17-boxes.md §6.1 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { LOOP_QUESTIONS_MAX } from "#transport/client/boxes/limits.ts";
import { type Asked, LoopQuestions } from "#transport/client/boxes/loop-questions.ts";
import { NO_PROGRESS, type OutgoingMessage } from "#transport/client/store.ts";
import { Outgoing } from "#transport/client/outgoing.ts";
import { TimeLaws } from "#transport/client/time-laws.ts";
import { type TransportErrorCode, TransportError } from "#transport/core/errors.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { mailboxId, messageId, type Milliseconds, milliseconds, nodeId } from "#transport/core/units.ts";
import type { SlotContent } from "#transport/traffic/wrap-slot.ts";

const START = milliseconds(1e12);
const DAY = 24 * 3_600_000;
const HASH = new Uint8Array(16).fill(5);
const TO: Asked = { providerId: nodeId(new Uint8Array(32)), mailboxId: mailboxId(new Uint8Array(32)), hash: HASH };

const lawsOf = (seed: string): TimeLaws =>
  new TimeLaws({
    random: new SeededRandom(seed),
    profile: () => LIVE_PARAMETERS.profiles.mail,
    parameters: LIVE_PARAMETERS,
  });

function setUp(seed: string, answers: readonly (TransportErrorCode | boolean)[]) {
  const clock = new VirtualClock({ start: START });
  const asked: { at: number; hashes: readonly Uint8Array[] }[] = [];
  let orders = 0;
  const questions = new LoopQuestions({
    clock,
    waits: lawsOf(seed),
    nextOrder: () => orders++,
    have: async (_, hashes) => {
      const answer = answers[asked.length] ?? true;
      asked.push({ at: clock.now() - START, hashes });
      if (typeof answer === "string") throw new TransportError(answer);
      return [answer];
    },
  });
  return { clock, asked, questions };
}

const OTHER_HASH = new Uint8Array(16).fill(6);
const CONTENT: SlotContent = {
  destination: { command: "mailbox", recipient: TO.mailboxId },
  plaintext: new Uint8Array(3),
  mailboxKey: new Uint8Array(4),
};

/** A loop that can go again, and when it did. */
function looped(): { to: Asked; left: number[] } {
  const left: number[] = [];
  return { to: { ...TO, again: { content: () => CONTENT, left: (at) => void left.push(at) } }, left };
}

/** When a mail of one fragment that left at the start is asked for, if every question has this answer. */
function writerAsks(seed: string, answer: "timeout" | "refused", count: number): Milliseconds[] {
  const outgoing = writing(seed);
  return Array.from({ length: count }, () => {
    const at = outgoing.progress.askAt as Milliseconds;
    assert.deepEqual(outgoing.question(), [{ index: 0, hash: HASH }]);
    if (answer === "timeout") outgoing.unheard(at);
    else outgoing.unanswered(at);
    return milliseconds(at - START);
  });
}

/** The writer of such a mail, which is told that it is not there. */
function writerOf(seed: string) {
  const outgoing = writing(seed);
  const askAt = (): Milliseconds => outgoing.progress.askAt as Milliseconds;
  return {
    askAt,
    /** When it may leave again. */
    missing: (): Milliseconds => {
      outgoing.answered([0], new Set(), askAt());
      return outgoing.changes().get(0)?.notBefore as Milliseconds;
    },
    forms: () => outgoing.question().map(({ hash }) => hash),
    sent: (at: Milliseconds, hash: Uint8Array) => {
      outgoing.taken(0);
      outgoing.sent(0, { hash, at });
    },
  };
}

function writing(seed: string): Outgoing {
  const progress = { ...NO_PROGRESS, deadline: milliseconds(START + 30 * DAY) };
  const fragment = { state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] } as const;
  const known = { id: messageId(new Uint8Array(16)), to: {}, bytes: 1, proof: HASH, queuedAt: START, progress };
  const message = { ...known, fragments: [fragment] } as unknown as OutgoingMessage;
  const outgoing = new Outgoing({ message, needed: 1, waits: lawsOf(seed) });
  outgoing.taken(0);
  outgoing.sent(0, { hash: HASH, at: START });
  return outgoing;
}

for (const seed of ["one", "two", "three"]) {
  test(`a loop is asked for when a writer would ask for a mail, by one hash, until there is an answer (${seed})`, async () => {
    // Of what is nowhere nothing can go again.
    for (const [to, answer] of [
      [TO, false],
      [looped().to, true],
    ] as const) {
      const { clock, asked, questions } = setUp(seed, ["NO_PATH", "REFUSED", answer, true]);
      questions.ask(to);
      await clock.runFor(milliseconds(DAY));
      const [first, second, third] = writerAsks(seed, "refused", 3);
      assert.deepEqual(
        asked.map(({ at }) => at),
        [first, second, third],
      );
      assert.ok(asked.every(({ hashes }) => hashes.length === 1 && hashes[0] === HASH));
    }
  });

  test(`it is asked for no more when nobody answers twice, as a writer would leave the box (${seed})`, async () => {
    const { clock, asked, questions } = setUp(seed, ["SERVICE_TIMEOUT", "SERVICE_TIMEOUT", true]);
    questions.ask(TO);
    await clock.runFor(milliseconds(DAY));
    assert.deepEqual(
      asked.map(({ at }) => at),
      writerAsks(seed, "timeout", 2),
    );
  });
}

for (const seed of ["one", "two", "three"]) {
  test(`one that is not there goes again when a writer would send its mail again, and is asked for by both forms, once (${seed})`, async () => {
    for (const second of [true, false]) {
      const { clock, asked, questions } = setUp(seed, [false, second, true]);
      const { to, left } = looped();
      questions.ask(to);
      const writer = writerOf(seed);
      await clock.runUntil(writer.askAt());
      const notBefore = writer.missing();
      await clock.runUntil(milliseconds(notBefore - 1));
      assert.deepEqual([...questions.contenders()], []);
      await clock.runUntil(milliseconds(Math.ceil(notBefore)));
      const [contender] = questions.contenders();
      assert.ok(contender !== undefined && contender.provider === TO.providerId);
      // A packet that did not leave waits for another slot.
      contender.take().settled(undefined);
      const [again] = questions.contenders();
      assert.deepEqual([again?.left, again?.order], [1, contender.order]);
      const payload = again?.take();
      assert.deepEqual([payload?.cargo, payload?.content], ["box", CONTENT]);
      assert.deepEqual([...questions.contenders()], [], "while it leaves");
      payload?.settled({ hash: OTHER_HASH, tags: [], at: clock.now() });
      writer.sent(clock.now(), OTHER_HASH);
      await clock.runFor(milliseconds(DAY));
      assert.deepEqual(left, [notBefore].map(Math.ceil));
      const askAgainAt = writer.askAt();
      assert.deepEqual(
        asked.map(({ hashes }) => hashes),
        [[HASH], writer.forms()],
      );
      assert.equal(asked[1]?.at, Math.ceil(askAgainAt - START));
      assert.deepEqual([...questions.contenders()], [], "twice in vain, a writer leaves the box");
    }
  });
}

test("what waits to go again is forgotten with the program, and does not hold up what comes", async () => {
  const { clock, asked, questions } = setUp("stopped", [false]);
  questions.ask(looped().to);
  await clock.runFor(milliseconds(DAY));
  const [waiting, ...others] = questions.contenders();
  assert.ok(waiting !== undefined && others.length === 0);
  const payload = waiting.take();
  questions.stop();
  payload.settled({ hash: OTHER_HASH, tags: [], at: clock.now() });
  await clock.runFor(milliseconds(DAY));
  assert.equal(asked.length, 1);
  assert.deepEqual([...questions.contenders()], []);
});

test("of more loops than leave in a day the oldest are asked for no more; nor is any after the program ended, or the box", async () => {
  const { clock, asked, questions } = setUp("many", []);
  for (let n = 0; n < 3 * LOOP_QUESTIONS_MAX; n++) questions.ask({ ...TO, hash: new Uint8Array(16).fill(n) });
  await clock.runFor(milliseconds(DAY));
  const hashes = asked.map(({ hashes: [hash] }) => hash?.[0] as number);
  const newest = Array.from({ length: LOOP_QUESTIONS_MAX }, (_, n) => 2 * LOOP_QUESTIONS_MAX + n);
  assert.deepEqual(
    hashes.toSorted((a, b) => a - b),
    newest,
  );
  questions.ask(TO);
  questions.stop();
  await clock.runFor(milliseconds(DAY));
  assert.equal(asked.length, LOOP_QUESTIONS_MAX);
  const over = setUp("over", ["REFUSED", "REFUSED"]);
  over.questions.ask({ ...TO, lastUse: START });
  await over.clock.runFor(milliseconds(DAY));
  assert.equal(over.asked.length, 1);
});
