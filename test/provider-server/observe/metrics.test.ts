import assert from "node:assert/strict";
import { test } from "node:test";
import { DROP_REASONS } from "#provider-server/observe/drop-reason.ts";
import { Log } from "#provider-server/observe/log.ts";
import { METRICS, Metrics } from "#provider-server/observe/metrics.ts";
import { serveMetrics } from "#provider-server/observe/metrics-listener.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { seconds } from "#transport/core/units.ts";

test("figures stand still within a minute, whatever happens in it", async () => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock });
  metrics.start(() => ({ packets_held: 3 }));
  const before = metrics.text;
  metrics.count("packets_in");
  metrics.drop("REPLAY");
  await clock.runFor(seconds(59));
  assert.equal(metrics.text, before);
  await clock.runFor(seconds(1));
  assert.match(metrics.text, /^starling_packets_in_total 1$/m);
  assert.match(metrics.text, /^starling_dropped_total\{reason="REPLAY"\} 1$/m);
  metrics.stop();
  metrics.count("packets_in");
  await clock.runFor(seconds(120));
  assert.match(metrics.text, /^starling_packets_in_total 1$/m, "nothing is taken after the end");
});

test("every line is of OpenMetrics, counters end in _total, and the text ends with # EOF", () => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock });
  for (const reason of Object.keys(DROP_REASONS)) metrics.drop(reason as keyof typeof DROP_REASONS);
  const gauges = Object.entries(METRICS).filter(([, { type }]) => type === "gauge");
  metrics.start(() => Object.fromEntries(gauges.map(([name], i) => [name, i])));
  metrics.stop();
  const lines = metrics.text.split("\n");
  assert.deepEqual(lines.slice(-2), ["# EOF", ""]);
  const sample = /^starling_[a-z_]+(\{reason="[A-Z_]+"\})? \d+$/;
  const comment = /^# (TYPE starling_[a-z_]+ (counter|gauge)|HELP starling_[a-z_]+ [^\\"]+)$/;
  for (const line of lines.slice(0, -2)) assert.match(line, line.startsWith("#") ? comment : sample);
  for (const [name, { type }] of Object.entries(METRICS)) {
    const full = `starling_${name}${type === "counter" ? "_total" : ""}`;
    assert.ok(
      lines.some((line) => line.startsWith(`${full} `)),
      full,
    );
  }
});

test("what the log counts as dropped, the figures count", () => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock });
  const log = new Log({ clock, sink: () => undefined, metrics });
  log.drop("COVER");
  log.drop("COVER");
  metrics.start(() => ({}));
  metrics.stop();
  assert.match(metrics.text, /^starling_dropped_total\{reason="COVER"\} 2$/m);
});

test("a collector gets the figures, and nothing else is served", async (t) => {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock });
  metrics.start(() => ({ epoch: 7 }));
  const served = await serveMetrics({ metrics, host: "127.0.0.1", port: 0 });
  t.after(() => served.close());
  const answer = await fetch(`http://${served.address}/metrics`);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(await answer.text(), /^starling_epoch 7$/m);
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/metrics?x"],
    ["POST", "/metrics"],
  ]) {
    const other = await fetch(`http://${served.address}${path}`, { method: method as string });
    assert.equal(other.status, 404);
    assert.equal(await other.text(), "");
  }
  metrics.stop();
});
