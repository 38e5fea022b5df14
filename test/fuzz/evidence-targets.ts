/** What nodes say of lost loops and what authorities make of it: by themselves, and inside descriptors and lists of nodes. */

import assert from "node:assert/strict";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seedOf, signedConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { Reader, Writer } from "#transport/core/bytes.ts";
import { epochNumber } from "#transport/core/units.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { type Demotion, decodeDemotions, encodeDemotions } from "#transport/directory/demotions.ts";
import { signDescriptor, verifyDescriptor } from "#transport/directory/descriptor.ts";
import {
  decodeLoopReport,
  encodeLoopReport,
  type LoopReport,
  type LostLoop,
} from "#transport/directory/loop-report.ts";
import type { NodeDescriptor, SignedDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { twice } from "./directory-targets.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function evidenceTargets({ suite }: Traffic): Target[] {
  const random = new SeededRandom("fuzz evidence");
  const reports: LoopReport[] = [
    { epoch: epochNumber(3), sent: 900, lost: [] },
    { epoch: epochNumber(7), sent: 40, lost: [LOST, LOST, [5, 6, 999]] },
  ];
  const test = testNetwork({ suite });
  const mixes = Array.from({ length: 9 }, (_, i) => {
    const name = `mix${i}`;
    const fields = { ...testDescriptor(suite, { name }), loopReport: reports[i % reports.length] };
    return signDescriptor({ fields, identitySeed: seedOf(`${name}/identity`), suite });
  });
  const layer = (i: number): SignedDescriptor[] => byNodeId(mixes.slice(3 * i, 3 * i + 3));
  const layers = [layer(0), layer(1), layer(2)] as const;
  const tokenKeys = new Map([0, 1].map((period) => [period, random.bytes(32)]));
  const providers = ["a", "b"].map((name) => testDescriptor(suite, { name, role: "provider", tokenKeys }));
  const [first, second] = layers;
  const demotions: Demotion[] = [
    { node: id(first[0]), to: undefined, effect: "avoided", until: epochNumber(9), strikes: 1 },
    { node: id(first[1]), to: id(second[1]), effect: "kept", until: epochNumber(12), strikes: 2 },
    { node: id(second[2]), to: undefined, effect: "probation", until: epochNumber(2), strikes: 255 },
  ];
  const consensus = signedConsensus(test, suite, { layers, providers: byNodeId(providers), demotions });
  return [
    {
      name: "report on loops",
      corpus: [undefined, ...reports].map((report) => written((writer) => encodeLoopReport(writer, report))),
      decode: inverse(
        (bytes) => whole(bytes, decodeLoopReport),
        (report) => written((writer) => encodeLoopReport(writer, report)),
      ),
      takesChanged: "some",
    },
    {
      name: "demotions",
      corpus: [demotions, demotions.slice(1), []].map((list) => written((writer) => encodeDemotions(writer, list))),
      decode: inverse(
        (bytes) => whole(bytes, decodeDemotions),
        (list) => written((writer) => encodeDemotions(writer, list)),
      ),
      takesChanged: "some",
    },
    ...twice("descriptor with evidence", {
      dependsOnSuite: true,
      takesChanged: "none",
      suite,
      corpus: [...first, ...second].map(({ bytes }) => bytes),
      read: (bytes, by) => void verifyDescriptor(bytes, by),
    }),
    ...twice("consensus with evidence", {
      dependsOnSuite: true,
      takesChanged: "any",
      suite,
      corpus: [consensus],
      read: (bytes, by) => {
        const { layers: read } = verifyConsensus(test.network, bytes, by);
        assert.equal(read.length, 3);
      },
    }),
  ];
}

const LOST: LostLoop = [0, 1, 2];

function id(node: NodeDescriptor | undefined): NodeDescriptor["nodeId"] {
  assert.ok(node !== undefined);
  return node.nodeId;
}

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}

function whole<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(bytes);
  const value = read(reader);
  reader.end();
  return value;
}
