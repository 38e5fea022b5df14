/** docs/dashboard.json, for Grafana: what it shows exists, and whatever exists is shown. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { RULE_NAMES } from "#provider-server/cli/health.ts";
import { METRIC_NAMES } from "#provider-server/observe/figures.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

const text = readFileSync(new URL("../../../docs/dashboard.json", import.meta.url), "utf8");
const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
const targets = panels.flatMap((panel) => panel.targets ?? []);

test("the dashboard shows every figure that there is, and none that there is not", () => {
  const shown = targets.flatMap(({ expr }) => [...expr.matchAll(/\bstarling_[a-z_]+/g)].map(([name]) => name));
  assert.deepEqual([...new Set(shown)].toSorted(), METRIC_NAMES.toSorted());
});

test("each expression is of the daemons chosen above, and its lines say which", () => {
  for (const { expr, legendFormat } of targets) {
    const chosen = expr.match(/\{job="starling",instance=~"\$instance"\}/g)?.length ?? 0;
    assert.equal(chosen, expr.match(/\b(?:starling_[a-z_]+|up)\{/g)?.length, expr);
    assert.match(legendFormat, /^\{\{instance\}\}/);
  }
});

test("alerts that it names exist, and no panel covers another", () => {
  for (const [name] of text.matchAll(/\bStarling[A-Z]\w+/g))
    assert.ok(["StarlingDown", ...RULE_NAMES].includes(name), name);
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), title);
        taken.add(`${x} ${y}`);
      }
    }
  }
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
});
