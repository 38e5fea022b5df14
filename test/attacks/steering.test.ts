/**
 * A node that gives up its own links one after the other, so that all who pass it go on to mixes of its friends. One end's word
 * is enough to have a link avoided; it must not be enough to choose where others' packets go. Spec: docs/spec/08-directory.md §12.4
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LostLoop } from "#transport/directory/loop-report.ts";
import { PaperNetwork } from "./harness/paper-network.ts";

const MIXES = 6;

/** `liar` reports, an epoch for each of `targets`, its loops that go to that mix first as lost. */
function steered(liar: string, targets: readonly string[]): PaperNetwork {
  const network = new PaperNetwork({ seed: "steering", mixesPerLayer: MIXES, providers: 3 });
  network.epoch();
  for (const target of targets) {
    network.epoch({
      reports: ({ name, report }) => {
        if (name !== liar || report === undefined) return undefined;
        return { ...report, lost: Array.from({ length: 80 }, (_, turn) => wayOver(network, target, turn)) };
      },
    });
  }
  network.epoch();
  return network;
}

/** First to the target, then through two stages that follow it. */
function wayOver(network: PaperNetwork, target: string, turn: number): LostLoop {
  const stage = Number(target[1]);
  const after = [1, 2].map((step) => {
    const nodes = network.names.filter((name) => stageOf(name) === (stage + step) % 4);
    return network.place(nodes[(turn * (step + 1)) % nodes.length] as string);
  }) as [number, number];
  return [network.place(target), ...after];
}

/** p0 → 0, m1… → 1 */
const stageOf = (name: string): number => (name.startsWith("p") ? 0 : Number(name[1]));

for (const [liar, stage] of [
  ["p0", 1],
  ["m10", 2],
] as const) {
  test(`${liar} cannot cut itself off from more than half of the mixes behind it`, () => {
    const targets = Array.from({ length: MIXES - 2 }, (_, index) => `m${stage}${index}`);
    const network = steered(liar, targets);
    const cut = (effect: "avoided" | "kept"): string[] =>
      network.demoted(effect).filter((link) => link.startsWith(`${liar}>`));
    assert.equal(cut("avoided").length, MIXES / 2, "as many as leave a choice of half");
    assert.equal(cut("kept").length, targets.length - MIXES / 2, "the rest is named, and used");
  });
}
