/** A sender whose clock is wrong under the slot clock: alone in its part of the slot, and what follows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, perSecond } from "#transport/core/units.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { lineLearnsNothing } from "./bars.ts";
import { conversation } from "./generator.ts";
import { type PairExperiment, type PairResult, runPairExperiment } from "./pair-experiment.ts";

const SMALL: PairExperiment = {
  seed: "wrong clocks",
  parameters: LIVE_PARAMETERS,
  profile: "mail",
  cover: "on",
  eye: "provider",
  packets: [25],
  tested: 100,
  trained: 40,
  unmatched: 5,
};
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

test("a clock that is ahead moves its sender's part of the slot by as much, whole slots left out", () => {
  const { mail } = LIVE_PARAMETERS.profiles;
  const slot = SECOND / mail.sendRate;
  const common = { seed: "phase", profile: "mail", mail: [], duration: 100 * slot, cover: "on", eye: "line" } as const;
  const phase = (senderClockError: number): number => {
    const { sends } = conversation({ ...common, parameters: LIVE_PARAMETERS, senderClockError });
    const phases = [...sends].map((at) => (at + senderClockError) % slot);
    assert.ok(Math.max(...phases) <= slot / 8 + 1, "it keeps the first eighth of what it takes for the slot");
    return ((sends[0] as number) % slot) / SECOND;
  };
  assert.ok(phase(0) < 2.7);
  const ahead = phase(HOUR);
  assert.ok(ahead > 11.9 && ahead < 14.7, `${ahead} s into the slot: 9 s early`);
});

const run = (varied: Partial<PairExperiment>): PairResult[] => runPairExperiment({ ...SMALL, ...varied });
const auc = (results: readonly PairResult[]): number => Math.max(...results.map((one) => one.auc));

test("whoever has the reader's provider too finds a sender by a wrong clock; lines alone still tell nothing", () => {
  const right = auc(run({}));
  const second = auc(run({ senderClockError: SECOND }));
  const hour = auc(run({ senderClockError: HOUR }));
  assert.ok(right < 0.72 && hour > 0.93, `${right} and ${hour}`);
  assert.ok(second < hour - 0.1, `a second, ${second}, is less than half a slot`);
  const lines = run({ senderClockError: HOUR, eye: "line" });
  assert.deepEqual(lineLearnsNothing("an hour ahead", lines), []);
});

test("a client whose clock is an hour ahead sends nothing once it has been told the time", async () => {
  const { profiles, epoch } = SIM_PARAMETERS;
  const mail = { ...profiles.mail, sendRate: perSecond(1), pollRate: perSecond(1) };
  const quiet = { minimumPool: 0, nodeLoopRate: perSecond(1 / 30) };
  const parameters = { ...SIM_PARAMETERS, ...quiet, profiles: { ...profiles, mail } };
  const world = await World.create({ seed: "an hour ahead", parameters });
  const alice = await world.join({ name: "alice", provider: "a" });
  const frame = sendFrameBytes(geometry({ suite: parameters.suite, packetBytes: parameters.packetBytes }));
  const sentIn = async (time: number): Promise<number> => {
    const since = world.clock.now();
    await world.clock.runFor(milliseconds(time));
    return alice.observer.out(frame, since).length;
  };
  assert.ok((await sentIn(epoch.duration)) > 50);
  world.clockOf("alice").error = HOUR;
  await sentIn(epoch.duration);
  assert.equal(await sentIn(epoch.duration), 0);
  assert.equal(alice.client.status().state, "clock-wrong");
  world.clockOf("alice").error = 0;
  await sentIn(epoch.duration);
  assert.ok((await sentIn(epoch.duration)) > 50, "and goes on when it is right again");
  await world.stop();
});
