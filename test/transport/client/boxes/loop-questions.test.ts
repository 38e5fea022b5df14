/** When a box's provider is asked for a loop, and how often: as it is for a mail of one fragment. Spec: docs/spec/17-boxes.md §6.1 */

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
  const laws = lawsOf(seed);
  const questions = new LoopQuestions({
    clock,
    askWait: () => laws.askWait(),
    have: async (_, hashes) => {
      const answer = answers[asked.length] ?? true;
      asked.push({ at: clock.now() - START, hashes });
      if (typeof answer === "string") throw new TransportError(answer);
      return [answer];
    },
  });
  return { clock, asked, questions };
}

/** When a mail of one fragment that left at the start is asked for, if every question has this answer. */
function writerAsks(seed: string, answer: "timeout" | "refused", count: number): Milliseconds[] {
  const progress = { ...NO_PROGRESS, deadline: milliseconds(START + 30 * DAY) };
  const fragment = { state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] } as const;
  const known = { id: messageId(new Uint8Array(16)), to: {}, bytes: 1, proof: HASH, queuedAt: START, progress };
  const message = { ...known, fragments: [fragment] } as unknown as OutgoingMessage;
  const outgoing = new Outgoing({ message, needed: 1, waits: lawsOf(seed) });
  outgoing.taken(0);
  outgoing.sent(0, { hash: HASH, at: START });
  return Array.from({ length: count }, () => {
    const at = outgoing.progress.askAt as Milliseconds;
    assert.deepEqual(outgoing.question(), [{ index: 0, hash: HASH }]);
    if (answer === "timeout") outgoing.unheard(at);
    else outgoing.unanswered(at);
    return milliseconds(at - START);
  });
}

for (const seed of ["one", "two", "three"]) {
  test(`a loop is asked for when a writer would ask for a mail, by one hash, until there is an answer, whatever it is (${seed})`, async () => {
    for (const answer of [true, false]) {
      const { clock, asked, questions } = setUp(seed, ["NO_PATH", "REFUSED", answer, true]);
      questions.ask(TO);
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
