/**
 * Alert rules and dashboard, by Prometheus's own checker. Each trouble that `status` finds is planted in a daemon's figures, which
 * are collected by the minute from its own text, and must raise the alert of its name, on that daemon, and no other.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FIGURES } from "#provider-server/observe/figures.ts";
import type { Recent } from "#provider-server/observe/metrics.ts";
import { AUTHORITY, NODE, PLANTED } from "#test/support/planted-troubles.ts";
import { promtool } from "#test/support/promtool.ts";
import { scraped, type Series } from "#test/support/scraped.ts";

const RULES = fileURLToPath(new URL("../../docs/alerts.yml", import.meta.url));

/** When the trouble begins, and when every rule must have seen it: after an hour and a half, and what is told by the hour twice. */
const PLANTED_AT = 30;
const SEEN_AT = 125;
const MINUTES = 130;

const folder = mkdtempSync(join(tmpdir(), "starling-prometheus-"));
let tool: ReturnType<typeof promtool>;
before(() => {
  tool = promtool(folder);
});
after(() => rmSync(folder, { recursive: true }));

interface Rule {
  readonly name: string;
  /** Minutes for which it must hold. */
  readonly wait: number;
  readonly summary: string;
}

const rules: readonly Rule[] = readFileSync(RULES, "utf8")
  .split("- alert: ")
  .slice(1)
  .map((text) => ({
    name: /^\w+/.exec(text)?.[0] ?? "",
    wait: Number(/ for: (\d+)m$/m.exec(text)?.[1] ?? 0),
    summary: /summary: "(.*)" \}$/m.exec(text)?.[1] ?? "",
  }));

test("each trouble raises the alert of its name and no other, and health raises none", async (t) => {
  const checked = tool("check", "rules", RULES);
  assert.ok(checked.isWell, checked.said);
  assert.match(checked.said, new RegExp(`SUCCESS: ${rules.length} rules found`));

  const healthy = { node: await scraped(MINUTES, () => NODE), authority: await scraped(MINUTES, () => AUTHORITY) };
  const cases = await Promise.all(
    PLANTED.map(async ([name, trouble]) => {
      const health = trouble.role === "authority" ? AUTHORITY : NODE;
      return caseOf(name, await scraped(MINUTES, (minute) => (minute < PLANTED_AT ? health : trouble)), healthy);
    }),
  );
  const silent = new Map([...healthy.node].map(([series, values]) => [series, values.slice(0, PLANTED_AT)]));
  cases.push(caseOf("StarlingDown", silent, healthy));
  assert.deepEqual([...new Set(cases.map(({ name }) => name))].toSorted(), rules.map(({ name }) => name).toSorted());
  verify(cases);

  await t.test("entries refused within one hour alone are told too", async () => {
    const trouble = PLANTED.find(([name]) => name === "StarlingDiskFull")?.[1] as Recent;
    const once = await scraped(MINUTES, (minute) => (minute === PLANTED_AT ? trouble : NODE));
    verify([caseOf("StarlingDiskFull", once, healthy)]);
  });
});

test("every expression of the dashboard finds something in what daemons tell", async () => {
  const expressions = DASHBOARD.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 40);
  const everything = {
    provider: await scraped(MINUTES, () => EVERYTHING),
    authority: await scraped(MINUTES, () => EVERYTHING_OF_AUTHORITY),
  };
  const asked = expressions.map((expr) => ({
    expr: `count(${expr.replaceAll("$instance", ".*")}) > bool 0`,
    eval_time: `${SEEN_AT}m`,
    exp_samples: [{ labels: "{}", value: 1 }],
  }));
  verify([{ name: "dashboard", interval: "1m", input_series: seriesOf(everything), promql_expr_test: asked }]);
});

function verify(tests: readonly object[]): void {
  const file = join(folder, "tests.yml");
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: "1m", tests }));
  const { isWell, said } = tool("test", "rules", file);
  assert.ok(isWell, said.slice(0, 4000));
}

/** For promtool, as JSON, which is YAML: two healthy daemons and one in trouble, asked for every alert. */
function caseOf(name: string, trouble: Series, healthy: { node: Series; authority: Series }) {
  const { summary = "" } = rules.find((each) => each.name === name) ?? {};
  const series = seriesOf({ ...healthy, planted: trouble });
  const of = LABELLED[name] ?? {};
  const raised = [
    {
      exp_labels: { job: "starling", instance: "planted", ...of },
      exp_annotations: { summary: summary.replace("{{ $labels.authority }}", of["authority"] ?? "") },
    },
  ];
  const asked = rules.flatMap(({ name: alertname, wait }) => {
    const early = [PLANTED_AT - 1, ...(wait > 1 ? [PLANTED_AT + wait - 1] : [])];
    const nothing = early.map((minute) => ({ eval_time: `${minute}m`, alertname, exp_alerts: [] as typeof raised }));
    return nothing.concat({ eval_time: `${SEEN_AT}m`, alertname, exp_alerts: alertname === name ? raised : [] });
  });
  return { name, interval: "1m", input_series: series, alert_rule_test: asked };
}

/** What an alert says besides which daemon: of the trouble as it is planted. */
const LABELLED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  StarlingVoteLate: { authority: "three" },
  StarlingReplaySetFull: { key: "next" },
  StarlingDiskFull: { reason: "DISK_FULL" },
};

const withLabels = (key: string, labels: string): string =>
  key.endsWith("}") ? `${key.slice(0, -1)},${labels}}` : `${key}{${labels}}`;

/** A series that is told no more is stale at once, as when Prometheus collects. */
const valuesOf = (values: readonly (string | undefined)[]): string =>
  Array.from({ length: MINUTES }, (_, i) => values[i] ?? (i > 0 && values[i - 1] !== undefined ? "stale" : "_")).join(
    " ",
  );

/** For promtool: with the labels that a collector adds, and whether it had an answer. */
function seriesOf(instances: Readonly<Record<string, Series>>): { series: string; values: string }[] {
  return Object.entries(instances).flatMap(([instance, all]) => {
    const isUp = (minute: number): boolean => [...all.values()].some((values) => values[minute] !== undefined);
    const up = Array.from({ length: MINUTES }, (_, minute) => (isUp(minute) ? "1" : "0"));
    return [["up", up] as const, ...all].map(([key, values]) => ({
      series: withLabels(key, `job="starling",instance="${instance}"`),
      values: valuesOf(values),
    }));
  });
}

const DASHBOARD = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../docs/dashboard.json", import.meta.url)), "utf8"),
) as { panels: { targets?: { expr: string }[] }[] };

/** Every figure that there is, as far as a role has it. */
const gauges = Object.entries(FIGURES).flatMap(([name, figure]): [string, number][] => {
  if (figure.type === "counter" && name !== "cpu_seconds") return [];
  return [["label" in figure ? `${name}:one` : name, 1]];
});
const EVERYTHING: Recent = { ...NODE, figures: Object.fromEntries(gauges) };
const EVERYTHING_OF_AUTHORITY: Recent = {
  ...AUTHORITY,
  figures: { ...Object.fromEntries(gauges), "refused:a vote, too early": 1 },
};
