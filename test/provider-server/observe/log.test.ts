/** A log tells what was dropped at times that do not depend on when that was. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { Log } from "#provider-server/observe/log.ts";
import { Metrics } from "#provider-server/observe/metrics.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";

/** Not a whole hour or minute. */
const START = milliseconds(1_000_000_012_345);
const HOUR = 3_600_000;
const MINUTE = 60_000;

/** A daemon has figures, whose takes its log follows; a simulated node has none. */
const KINDS = ["with figures", "without figures"] as const;

/** Lines, each with the time since the start, of a log with drops at `times` since the start. */
async function lines(o: {
  kind: (typeof KINDS)[number];
  times: readonly number[];
  reason: DropReason;
  until: number;
  stopAt?: number;
}): Promise<string[]> {
  const clock = new VirtualClock({ start: START });
  const written: string[] = [];
  const metrics = o.kind === "with figures" ? new Metrics({ clock }) : undefined;
  const sink = (line: string): void => void written.push(`${clock.now() - START} ${line}`);
  const log = new Log({ clock, sink, ...(metrics && { metrics }) });
  metrics?.start(() => ({}));
  for (const time of o.times) clock.at(milliseconds(START + time), () => log.drop(o.reason));
  if (o.stopAt !== undefined) {
    clock.at(milliseconds(START + o.stopAt), () => {
      metrics?.stop();
      log.stop();
    });
  }
  await clock.runFor(milliseconds(o.until));
  return written;
}

for (const kind of KINDS) {
  test(`${kind}, single drops at different moments of an hour, or of a minute, are told alike`, async () => {
    for (const [reason, interval, line] of [
      ["DUPLICATE", HOUR, "dropped within an hour DUPLICATE=1"],
      ["REPLAY", MINUTE, "dropped REPLAY=1"],
    ] as const) {
      for (const part of [0.001, 0.12, 0.5, 0.999]) {
        const times = [(2 + part) * interval];
        assert.deepEqual(await lines({ kind, times, reason, until: 5 * interval }), [`${3 * interval} ${line}`]);
      }
    }
  });

  test(`${kind}, every line covers a whole interval, also after one that was told`, async () => {
    const times = [0.2 * HOUR, 0.9 * HOUR, HOUR + 1, 3.5 * HOUR];
    assert.deepEqual(await lines({ kind, times, reason: "DUPLICATE", until: 5 * HOUR }), [
      `${HOUR} dropped within an hour DUPLICATE=2`,
      `${2 * HOUR} dropped within an hour DUPLICATE=1`,
      `${4 * HOUR} dropped within an hour DUPLICATE=1`,
    ]);
  });

  test(`${kind}, the end tells nothing of the hour and the minute that it cuts short`, async () => {
    for (const [reason, interval] of [
      ["DUPLICATE", HOUR],
      ["REPLAY", MINUTE],
    ] as const) {
      const stopAt = 1.001 * interval;
      for (const times of [[1.0005 * interval], [1.002 * interval]]) {
        assert.deepEqual(await lines({ kind, times, reason, until: 4 * interval, stopAt }), []);
      }
    }
  });
}

test("a log and its figures tell of the same hour, however long the daemon took to start", async () => {
  const clock = new VirtualClock({ start: START });
  const written: string[] = [];
  const metrics = new Metrics({ clock });
  const log = new Log({ clock, sink: (line) => written.push(line), metrics });
  await clock.runFor(seconds(7));
  metrics.start(() => ({}));
  // After the hour of the log's making and before that of the figures' start.
  await clock.runFor(milliseconds(HOUR - 4000));
  log.drop("DUPLICATE");
  await clock.runFor(milliseconds(3999));
  assert.deepEqual([written, metrics.recent.dropped], [[], {}]);
  await clock.runFor(milliseconds(1));
  assert.deepEqual([written, metrics.recent.dropped], [["dropped within an hour DUPLICATE=1"], { DUPLICATE: 1 }]);
});

test("a log without figures that has nothing to tell waits for nothing", async () => {
  const clock = new VirtualClock({ start: START });
  const log = new Log({ clock, sink: () => undefined });
  assert.equal(clock.pending, 0);
  log.drop("DUPLICATE");
  log.drop("DUPLICATE");
  log.drop("REPLAY");
  assert.equal(clock.pending, 2, "one hour and one minute");
  await clock.runFor(seconds(3600));
  assert.equal(clock.pending, 0);
  log.drop("REPLAY");
  log.stop();
  log.drop("REPLAY");
  await clock.runFor(milliseconds(0));
  const before = clock.ran;
  await clock.runFor(seconds(7200));
  assert.equal(clock.ran, before);
});
