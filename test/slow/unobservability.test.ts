/**
 * Sender unobservability on whole clients: six write all the time, six never do, in one virtual network. A learned classifier does
 * no better than guessing on the line of a client; it does on clients with a planted fault.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineLearnsNothing } from "#test/observer/bars.ts";
import { type Line, tellBusyFromIdle, type UnobservabilityResult } from "#test/observer/unobservability.ts";
import { EXTRA_WHEN_BUSY, SILENT_WHEN_EMPTY } from "#test/sim/planted-faults.ts";
import type { ClientOptions, SimClient } from "#test/sim/sim-client.ts";
import { World } from "#test/sim/world.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";

const PAIRS = 6;
const WINDOW_SECONDS = 5;
/** So much that the queue is never empty. */
const MAIL_BYTES = 40_000;
const MAIL_EVERY_SECONDS = 4;

test("a line does not show whether its user writes", async () => {
  const result = await run("unobservable", {}, 600);
  const points = [
    {
      ...result,
      packets: 0,
      classifier: "learned" as const,
      matched: result.busyWindows,
      unmatched: result.idleWindows,
    },
  ];
  assert.deepEqual(lineLearnsNothing("busy or idle", points), [], JSON.stringify(result));
  assert.ok(Math.abs(result.auc - 0.5) < 0.06, `area ${result.auc}`);
});

for (const [fault, faulty] of [
  ["is silent when its queue is empty", SILENT_WHEN_EMPTY],
  ["sends an extra packet when it is busy", EXTRA_WHEN_BUSY],
] as const) {
  test(`the line of a client that ${fault} shows it`, async () => {
    const { auc } = await run("observable", faulty, 120);
    assert.ok(auc > 0.9, `area ${auc}`);
  });
}

async function run(
  seed: string,
  client: Pick<ClientOptions, "make" | "streams">,
  duration: number,
): Promise<UnobservabilityResult> {
  const world = await World.create({ seed });
  const join = (name: string): Promise<SimClient> => world.join({ name, provider: "a", ...client });
  const busy: SimClient[] = [];
  const idle: SimClient[] = [];
  for (let i = 0; i < PAIRS; i++) busy.push(await join(`busy${i}`));
  for (let i = 0; i < PAIRS; i++) idle.push(await join(`idle${i}`));
  const reader = await world.join({ name: "reader", provider: "b" });
  const record = await world.clock.runUntilSettled((busy[0] as SimClient).client.lookup(reader.address), seconds(240));
  assert.ok(record);
  const from = world.clock.now();
  const until = milliseconds(from + seconds(duration));
  const random = new SeededRandom(`${seed}/mails`);
  busy.forEach((writer) => {
    const write = async (): Promise<void> => {
      await writer.client.send({ to: record, body: random.bytes(MAIL_BYTES) });
      world.clock.at(milliseconds(world.clock.now() + seconds(MAIL_EVERY_SECONDS)), () => void write());
    };
    void write();
  });
  await world.clock.runUntil(until);
  await world.stop();
  const [writers, others] = [lines(busy, true), lines(idle, false)];
  const half = PAIRS / 2;
  return tellBusyFromIdle({
    trained: [...writers.slice(0, half), ...others.slice(0, half)],
    tested: [...writers.slice(half), ...others.slice(half)],
    from: from + seconds(20),
    until,
    window: seconds(WINDOW_SECONDS),
    seed,
  });
}

const lines = (of: readonly SimClient[], isBusy: boolean): Line[] =>
  of.map(({ observer }) => ({ sightings: observer.sightings, isBusy }));
