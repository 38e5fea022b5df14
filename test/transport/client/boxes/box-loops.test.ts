/** Which loops go into boxes. Spec: docs/spec/17-boxes.md §6.1 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boxIdOf } from "#transport/box/box-id.ts";
import { BoxLoops } from "#transport/client/boxes/box-loops.ts";
import { BOX_LOOP_EPOCHS, PLACE_REST_MIN } from "#transport/client/boxes/limits.ts";
import type { Asked } from "#transport/client/boxes/loop-questions.ts";
import { toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { mailboxId, type MessageId, messageId, milliseconds, type NodeId } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { boxesWorld, idOf, START, suite } from "./boxes-world.ts";

const HOUR = 3_600_000;
const SLOTS = 200_000;

async function setUp(seed: string, profile = LIVE_PARAMETERS.profiles.mail) {
  const world = await boxesWorld(seed);
  const sent: string[] = [];
  const asked: Asked[] = [];
  const again: MessageId[] = [];
  const state = { unreachable: undefined as NodeId | undefined };
  const loops = new BoxLoops({
    clock: world.clock,
    boxes: world.boxes,
    health: { sent: ({ secret }) => void sent.push(toHex(secret)), sentAgain: (id) => void again.push(id) },
    questions: { ask: (question) => void asked.push(question) },
    nothing: () => NOTHING,
    loopOf: (id) => ({ plaintext: id, mailboxKey: suite.blake2b(id) }),
    primitives: suite,
    parameters: LIVE_PARAMETERS,
    profile: () => profile,
    chance: new SeededRandom(`${seed}/boxLoops`),
    reaches: (provider) => state.unreachable !== provider,
  });
  const slots = (count: number) => Array.from({ length: count }, () => loops.next()).filter((one) => one !== undefined);
  return { ...world, state, sent, slots, asked, again };
}

const NOTHING: Asked = {
  providerId: idOf("third"),
  mailboxId: mailboxId(new Uint8Array(32)),
  hash: new Uint8Array(16),
};

for (const name of ["mail", "chat"] as const) {
  test(`in the ${name} profile one loop in ${BOX_LOOP_EPOCHS} hours goes to a box, or nowhere: as many with boxes as without`, async () => {
    const profile = LIVE_PARAMETERS.profiles[name];
    const hours = SLOTS / (profile.sendRate * profile.loopShare) / 3600;
    const { slots, boxes } = await setUp(name, profile);
    const without = slots(SLOTS);
    assert.ok(without.every((one) => one === "nowhere"));
    assert.ok(Math.abs(without.length / (hours / BOX_LOOP_EPOCHS) - 1) < 0.3, `${without.length} in ${hours} hours`);
    await boxes.announced({ secret: new Uint8Array(32).fill(1), providerId: idOf("other"), until: in100(1) });
    const same = await setUp(name, profile);
    await same.boxes.announced({ secret: new Uint8Array(32).fill(1), providerId: idOf("other"), until: in100(1) });
    assert.equal(same.slots(SLOTS).length, without.length, "at the same moments");
  });
}

test("the box to which mail comes gets three of four, others that may be used the rest, and then those that loops lost; none that is gone, over or out of reach", async () => {
  const { slots, boxes, sent, state, clock } = await setUp("which");
  const secrets = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const providers = ["other", "third", "other"] as const;
  for (const [i, secret] of secrets.entries()) {
    await boxes.announced({ secret, providerId: idOf(providers[i] as "other"), until: in100(i + 1) });
  }
  const recipients = (): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const target of slots(SLOTS)) {
      assert.ok(target !== "nowhere");
      const name = toHex(target.mailboxId);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  };
  const [oldest, middle, latest] = secrets.map((secret) => toHex(boxIdOf(suite, secret))) as [string, string, string];
  const counts = recipients();
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(Math.abs((counts.get(latest) ?? 0) / all - 3 / 4) < 0.05);
  assert.ok((counts.get(middle) ?? 0) > (counts.get(oldest) ?? 0) && (counts.get(oldest) ?? 0) > 0);
  const third = boxes.collected(clock.now()).find(({ secret }) => secret[0] === 2);
  state.unreachable = third?.providerId;
  for (let n = 0; n < 4; n++) boxes.judged(boxes.collected(clock.now())[0] as never, false);
  const behind = recipients();
  assert.deepEqual([...behind.keys()].toSorted(), [oldest, latest].toSorted());
  assert.ok((behind.get(oldest) ?? 0) > 2 * (behind.get(latest) ?? 0), "what is good comes first");
  for (const box of boxes.used(clock.now())) for (let n = 0; n < 4; n++) boxes.judged(box, false);
  assert.deepEqual(
    [...recipients().keys()].toSorted(),
    [oldest, latest].toSorted(),
    "and where nothing is, all go there",
  );
  for (const collect of [0, 1]) boxes.answered(boxes.collected(clock.now())[0] as never, collect, undefined);
  assert.deepEqual([...recipients().keys()], [oldest]);
  await clock.runUntil(milliseconds(in100(1) - PLACE_REST_MIN));
  assert.ok(
    slots(SLOTS).every((one) => one === "nowhere"),
    "what comes after its end would look lost",
  );
  state.unreachable = undefined;
  const [target] = slots(SLOTS);
  assert.ok(target !== undefined && target !== "nowhere");
  target.onLoop({ id: messageId(new Uint8Array(16)), hash: new Uint8Array(16), at: clock.now(), mixes: [] });
  assert.deepEqual(sent, [toHex(secrets[1] as Uint8Array)]);
});

test("half of the loops are asked for where they went, once they have left; without a box as many questions go nowhere", async () => {
  const { slots, boxes, asked, again } = await setUp("asked");
  const without = slots(SLOTS).length;
  assert.ok(Math.abs(asked.length / without - 0.5) < 0.1, `${asked.length} of ${without}`);
  assert.ok(asked.every((question) => question === NOTHING));
  asked.length = 0;
  const secret = new Uint8Array(32).fill(1);
  await boxes.announced({ secret, providerId: idOf("other"), until: in100(1) });
  const targets = slots(SLOTS).filter((target) => target !== "nowhere");
  assert.equal(asked.length, 0, "nothing has left");
  for (const [n, { onLoop }] of targets.entries()) {
    onLoop({ id: messageId(new Uint8Array(16)), hash: new Uint8Array(16).fill(n), at: START, mixes: [] });
  }
  assert.ok(Math.abs(asked.length / targets.length - 0.5) < 0.1, `${asked.length} of ${targets.length}`);
  const hashes = new Set(asked.map(({ hash }) => hash[0]));
  assert.ok(hashes.size > 1 && hashes.size <= asked.length);
  const to = { providerId: idOf("other"), mailboxId: boxIdOf(suite, secret) };
  const lastUse = milliseconds(in100(1) - PLACE_REST_MIN);
  const rest = { hash: undefined, again: undefined };
  for (const question of asked) assert.deepEqual({ ...question, ...rest }, { ...to, lastUse, ...rest });
  const id = messageId(new Uint8Array(16));
  const destination = { command: "mailbox", recipient: to.mailboxId } as const;
  for (const question of asked) {
    assert.deepEqual(question.again?.content(), { destination, plaintext: id, mailboxKey: suite.blake2b(id) });
    question.again?.left(START);
  }
  assert.deepEqual(
    again,
    asked.map(() => id),
    "what goes again is the same loop",
  );
});

const in100 = (times: number) => milliseconds(START + times * 100 * HOUR);
