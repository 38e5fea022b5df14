/** How a provider's questions for tokens leave: of many clients together, at times of their own. Spec: docs/spec/13-tokens.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GATHER_MEAN } from "#provider-server/tokens/limits.ts";
import { TokenCourier } from "#provider-server/tokens/token-courier.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { QUICK_PARAMETERS, seedOf, testConsensus, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { keyPeriodNumber, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { decodeServiceRequest } from "#transport/sphinx/service-payload.ts";
import type { Surb } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const suite = await loadSuite("x25519", "native");
const ELEMENTS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const PATIENCE = seconds(60);
/** Behind the period and the two providers. */
const BATCHES_AT = 68;

test("elements wait a random time for those of other clients, and leave with them in one packet", async () => {
  const waits: number[] = [];
  for (let n = 0; n < 200; n++) {
    const { clock, courier, sent, ask } = setUp(`${n}`);
    const from = clock.now();
    ask();
    await clock.runFor(milliseconds(1));
    ask();
    await clock.runFor(milliseconds(20 * GATHER_MEAN));
    courier.stop();
    const [first = from, ...more] = sent;
    waits.push((first - from) / GATHER_MEAN);
    // Only what comes after the first has left goes alone.
    if (first - from > 1) assert.deepEqual(more, []);
  }
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  const spread = Math.sqrt(waits.reduce((sum, wait) => sum + (wait - mean) ** 2, 0) / waits.length);
  assert.ok(Math.abs(mean - 1) < 0.25 && Math.abs(spread - 1) < 0.3, `an exponential's: ${mean}, ${spread}`);
});

test("the key of an answer is wiped when nobody waits for the answer any more", async () => {
  const { clock, courier, keys, ask } = setUp("wiped");
  ask();
  await clock.runFor(milliseconds(20 * GATHER_MEAN));
  const [first] = keys as [Uint8Array];
  assert.ok(first.some((byte) => byte !== 0));
  await clock.runFor(milliseconds(PATIENCE + 20 * GATHER_MEAN));
  assert.ok(
    first.every((byte) => byte === 0),
    "it was lost, and asked for again",
  );
  assert.ok(keys.length > 1);
  courier.stop();
  for (const key of keys) assert.ok(key.every((byte) => byte === 0));
});

test("a provider for which nothing waits is forgotten, also when its answers were lost", async () => {
  const { clock, courier, sent, ask } = setUp("forgotten");
  ask();
  assert.equal(courier.gathering, 1);
  await clock.runFor(milliseconds(2 * PATIENCE + 40 * GATHER_MEAN));
  assert.equal(sent.length, 2, "it was asked twice");
  assert.equal(courier.gathering, 0);
  courier.stop();
});

test("what was lost is asked again in halves, apart from what came since: one client's fault is not carried to all others", async () => {
  const { clock, courier, batches, ask } = setUp("halves");
  for (let n = 0; n < 5; n++) ask();
  await clock.runFor(milliseconds(PATIENCE + 1));
  assert.deepEqual(batches, [5]);
  ask();
  await clock.runFor(milliseconds(20 * GATHER_MEAN));
  assert.deepEqual(
    batches.slice(1).toSorted((a, b) => a - b),
    [1, 2, 3],
  );
  await clock.runFor(milliseconds(3 * PATIENCE));
  assert.deepEqual(batches.slice(4), [1], "each is asked for twice");
  courier.stop();
});

/** Keeps the keys of the reply blocks that it makes, and how many batches each request has. */
class WatchedSphinx extends Sphinx {
  readonly keys: Uint8Array[] = [];
  readonly batches: number[] = [];

  override wrap(options: Parameters<Sphinx["wrap"]>[0]): ReturnType<Sphinx["wrap"]> {
    this.batches.push(decodeServiceRequest(this.geometry, options.payload).body[BATCHES_AT] as number);
    return super.wrap(options);
  }

  override createSurb(options: Parameters<Sphinx["createSurb"]>[0]): Surb {
    const made = super.createSurb(options);
    this.keys.push(made.replyKey);
    return made;
  }
}

const CONSENSUS = testConsensus(testNetwork({ suite }), suite);

function setUp(seed: string) {
  const clock = new VirtualClock();
  const { suite: name, packetBytes } = QUICK_PARAMETERS;
  const sphinx = new WatchedSphinx({ suite, geometry: geometry({ suite: name, packetBytes }) });
  const [own, other] = CONSENSUS.providers as [NodeDescriptor, NodeDescriptor];
  const sent: Milliseconds[] = [];
  const courier = new TokenCourier({
    clock,
    random: new SeededRandom(`courier ${seed}`),
    sphinx,
    nodeId: own.nodeId,
    identitySeed: seedOf(`${own.domain[0]}/identity`),
    current: () => ({ consensus: CONSENSUS, period: keyPeriodNumber(0), parameters: QUICK_PARAMETERS }),
    send: () => void sent.push(clock.now()),
    answerWait: PATIENCE,
  });
  const ask = (): void => courier.ask({ provider: other.nodeId, period: 0, elements: ELEMENTS }, () => undefined);
  return { clock, courier, keys: sphinx.keys, batches: sphinx.batches, sent, ask };
}
