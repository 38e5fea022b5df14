/**
 * Reporters that lie: to have an honest mix avoided, so that more traffic passes their own, or to shield one that drops. Reports
 * weigh by operator, a minority of them finds nobody guilty, and one end can give up only its own links.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loopsAtMost } from "#provider-server/authority/evidence.ts";
import type { LostLoop } from "#transport/directory/loop-report.ts";
import { type Adversary, PaperNetwork } from "./harness/paper-network.ts";

const VICTIM = "m20";

/** Every loop that could pass the victim did, and was lost, say the liars. */
function framing(liars: readonly string[], claims = 200): Adversary {
  return {
    reports: ({ name, report, network }) => {
      if (!liars.includes(name) || report === undefined) return undefined;
      const lost = Array.from({ length: claims }, (_, turn) => wayOver(network, name, turn)).filter(
        (way) => way !== undefined,
      );
      return { ...report, lost };
    },
  };
}

/** A way of a node's loop over the victim, another one each turn; none where its loops never pass it. */
function wayOver(network: PaperNetwork, name: string, turn: number): LostLoop | undefined {
  const stages = [1, 2, 3].map((step) => (stageOf(name) + step) % 4);
  const at = stages.indexOf(stageOf(VICTIM));
  if (at < 0) return undefined;
  const [a, b, c] = stages.map((stage, index) => {
    const nodes = network.names.filter((other) => stageOf(other) === stage);
    return network.place(index === at ? VICTIM : (nodes[(turn * (index + 2)) % nodes.length] as string));
  }) as [number, number, number];
  return [a, b, c];
}

/** p0 → 0, m1… → 1 */
const stageOf = (name: string): number => (name.startsWith("p") ? 0 : Number(name[1]));

function judged(
  adversary: Adversary,
  o: { operatorOf?: (name: string) => string; mixesPerLayer?: number; providers?: number } = {},
) {
  const network = new PaperNetwork({ seed: "framing", mixesPerLayer: 4, providers: 3, ...o });
  network.epoch(adversary);
  network.epoch(adversary);
  return network;
}

/** Nodes among what is demoted, in whatever way. */
const nodesIn = (network: PaperNetwork): string[] =>
  [...network.demoted("avoided"), ...network.demoted("kept")].filter((target) => !target.includes(">"));

test("one reporter that calls all its loops over a mix lost has nobody demoted, only links of its own", () => {
  for (const liar of ["p0", "m10", "m30"]) {
    const network = judged(framing([liar]));
    assert.deepEqual(nodesIn(network), []);
    for (const link of network.demoted("avoided")) assert.ok(link.split(">").includes(liar), `${link} by ${liar}`);
  }
});

test("five of the eleven operators whose loops pass a mix cannot have it demoted", () => {
  assert.deepEqual(nodesIn(judged(framing(["m10", "m11", "m30", "p0", "p1"]))), []);
});

test("nor do ten nodes of one operator: they have one voice", () => {
  const family = ["m10", "m11", "m12", "m30", "m31", "p0", "p1"];
  const operatorOf = (name: string): string => (family.includes(name) ? "family" : `operator of ${name}`);
  assert.deepEqual(nodesIn(judged(framing(family), { operatorOf })), []);
});

test("liars that also drop packets on their own links to a mix lose these links, not the mix", () => {
  const liars = ["m10", "p0"];
  const adversary: Adversary = {
    ...framing(liars),
    drops: ({ node, to }) => (liars.includes(node) && to === VICTIM ? 0.5 : 0),
  };
  const network = judged(adversary);
  assert.deepEqual(nodesIn(network), []);
  assert.ok(network.demoted("avoided").includes("m10>m20"));
});

test("liars that report no loss shield nobody, as long as more than half of the operators are honest", () => {
  const silent = new Set(["m10", "m11", "m30", "p0", "p1"]); // five of the eleven whose loops pass it
  const network = judged({
    drops: ({ node }) => (node === VICTIM ? 0.2 : 0),
    reports: ({ name, report }) => (silent.has(name) && report !== undefined ? { ...report, lost: [] } : undefined),
  });
  assert.deepEqual(network.demoted("avoided"), [VICTIM]);
});

test("one liar that claims any number of loops, none of them lost, hides no mix that drops", () => {
  for (const mixesPerLayer of [2, 3]) {
    const most = loopsAtMost(new PaperNetwork({ seed: "", mixesPerLayer, providers: 2 }).consensus.parameters);
    // More than can be is not heard, and as many as can be hides nobody.
    for (const sent of [65_535, most]) {
      const network = judged(
        {
          drops: ({ node }) => (node === VICTIM ? 0.2 : 0),
          reports: ({ name, report }) =>
            name === "p0" && report !== undefined ? { ...report, sent, lost: [] } : report,
        },
        { mixesPerLayer, providers: 2 },
      );
      assert.deepEqual(nodesIn(network), [VICTIM], `${mixesPerLayer} mixes in a layer, ${sent} loops`);
    }
  }
});

test("liars that report every other way as lost do not drown what an honest majority saw", () => {
  const loud = new Set(["m10", "m30", "p0"]);
  const network = judged({
    drops: ({ node }) => (node === VICTIM ? 0.2 : 0),
    reports: ({ name, report, network: all }) => {
      if (!loud.has(name) || report === undefined) return undefined;
      const ways = Array.from({ length: 256 }, (_, turn) => elsewhere(all, name, turn));
      return { ...report, lost: ways };
    },
  });
  assert.ok(network.demoted("avoided").includes(VICTIM));
  assert.deepEqual(nodesIn(network), [VICTIM]);
});

function elsewhere(network: PaperNetwork, name: string, turn: number): LostLoop {
  const [a, b, c] = [1, 2, 3].map((step) => {
    const nodes = network.names.filter((other) => stageOf(other) === (stageOf(name) + step) % 4 && other !== VICTIM);
    return network.place(nodes[(turn * (step + 1)) % nodes.length] as string);
  }) as [number, number, number];
  return [a, b, c];
}

test("a node says nothing against itself, and nothing for itself", () => {
  const network = judged({
    drops: ({ node }) => (node === VICTIM ? 0.2 : 0),
    reports: ({ name, report }) => (name === VICTIM && report !== undefined ? { ...report, lost: [] } : undefined),
  });
  assert.deepEqual(network.demoted("avoided"), [VICTIM]);
});
