/**
 * Reporters that lie in a network of 255 nodes. There an operator has a dozen of its loops over one mix, and one or two that are
 * lost by chance accuse it: what chance brings must not count for the liars, or a quarter of the operators could choose whom
 * everybody avoids. Spec: docs/spec/08-directory.md §12.3
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "#provider-server/authority/judge.ts";
import { epochNumber } from "#transport/core/units.ts";
import type { LoopReport, LostLoop } from "#transport/directory/loop-report.ts";
import type { Layers, NodeDescriptor } from "#transport/directory/model.ts";
import { type Adversary, PaperNetwork } from "./harness/paper-network.ts";

const SIZE = { mixesPerLayer: 75, providers: 30 };

/** Two epochs of a network, ready to be judged again and again with other lies in it. */
class Judged {
  readonly network: PaperNetwork;
  readonly #before: PaperNetwork["consensus"];

  constructor(adversary: Adversary) {
    this.network = new PaperNetwork({ seed: "framing", ...SIZE });
    this.network.epoch(adversary);
    this.#before = this.network.consensus;
    this.network.epoch();
  }

  /** Mixes that the judgement finds when these nodes lie. */
  nodesFound(liars: ReadonlySet<string>, lie: (name: string, report: LoopReport) => LoopReport): string[] {
    const withLie = (node: NodeDescriptor): NodeDescriptor =>
      liars.has(node.address) && node.loopReport !== undefined
        ? { ...node, loopReport: lie(node.address, node.loopReport) }
        : node;
    const { layers, providers } = this.network.consensus;
    const [first, second, third] = layers;
    const lying: Layers = [first.map(withLie), second.map(withLie), third.map(withLie)];
    const { findings } = judge({
      epoch: epochNumber(this.#before.epoch + 1),
      previous: this.#before,
      layers: lying,
      providers: providers.map(withLie),
    });
    return findings.filter(({ to }) => to === undefined).map((found) => this.network.nameOf(found));
  }

  /** Of the 180 operators whose loops pass mixes of layer 2, evenly from each stage. */
  some(count: number): Set<string> {
    const jury = this.network.names.filter((name) => stageOf(name) !== 2);
    return new Set(Array.from({ length: count }, (_, i) => jury[Math.floor((i * jury.length) / count)] as string));
  }

  /** All that a report can say against these mixes of layer 2, over ever other links. */
  against(victims: readonly string[]): (name: string, report: LoopReport) => LoopReport {
    return (name, report) => {
      const lost = Array.from({ length: 256 }, (_, turn): LostLoop => {
        const [a, b, c] = [1, 2, 3].map((step) => {
          const stage = (stageOf(name) + step) % 4;
          const among = stage === 2 ? victims : this.network.names.filter((other) => stageOf(other) === stage);
          return this.network.place(among[(turn * (2 * step - 1) + step) % among.length] as string);
        }) as [number, number, number];
        return [a, b, c];
      });
      return { ...report, lost };
    };
  }
}

/** p0 → 0, m1… → 1 */
const stageOf = (name: string): number => (name.startsWith("p") ? 0 : Number(name[1]));
const mixes = (count: number): string[] => Array.from({ length: count }, (_, i) => `m2${i}`);

test("a third of 180 operators, lying, have no mix avoided among 255 nodes, neither one nor thirty at once", () => {
  const judged = new Judged({});
  const liars = judged.some(60);
  for (const victim of mixes(5)) assert.deepEqual(judged.nodesFound(liars, judged.against([victim])), []);
  assert.deepEqual(judged.nodesFound(liars, judged.against(mixes(30))), []);
  // What more than half say counts.
  assert.ok(judged.nodesFound(judged.some(110), judged.against(["m20"])).includes("m20"));
});

test("a fifth of 180 operators shield no mix that drops a fifth, saying nothing, nothing lost, or whatever number of loops", () => {
  const judged = new Judged({ drops: ({ node }) => (node === "m20" ? 0.2 : 0) });
  const silent = judged.some(36);
  assert.deepEqual(
    judged.nodesFound(new Set(), (_, report) => report),
    ["m20"],
  );
  assert.deepEqual(
    judged.nodesFound(silent, (_, report) => ({ ...report, epoch: epochNumber(99) })),
    ["m20"],
  );
  for (const sent of [1, 800, 900, 960, 1080, 65_535]) {
    assert.deepEqual(
      judged.nodesFound(silent, (_, report) => ({ ...report, sent, lost: [] })),
      ["m20"],
      `${sent}`,
    );
  }
});
