import assert from "node:assert/strict";
import { test } from "node:test";
import { DROP_REASONS, type DropReason } from "#provider-server/observe/drop-reason.ts";
import {
  type CounterName,
  FIGURES,
  type Gauges,
  LATENESS_BOUNDS,
  METRIC_NAMES,
} from "#provider-server/observe/figures.ts";
import { Log } from "#provider-server/observe/log.ts";
import { Metrics, type Recent } from "#provider-server/observe/metrics.ts";
import { serveMetrics } from "#provider-server/observe/metrics-listener.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { watchedServers } from "#test/support/watched-servers.ts";
import { seconds } from "#transport/core/units.ts";

const minutes = (count: number) => seconds(60 * count);

test("figures stand still within a minute, whatever happens in it", async () => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock });
  metrics.start(() => ({ packets_held: 3 }));
  const before = metrics.text;
  metrics.count("packets_in");
  metrics.drop("REPLAY");
  metrics.late(3);
  await clock.runFor(seconds(59));
  assert.equal(metrics.text, before);
  assert.deepEqual(metrics.recent.counts, {});
  await clock.runFor(seconds(1));
  assert.match(metrics.text, /^starling_packets_in_total 1$/m);
  assert.match(metrics.text, /^starling_dropped_total\{reason="REPLAY"\} 1$/m);
  assert.match(metrics.text, /^starling_late_milliseconds_bucket\{le="5\.0"\} 1$/m);
  metrics.stop();
  metrics.count("packets_in");
  await clock.runFor(seconds(120));
  assert.match(metrics.text, /^starling_packets_in_total 1$/m, "nothing is taken after the end");
});

/** Everything that there is, each with a number of its own. */
function everyGauge(): Gauges {
  const gauges = Object.entries(FIGURES).filter(([name, { type }]) => type === "gauge" || name === "cpu_seconds");
  return Object.fromEntries(
    gauges.map(([name, figure], i) => [name, "label" in figure ? { current: i, "Authority 1.a-b": i + 1 } : i]),
  ) as Gauges;
}

test("every line is of OpenMetrics, counters end in _total, and the text ends with # EOF", async () => {
  const seen = new Set<string>();
  for (const role of ["provider", "authority"]) {
    const clock = new VirtualClock();
    const metrics = new Metrics({ clock, role });
    metrics.start(everyGauge);
    for (const reason of Object.keys(DROP_REASONS)) metrics.drop(reason as DropReason);
    metrics.refuse("a vote: too early");
    await clock.runFor(minutes(61));
    metrics.stop();
    const lines = metrics.text.split("\n");
    assert.deepEqual(lines.slice(-2), ["# EOF", ""]);
    const sample = /^(starling_[a-z_]+)(\{[a-z]+="[A-Za-z0-9_+.: -]+"\})? -?\d+$/;
    const comment = /^# (TYPE starling_[a-z_]+ (counter|gauge|histogram)|HELP starling_[a-z_]+ [^\\"]+)$/;
    for (const line of lines.slice(0, -2)) {
      assert.match(line, line.startsWith("#") ? comment : sample);
      const name = sample.exec(line)?.[1];
      if (name !== undefined) seen.add(name);
    }
    const described = lines.filter((line) => line.startsWith("# TYPE"));
    assert.equal(new Set(described).size, described.length, "each figure is described once");
  }
  assert.deepEqual([...seen].toSorted(), METRIC_NAMES.toSorted());
});

