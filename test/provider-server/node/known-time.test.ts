/** What a node believes of its clock in what cannot be undone, between a change of the clock and the node's next look at it. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DirectoryDuty } from "#provider-server/node/directory-duty.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { runningMemory } from "#test/support/running-memory.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { GENESIS, SmallNetwork } from "#test/support/small-network.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { Directory } from "#transport/directory/directory.ts";
import { clockErrorMax } from "#transport/directory/epochs.ts";

test("a clock that is set is believed from that moment on no more, and again from the moment it is put right", async (t) => {
  const { duty, clock, max } = await agreed(t);
  const last = await lastAgreement(duty, clock);
  for (const error of [max + 1, 3 * max, -max - 1, -3 * max]) {
    clock.error = error;
    assert.equal(duty.knownTime, last, `${error} ms ahead`);
    assert.equal(duty.certainTime, undefined);
    clock.error = 0;
    assert.equal(duty.knownTime, clock.now());
    assert.equal(duty.certainTime, clock.now());
  }
});

test("nor is one that is set in steps, each of which is too small to be seen", async (t) => {
  const { duty, clock, max } = await agreed(t);
  const last = await lastAgreement(duty, clock);
  clock.error = 0.9 * max;
  assert.equal(duty.knownTime, clock.now());
  clock.error = 1.8 * max;
  assert.equal(duty.knownTime, last);
});

test("a machine that has slept, whose count of its running takes no note of that, knows the time once the authorities agree", async (t) => {
  const { duty, clock, machine, look } = await agreed(t);
  const last = await lastAgreement(duty, clock);
  clock.error = machine.slept = ASLEEP;
  assert.equal(duty.knownTime, last);
  await machine.runFor(look);
  assert.equal(duty.knownTime, clock.now());
  await machine.runFor(milliseconds(machine.duration * 3));
  assert.equal(duty.knownTime, clock.now());
});

test("a machine that has slept and counted it knows the time at once", async (t) => {
  const { duty, clock, machine, look } = await agreed(t);
  clock.error = machine.slept = machine.counted = ASLEEP;
  assert.equal(duty.certainTime, clock.now());
  await machine.runFor(look);
  assert.equal(duty.certainTime, clock.now());
});

test("what was believed of a clock that nobody can be asked about stays so until somebody can", async (t) => {
  const { duty, clock, machine } = await agreed(t);
  const last = await lastAgreement(duty, clock);
  machine.isSilent = true;
  clock.error = machine.duration / 4;
  await machine.runFor(milliseconds(1.2 * machine.duration));
  assert.equal(duty.knownTime, last, "also when keys are erased by this clock again, after an epoch");
  clock.error = 0;
  assert.equal(duty.knownTime, clock.now());
  clock.error = machine.slept = machine.duration / 4;
  machine.isSilent = false;
  await machine.runFor(milliseconds(machine.duration / 2));
  assert.equal(duty.knownTime, clock.now());
});

const ASLEEP = 40_000;
const silence = (): Promise<never> => Promise.reject(new TransportError("PROVIDER_DOWN"));

/** When the authorities last agreed with the clock, as the duty says it of a clock that is far off. */
async function lastAgreement(duty: DirectoryDuty, clock: WrongClock): Promise<Milliseconds> {
  clock.error = 1e9;
  const time = duty.knownTime;
  clock.error = 0;
  assert.ok(time !== undefined && time < clock.now());
  return time;
}

/** A node with whose clock the authorities have agreed, some time ago. */
async function agreed(t: TestContext) {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const { network, suite } = net;
  const { duration } = network.parameters.epoch;
  const clock = new WrongClock(net.clock);
  const machine = {
    duration,
    isSilent: false,
    /** By how much the time has gone on while no program ran, and how much of it the machine has counted. */
    slept: 0,
    counted: 0,
    runFor: (time: Milliseconds) => net.clock.runFor(time),
  };
  const duty = new DirectoryDuty({
    clock,
    random: new SeededRandom("duty"),
    network,
    directory: {
      publishDescriptor: () => Promise.resolve(),
      fetchConsensus: silence,
      fetchTime: () => (machine.isSilent ? silence() : Promise.resolve(milliseconds(net.clock.now() + machine.slept))),
    },
    consensuses: new Directory({ network, suite }),
    log: keptLog(clock).log,
    clockMemory: runningMemory(t, () => milliseconds(net.clock.now() - GENESIS + duration + machine.counted)),
    describe: () => new Uint8Array(1),
    onChange: () => undefined,
    onKeysOver: () => undefined,
    onEpochOver: () => undefined,
  });
  t.after(() => duty.stop());
  duty.start();
  await machine.runFor(milliseconds(duration / 2));
  assert.equal(duty.knownTime, clock.now());
  const max = clockErrorMax(network);
  // By then the next look has come and what it asks for.
  return { duty, clock, machine, max, look: milliseconds(duration / 16 + 1000) };
}
