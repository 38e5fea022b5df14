/** When nodes publish and fetch: each at a random time of the span that there is for it. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DirectoryDuty } from "#provider-server/node/directory-duty.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import {
  type Epoch,
  epochNumber,
  type KeyPeriod,
  type Milliseconds,
  milliseconds,
  seconds,
} from "#transport/core/units.ts";
import { Directory } from "#transport/directory/directory.ts";
import { epochAt, epochInForce, epochStart, keyPeriodAt, scheduleOf } from "#transport/directory/epochs.ts";

test("a clock that is set again and again, with no authority to be heard, puts erasing off by an epoch and no more", async (t) => {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const { network, suite } = net;
  const { duration } = network.parameters.epoch;
  const clock = new WrongClock(net.clock);
  const kept: number[] = [];
  const duty = new DirectoryDuty({
    clock,
    random: new SeededRandom("duty"),
    network,
    directory: {
      publishDescriptor: () => Promise.reject(new TransportError("PROVIDER_DOWN")),
      fetchConsensus: () => Promise.reject(new TransportError("PROVIDER_DOWN")),
      fetchTime: () => Promise.reject(new TransportError("PROVIDER_DOWN")),
    },
    consensuses: new Directory({ network, suite }),
    log: keptLog(clock).log,
    describe: () => new Uint8Array(1),
    onChange: () => undefined,
    onKeysOver: (period) => kept.push(period),
    onEpochOver: () => undefined,
  });
  t.after(() => duty.stop());
  const begun = epochStart(network, epochNumber(3));
  await net.clock.runUntil(begun);
  duty.start();
  for (let step = 1; step < 4; step++) {
    await net.clock.runUntil(milliseconds(begun + (step * duration) / 4));
    clock.error = step % 2 === 0 ? 0 : 24 * 3_600_000;
  }
  // Each of the two times that it was put forward ended one of sixteen steps.
  const end = milliseconds(begun + (14 * duration) / 16);
  await net.clock.runUntil(milliseconds(end - 1));
  assert.deepEqual(kept, [], "first somebody has to say that the clock is right");
  clock.error = 0;
  await net.clock.runFor(milliseconds(1));
  const over = keyPeriodAt(network, milliseconds(end - network.parameters.epoch.overlap));
  assert.deepEqual(kept, [over]);
});

for (const [title, isSilent, steps] of [
  ["however long the authorities say that it is wrong", false, 40],
  ["nor, for an epoch, while none says anything", true, 16],
] as const) {
  test(`a clock that is set ahead by a quarter of an epoch is not believed in what cannot be undone, ${title}`, async (t) => {
    const net = await SmallNetwork.create();
    t.after(() => net.stop());
    const { network, suite } = net;
    const { duration } = network.parameters.epoch;
    const clock = new WrongClock(net.clock);
    let says = true;
    const duty = new DirectoryDuty({
      clock,
      random: new SeededRandom("duty"),
      network,
      directory: {
        publishDescriptor: () => Promise.resolve(),
        fetchConsensus: () => Promise.reject(new TransportError("PROVIDER_DOWN")),
        fetchTime: () =>
          says ? Promise.resolve(net.clock.now()) : Promise.reject(new TransportError("PROVIDER_DOWN")),
      },
      consensuses: new Directory({ network, suite }),
      log: keptLog(clock).log,
      describe: () => new Uint8Array(1),
      onChange: () => undefined,
      onKeysOver: () => undefined,
      onEpochOver: () => undefined,
    });
    t.after(() => duty.stop());
    duty.start();
    await net.clock.runFor(milliseconds(duration / 2));
    assert.equal(duty.knownTime, clock.now());
    // So little that it seems near for longer than a set clock is waited for.
    clock.error = duration / 4;
    says = !isSilent;
    await net.clock.runFor(milliseconds(duration / 8));
    for (let step = 0; step < steps; step++) {
      await net.clock.runFor(milliseconds(duration / 20));
      assert.ok(Number(duty.knownTime) <= net.clock.now(), `after ${step} twentieths of an epoch`);
    }
    clock.error = 0;
    says = true;
    await net.clock.runFor(milliseconds(duration / 2));
    assert.equal(duty.knownTime, clock.now());
  });
}

test("a clock that is put right while the time is asked for: the descriptor is of the right epoch, and one is published", async (t) => {
  const scene = await started(t);
  const { clock, net, published, question } = scene;
  clock.error = -HOURS;
  scene.duty.start();
  await net.clock.runFor(seconds(1));
  clock.error = 0;
  question.answer();
  await net.clock.runFor(milliseconds(10));
  assert.deepEqual(published, [epochAt(net.network, clock.now())]);
});

test("a clock that is set ahead while a list is on its way is not the one that the authorities agreed with: no key is erased", async (t) => {
  const scene = await started(t);
  const { clock, net, kept, list } = scene;
  scene.question.answer();
  scene.duty.start();
  await net.clock.runFor(milliseconds(10));
  const known = [...kept];
  clock.error = HOURS;
  // By the first look after it the clock is new, and nobody has agreed with it.
  await net.clock.runFor(scene.lookInterval);
  list.answer();
  await net.clock.runFor(milliseconds(10));
  assert.deepEqual(kept, known);
});

test("a node that starts fetches one list after the other, and no second one where the epoch has one", async (t) => {
  const scene = await started(t);
  const { net, fetched, list } = scene;
  scene.question.answer();
  scene.duty.start();
  await net.clock.runFor(seconds(1));
  const epoch = epochAt(net.network, net.clock.now());
  assert.deepEqual(fetched, [epoch]);
  list.answer();
  await net.clock.runFor(milliseconds(10));
  assert.deepEqual(fetched, [epoch, "current"], "this epoch has none");
});

test("a node whose clock is wrong fetches no list, however often it tries", async (t) => {
  const { net, clock, duty, fetched, question } = await started(t);
  clock.error = HOURS;
  question.answer();
  duty.start();
  await net.clock.runFor(seconds(30));
  assert.deepEqual(fetched, []);
});

test("nodes publish and fetch at random times of the spans that there are for it, each at its own", async (t) => {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  await net.start();
  const { clock, network, suite, authority } = net;
  const [published, fetched]: [number[], number[]] = [[], []];
  let lists = 0;
  const epoch = epochNumber(2);
  const duties = Array.from({ length: 40 }, (_, n) => {
    const duty = new DirectoryDuty({
      clock,
      random: new SeededRandom(`duty ${n}`),
      network,
      directory: {
        publishDescriptor: async () => void published.push(clock.now()),
        fetchConsensus: async (wanted, agrees) => {
          if (wanted === epoch) fetched.push(clock.now());
          else lists++;
          return authority.fetchConsensus(wanted, agrees);
        },
        fetchTime: () => authority.fetchTime(),
      },
      consensuses: new Directory({ network, suite }),
      log: keptLog(clock).log,
      describe: () => new Uint8Array(1),
      onChange: () => undefined,
      onKeysOver: () => undefined,
      onEpochOver: () => undefined,
    });
    duty.start();
    return duty;
  });
  const start = epochStart(network, epochNumber(1));
  await clock.runUntil(milliseconds(start - 1));
  published.length = 0;
  lists = 0;
  await clock.runUntil(milliseconds(epochStart(network, epoch) - 1));
  for (const duty of duties) duty.stop();

  const { vote, publish } = scheduleOf(network, epoch);
  assert.equal(lists, 0, "besides the next list none is fetched: whoever publishes needs the time alone");
  isSpread(published, [start, (start + vote) / 2]);
  isSpread(fetched, [publish, epochInForce(network, epoch)]);

  /** One for each node, over the whole span. */
  function isSpread(times: readonly number[], [from, to]: readonly [number, number]): void {
    assert.equal(times.length, duties.length);
    assert.equal(new Set(times).size, duties.length);
    assert.ok(Math.min(...times) >= from && Math.max(...times) <= to);
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    assert.ok(Math.abs(mean - (from + to) / 2) < 0.2 * (to - from), `mean ${(mean - from) / (to - from)}`);
    assert.ok(Math.max(...times) - Math.min(...times) > 0.8 * (to - from));
  }
});

