/** Three authorities on a virtual clock, and the nodes that they agree on. */

import assert from "node:assert/strict";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { epochInForce } from "#transport/directory/epochs.ts";
import { countingSuite } from "#test/support/counting-suite.ts";
import { MemoryAuthorities, publishNodes } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { testAdmission, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

export const suite = countingSuite(rememberSignatures(await loadSuite("x25519", "native")));
export const EPOCH_0 = epochNumber(0);
export const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
export const LIAR = 2;

export function setUp() {
  const made = testNetwork({ suite });
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted });
  const inUse = (epoch: number) => epochInForce(made.network, epochNumber(epoch));
  return { ...made, clock, authorities, inUse };
}

export const publishAll = (s: ReturnType<typeof setUp>, epoch = 0): void =>
  publishNodes(s.authorities, { suite, clock: s.clock, names: NODES, epoch });

export async function untilEpoch(s: ReturnType<typeof setUp>, last: number): Promise<void> {
  for (let epoch = 0; epoch <= last; epoch++) {
    await s.clock.runUntil(s.inUse(epoch));
    publishAll(s, epoch);
  }
}

export function assertSame(s: ReturnType<typeof setUp>, epoch: number, among: readonly number[]): void {
  const found = among.map((at) => s.authorities.consensus(at, epochNumber(epoch)));
  const hashes = new Set(found.map((consensus) => consensus && toHex(consensus.hash)));
  assert.equal(hashes.size, 1, s.authorities.logs.map((log, at) => `--- ${at}\n${log.join("\n")}`).join("\n"));
  const [first] = found;
  assert.ok(first !== undefined, s.authorities.logs.map((log, at) => `--- ${at}\n${log.join("\n")}`).join("\n"));
  assert.deepEqual(
    first.layers.map((layer) => layer.length),
    [2, 2, 2],
  );
  assert.equal(first.providers.length, 2);
}
