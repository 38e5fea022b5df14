/** Where a provider's decoys go: like clients' drops. Spec: docs/spec/04-traffic.md §11 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Decoys } from "#provider-server/node/decoys.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { QUICK_PARAMETERS, testConsensus, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { keyPeriodNumber, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const suite = await loadSuite("x25519", "native");

test("decoys are drops for recipients that nobody knows, at any provider alike", async () => {
  const clock = new VirtualClock();
  const { suite: name, packetBytes } = QUICK_PARAMETERS;
  const sphinx = new Sphinx({ suite, geometry: geometry({ suite: name, packetBytes }) });
  const consensus = testConsensus(testNetwork({ suite }), suite);
  const [own] = consensus.providers as [NodeDescriptor];
  const ends: string[] = [];
  const recipients = new Set<string>();
  const wrap: Sphinx["wrap"] = (options) => {
    const { path, destination } = options;
    assert.equal(destination.command, "drop");
    ends.push(toHex(path.hops.at(-1)?.nodeId ?? new Uint8Array(0)));
    recipients.add(toHex(destination.recipient));
    return Sphinx.prototype.wrap.call(sphinx, options);
  };
  const decoys = new Decoys({
    clock,
    random: new SeededRandom("decoys"),
    sphinx: Object.assign(Object.create(sphinx) as Sphinx, { wrap }),
    nodeId: own.nodeId,
    current: () => ({ consensus, period: keyPeriodNumber(0), parameters: { ...QUICK_PARAMETERS, minimumPool: 20 } }),
    send: () => undefined,
    log: keptLog(clock).log,
  });
  decoys.start();
  await clock.runWhile(() => ends.length < 200, seconds(600));
  decoys.stop();
  const atOwn = ends.filter((id) => id === toHex(own.nodeId)).length;
  assert.ok(atOwn > 70 && atOwn < 130, `${atOwn} of ${ends.length} end at one of two providers`);
  assert.equal(recipients.size, ends.length);
});
