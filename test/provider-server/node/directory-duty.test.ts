/** When nodes publish and fetch: each at a random time of the span that there is for it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DirectoryDuty } from "#provider-server/node/directory-duty.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { type Epoch, epochNumber, milliseconds } from "#transport/core/units.ts";
import { Directory } from "#transport/directory/directory.ts";
import { epochInUse, epochStart, keyPeriodAt, scheduleOf } from "#transport/directory/epochs.ts";

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
  await net.clock.runUntil(milliseconds(begun + duration - 1));
  assert.deepEqual(kept, [], "first somebody has to say that the clock is right");
  clock.error = 0;
  await net.clock.runFor(milliseconds(1));
  const over = keyPeriodAt(network, milliseconds(begun + duration - network.parameters.epoch.overlap));
  assert.deepEqual(kept, [over]);
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
        fetchConsensus: async (wanted: Epoch | "current") => {
          if (wanted === epoch) fetched.push(clock.now());
          else lists++;
          return authority.fetchConsensus(wanted);
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
  isSpread(fetched, [publish, epochInUse(network, epoch)]);

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