const HOURS = 3 * 3_600_000;

/** Something that comes when it is let come, and at once from then on. */
class Gate {
  answer: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => {
    this.answer = resolve;
  });
}

/** A duty of epoch 3 whose clock can be set, and that is answered when the test says so; the authorities have no list. */
async function started(t: TestContext) {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const { network, suite } = net;
  const clock = new WrongClock(net.clock);
  const [question, list] = [new Gate(), new Gate()];
  const published: Epoch[] = [];
  const fetched: (Epoch | "current")[] = [];
  const kept: KeyPeriod[] = [];
  const duty: DirectoryDuty = new DirectoryDuty({
    clock,
    random: new SeededRandom("duty"),
    network,
    directory: {
      publishDescriptor: async (descriptor) => void published.push(epochNumber(descriptor[0] ?? 0)),
      fetchConsensus: async (epoch, agrees) => {
        await question.passed;
        if (!agrees(net.clock.now())) return { consensus: undefined };
        fetched.push(epoch);
        await list.passed;
        return { consensus: undefined };
      },
      fetchTime: async (): Promise<Milliseconds> => {
        await question.passed;
        return net.clock.now();
      },
    },
    consensuses: new Directory({ network, suite }),
    log: keptLog(clock).log,
    describe: (epoch) => new Uint8Array([epoch]),
    onChange: () => undefined,
    onKeysOver: (period) => kept.push(period),
    onEpochOver: () => undefined,
  });
  t.after(() => duty.stop());
  await net.clock.runUntil(milliseconds(epochStart(network, epochNumber(3)) + 1000));
  const lookInterval = milliseconds(network.parameters.epoch.duration / 16);
  return { net, clock, duty, question, list, published, fetched, kept, lookInterval };
}
