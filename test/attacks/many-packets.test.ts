/**
 * A long mail, or a year of short ones, meets mixes of one adversary alone sooner or later (Rahimi, "When Mixnets Fail", 2026). Guards
 * bound for how many people: those with a bad one. Production's layers, guards and paths, held against the closed form; the tables of
 * docs/compromised-mixes.md are made by `node test/attacks/harness/compromised-tables.ts`.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { mailShares, togetherShare, yearShares } from "./harness/compromised-tables.ts";
import { exactShare, firstAllBad } from "./harness/compromised-ways.ts";

const SIZES = [1, 5, 25, 184];
const near = (a: number, b: number, by: number): boolean => Math.abs(a - b) <= by;
const percent = (shares: readonly number[]): string => shares.map((share) => (100 * share).toFixed(1)).join(", ");

test("the closed form gives what can be reckoned by hand", () => {
  // One packet: the product of the shares, whatever the width; so many that every way is taken: a bad mix in each layer.
  assert.ok(near(exactShare({ packets: 1, first: 3, width: 20, share: 0.2 }), 0.008, 1e-12));
  assert.ok(near(exactShare({ packets: 1e9, first: 2, width: 2, share: 0.2 }), (1 - 0.8 ** 2) ** 3, 1e-9));
  assert.ok(
    near(exactShare({ packets: 1e9, first: 3, width: 20, share: 0.2 }), (1 - 0.8 ** 3) * (1 - 0.8 ** 20) ** 2, 1e-9),
  );
  assert.equal(
    firstAllBad(
      [
        [0, 1, 2],
        [0, 1, 3],
      ],
      Uint8Array.of(1, 1, 0, 1),
    ),
    1,
  );
  assert.equal(firstAllBad([[0, 1, 2]], Uint8Array.of(1, 1, 0)), 1);
});

for (const [width, share] of [
  [4, 0.2],
  [10, 0.1],
  [10, 0.2],
] as const) {
  test(`of a mail in a network of ${3 * width} mixes, ${100 * share} % of them bad, production's choices meet bad ones alone as often as the closed form says`, () => {
    for (const [packets, first] of [
      ["fresh", width],
      ["guarded", 3],
    ] as const) {
      const seen = mailShares({ width, share, packets, sizes: SIZES, clients: 12, draws: 800 });
      const exact = SIZES.map((size) => exactShare({ packets: size, first, width, share }));
      for (const [index, value] of seen.entries()) {
        assert.ok(near(value, exact[index] as number, 0.03), `${packets}: ${percent(seen)} for ${percent(exact)}`);
      }
    }
  });
}

test("guards halve what a long mail risks, and cannot make it small", () => {
  const common = { packets: 1000, width: 20, share: 0.2 };
  const [fresh, guarded] = [exactShare({ ...common, first: 20 }), exactShare({ ...common, first: 3 })];
  assert.ok(fresh > 0.9 && guarded > 0.45 && guarded < 0.5, percent([fresh, guarded]));
});

test("a receipt doubles what a mail of one packet risks; questions for a reader who is away double it again; a long mail they do not matter to", () => {
  const common = { width: 10, share: 0.2 };
  const short = [false, true].map((isAway) => togetherShare({ ...common, size: 1, isAway })) as [number, number];
  assert.ok(near(short[0], 0.016, 0.006) && near(short[1], 0.032, 0.009), percent(short));
  const long = [false, true].map((isAway) => togetherShare({ ...common, size: 184, isAway })) as [number, number];
  assert.ok(near(long[0], exactShare({ ...common, first: 3, packets: 184 }), 0.03), percent(long));
  assert.ok(near(long[1], long[0], 0.02), percent(long));
});

test("over a year of weekly mails guards protect four of ten people, as long as the first layer keeps its mixes; were it drawn anew, nobody", () => {
  const common = { width: 10, share: 0.2, weekly: 25, weeks: [1, 52], clients: 10, draws: 200 };
  const fresh = yearShares({ ...common, rule: "no guards" });
  const drawn = yearShares({ ...common, rule: "all layers drawn anew" });
  const kept = yearShares({ ...common, rule: "the first layer kept" });
  const year = [fresh, drawn, kept].map(({ shares }) => shares[1] as number) as [number, number, number];
  assert.ok(year[0] > 0.8 && year[1] > 0.8 && year[2] < 0.68, percent(year));
  assert.ok(kept.guardsMet < 6 && drawn.guardsMet > 15, `${kept.guardsMet}, ${drawn.guardsMet}`);
});