test("what depends on users' mail is told by the hour, cover never, everything else by the minute", async () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const metrics = new Metrics({ clock });
  const log = new Log({ clock, sink: (line) => lines.push(line), metrics });
  metrics.start(() => ({}));
  for (const reason of ["COVER", "DUPLICATE", "DUPLICATE", "MAILBOX_FULL", "REPLAY"] as const) log.drop(reason);
  const dropped = (reason: string): string | undefined =>
    new RegExp(`^starling_dropped_total\\{reason="${reason}"\\} (\\d+)$`, "m").exec(metrics.text)?.[1];
  await clock.runFor(minutes(59));
  assert.deepEqual(["REPLAY", "DUPLICATE", "MAILBOX_FULL", "COVER"].map(dropped), [
    "1",
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(lines, ["dropped REPLAY=1"]);
  assert.deepEqual(metrics.recent.dropped, { REPLAY: 0 });
  await clock.runFor(minutes(1));
  assert.deepEqual(["REPLAY", "DUPLICATE", "MAILBOX_FULL", "COVER"].map(dropped), ["1", "2", "1", undefined]);
  assert.deepEqual(lines.slice(1), ["dropped within an hour DUPLICATE=2 MAILBOX_FULL=1"]);
  assert.deepEqual(metrics.recent.dropped, { REPLAY: 0, DUPLICATE: 2, MAILBOX_FULL: 1 });
  log.drop("COVER");
  await clock.runFor(minutes(60));
  assert.deepEqual(metrics.recent.dropped, { REPLAY: 0 }, "the hour before the last is over");
  metrics.stop();
  log.stop();
  assert.equal(lines.length, 2);
});

test("two providers that get the same packets, one mail and one cover, tell the same within the hour", async () => {
  const told = await Promise.all(
    (["COVER", "DUPLICATE"] as const).map(async (reason) => {
      const clock = new VirtualClock();
      const lines: string[] = [];
      const metrics = new Metrics({ clock, role: "provider" });
      const log = new Log({ clock, sink: (line) => lines.push(line), metrics });
      metrics.start(() => ({ client_links: 1 }));
      metrics.count("packets_in");
      log.drop(reason);
      await clock.runFor(minutes(59));
      metrics.stop();
      return { text: metrics.text, recent: metrics.recent, lines };
    }),
  );
  assert.deepEqual(told[0], told[1]);
});

test("lateness is told in buckets of whole milliseconds that only grow, without a sum", async () => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock });
  for (const by of [-5, 0, 0.4, 1, 1.5, 99, 101, 999, 1000, 60_000]) metrics.late(by);
  metrics.start(() => ({}));
  metrics.stop();
  const buckets = [...metrics.text.matchAll(/^starling_late_milliseconds_bucket\{le="([^"]+)"\} (\d+)$/gm)];
  assert.deepEqual(
    buckets.map(([, bound]) => bound),
    [...LATENESS_BOUNDS.map((bound) => `${bound}.0`), "+Inf"],
  );
  assert.deepEqual(
    buckets.map(([, , count]) => Number(count)),
    [4, 5, 5, 5, 5, 5, 6, 7, 7, 9, 10],
  );
  assert.match(metrics.text, /^starling_late_milliseconds_count 10$/m);
  assert.doesNotMatch(metrics.text, /_sum/);
});

test("what status reads looks back ten minutes, and no farther", async () => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock, role: "mix" });
  assert.deepEqual(metrics.recent.minutes, 0);
  metrics.start(() => ({ links_up: 2, replay_tags: { current: 7 } }));
  metrics.count("packets_in", 100);
  metrics.late(700);
  metrics.drop("TOO_LATE");
  await clock.runFor(minutes(5));
  const early = metrics.recent;
  assert.equal(early.minutes, 5);
  assert.deepEqual(early.counts, { packets_in: 100 });
  assert.deepEqual(early.dropped, { TOO_LATE: 1 });
  assert.deepEqual([early.late.all, early.late.above["500"], early.late.above["1000"]], [1, 1, 0]);
  assert.deepEqual(early.figures, { links_up: 2, "replay_tags:current": 7, packets_in: 100 });
  metrics.count("packets_in", 11);
  await clock.runFor(minutes(10));
  const later = metrics.recent;
  assert.equal(later.minutes, 10);
  assert.deepEqual([later.counts, later.dropped, later.late.all], [{ packets_in: 11 }, { TOO_LATE: 0 }, 0]);
  assert.equal(later.figures["packets_in"], 111);
  metrics.stop();
});

test("a collector gets the figures, status what is recent, and nothing else is served", async (t) => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock, role: "provider" });
  metrics.start(() => ({ epoch: 7 }));
  const served = await serveMetrics({ metrics, host: "127.0.0.1", port: 0 });
  t.after(() => served.close());
  const answer = await fetch(`http://${served.address}/metrics`);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(await answer.text(), /^starling_epoch 7$/m);
  const recent = (await (await fetch(`http://${served.address}/recent`)).json()) as Recent;
  assert.deepEqual([recent.role, recent.figures["epoch"]], ["provider", 7]);
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/metrics?x"],
    ["POST", "/metrics"],
    ["POST", "/recent"],
  ]) {
    const other = await fetch(`http://${served.address}${path}`, { method: method as string });
    assert.equal(other.status, 404);
    assert.equal(await other.text(), "");
  }
  metrics.stop();
});

test("figures are served on when the listener runs out of file descriptors, twice", async (t) => {
  const servers = watchedServers(t);
  const served = await serveMetrics({
    metrics: new Metrics({ clock: new VirtualClock(), role: "mix" }),
    host: "127.0.0.1",
    port: 0,
  });
  t.after(() => served.close());
  for (let n = 0; n < 2; n++) servers[0]?.emit("error", Object.assign(new Error("accept"), { code: "EMFILE" }));
  assert.equal((await fetch(`http://${served.address}/`)).status, 404);
});

test("a node counts from the start, so that a collector sees the first of each", () => {
  const metrics = new Metrics({ clock: new VirtualClock(), role: "mix" });
  metrics.start(() => ({}));
  metrics.stop();
  const counters: CounterName[] = ["packets_in", "packets_out", "loops_returned", "loops_late", "loops_lost"];
  for (const name of counters) assert.match(metrics.text, new RegExp(`^starling_${name}_total 0$`, "m"));
  assert.doesNotMatch(metrics.text, /lists_missed/);
});
