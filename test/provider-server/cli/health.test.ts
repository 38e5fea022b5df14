/** What `status` and the alert rules call trouble: each planted, each found by name, nothing else with it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findings, OVERLOAD, RULE_NAMES } from "#provider-server/cli/health.ts";
import { TROUBLE } from "#provider-server/cli/limits.ts";
import { DROP_REASONS } from "#provider-server/observe/drop-reason.ts";
import { METRIC_NAMES } from "#provider-server/observe/figures.ts";
import { AUTHORITY, NODE, PLANTED } from "#test/support/planted-troubles.ts";

test("a healthy node and a healthy authority have no findings", () => {
  assert.deepEqual(findings(NODE), []);
  assert.deepEqual(findings(AUTHORITY), []);
});

test("each trouble is found by its name, and nothing else with it", () => {
  for (const [name, recent, shown] of PLANTED) {
    const found = findings(recent);
    assert.deepEqual(
      found.map((finding) => finding.name),
      [name],
    );
    assert.match(found[0]?.what ?? "", shown);
    assert.ok((found[0]?.todo.length ?? 0) > 20, "it says what to do");
  }
  assert.deepEqual([...new Set(PLANTED.map(([name]) => name))], RULE_NAMES, "every rule is planted here");
});

test("a few loops that were lost say nothing", () => {
  assert.deepEqual(findings({ ...NODE, loops: { returned: 20, late: 0, lost: 20 } }), []);
});

const alerts = readFileSync(new URL("../../../docs/alerts.yml", import.meta.url), "utf8");

test("the alert rules are those of status, and name only figures and reasons that exist", () => {
  const names = [...alerts.matchAll(/^ {6}- alert: (\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(names, ["StarlingDown", ...RULE_NAMES]);
  const metrics = [...alerts.matchAll(/\bstarling_[a-z_]+/g)].map(([name]) => name);
  assert.ok(metrics.length > 40);
  for (const metric of metrics) assert.ok(METRIC_NAMES.includes(metric), metric);
  const reasons = [...alerts.matchAll(/reason=~?"([A-Z_|]+)"/g)].flatMap(([, list]) => (list ?? "").split("|"));
  assert.ok(reasons.length > 5);
  for (const reason of reasons) assert.ok(Object.hasOwn(DROP_REASONS, reason), reason);
  const expressions = [...alerts.matchAll(/^ {8}expr:/gm)];
  assert.equal(expressions.length, names.length, "each has an expression");
});

const rule = (name: string): string => alerts.split("- alert: ").find((part) => part.startsWith(`${name}\n`)) ?? "";

test("the alert rules and status draw the line in the same place", () => {
  const lines: [name: string, bar: string][] = [
    ["StarlingOverloaded", `> ${TROUBLE.overload} *`],
    ["StarlingOverloaded", `"${OVERLOAD.join("|")}"`],
    ["StarlingUnsent", `> ${TROUBLE.unsent} *`],
    ["StarlingFlooded", `> ${TROUBLE.overload} *`],
    ["StarlingBadPackets", `> ${TROUBLE.bad} *`],
    ["StarlingLate", `le="${TROUBLE.late.milliseconds}.0"`],
    ["StarlingLate", `> ${TROUBLE.late.share}`],
    ["StarlingQueueFull", `> ${TROUBLE.full} *`],
    ["StarlingBacklog", `> ${TROUBLE.full} *`],
    ["StarlingReplaySetFull", `(${TROUBLE.full} *`],
    ["StarlingLoopsLost", `> ${TROUBLE.loopsLost} *`],
    ["StarlingClockWrong", `> ${TROUBLE.clock} *`],
    ["StarlingVoteLate", `(${TROUBLE.clock} *`],
    ["StarlingDiskLow", `< ${TROUBLE.diskFreeBytes}`],
    ["StarlingMemoryDirectoryLow", `< ${TROUBLE.memoryDirectoryFreeBytes}`],
  ];
  for (const [name, bar] of lines) assert.ok(rule(name).includes(bar), `${name} ${bar}`);
});
