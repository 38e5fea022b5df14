/** When nodes publish and fetch: each at a random time of the span that there is for it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DirectoryDuty } from "#provider-server/node/directory-duty.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { type Epoch, epochNumber, milliseconds } from "#transport/core/units.ts";
import { Directory } from "#transport/directory/directory.ts";
import { epochInUse, epochStart, scheduleOf } from "#transport/directory/epochs.ts";

test("nodes publish and fetch at random times of the spans that there are for it, each at its own", async (t) => {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  await net.start();
  const { clock, network, suite, authority } = net;
  const [published, fetched]: [number[], number[]] = [[], []];
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
          return authority.fetchConsensus(wanted);
        },
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
  await clock.runUntil(milliseconds(epochStart(network, epoch) - 1));
  for (const duty of duties) duty.stop();

  const { vote, publish } = scheduleOf(network, epoch);
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
