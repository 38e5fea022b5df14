/** The page and the plots say what the figures of the release say. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { releasedFigures } from "./figures.ts";
import { chart, plots } from "./plot.ts";
import { fill } from "./tables.ts";

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

test("docs/anonymity.md has the tables of the release's figures", () => {
  const page = read("anonymity.md");
  assert.equal(page, fill(page, releasedFigures()));
  assert.throws(() => fill(page.replace("<!-- spread -->", ""), releasedFigures()), /spread/);
});

test("docs/plots are drawn from the release's figures", () => {
  for (const [name, svg] of Object.entries(plots(releasedFigures()))) {
    assert.equal(read(`plots/${name}.svg`), svg, name);
    assert.ok(read("anonymity.md").includes(`plots/${name}.svg`), `${name} is in the page`);
  }
});

test("a plot puts its points where they belong", () => {
  const svg = chart({
    title: "T",
    x: { label: "x", ticks: [1, 10, 100], scale: "log" },
    y: { label: "y", ticks: [0, 1] },
    series: [
      {
        name: "one",
        points: [
          [1, 0],
          [100, 1],
          [10, 0.5],
        ],
      },
    ],
  });
  assert.match(svg, /class="line s0" d="M64 316L500 48L282 182"/);
});
