/** Where packets come in, and when they do not go on. Spec: docs/spec/06-mix.md §4-6 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Entrance } from "#provider-server/mix/entrance.ts";
import { PacketFlow } from "#provider-server/mix/packet-flow.ts";
import { Source } from "#provider-server/mix/sources.ts";
import { DEFAULT_NODE_LIMITS } from "#provider-server/node/limits.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type KeyPeriod, keyPeriodNumber, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { clockDifferenceMax, keyPeriodStart } from "#transport/directory/epochs.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const geometry = geometryOf(SMALL_PARAMETERS);

test("who stands before a node no longer has its link ended; others keep theirs", () => {
  const drops: string[] = [];
  let received = 0;
  const before = new Set([1, 2].map((n) => toHex(keyOf(n))));
  const entrance = new Entrance({
    clock: new VirtualClock(),
    aliveInterval: seconds(5),
    geometry,
    mayEnter: (key) => before.has(toHex(key)),
    receive: () => received++,
    drop: (reason) => drops.push(reason),
  });
  const [one, two, stranger] = [1, 2, 3].map((n) => new FakeLink(n)) as [FakeLink, FakeLink, FakeLink];
  for (const link of [one, two, stranger]) entrance.accept(link);
  assert.deepEqual(
    [one, two, stranger].map(({ isOpen }) => isOpen),
    [true, true, false],
  );
  assert.deepEqual(drops, ["STRANGER"]);
  before.delete(toHex(keyOf(1)));
  entrance.sift();
  assert.deepEqual([one.isOpen, two.isOpen], [false, true]);
  two.frame(encodeFrame({ type: "packet", packet: new Uint8Array(geometry.packetBytes) }, geometry));
  assert.equal(received, 1);
  two.frame(Uint8Array.of(255));
  assert.deepEqual([two.isOpen, drops.at(-1)], [false, "BAD_FRAME"]);
});

test("nothing is recorded for a key period in which no sender can be yet: it is as if there were no key", async (t) => {
  const { net, flow, drops, come } = await running(t);
  const { network, clock } = net;
  assert.ok(clock.now() < network.genesis);
  const [first, early] = [keyPeriodNumber(0), keyPeriodNumber(3)];
  come(first);
  const begins = keyPeriodStart(network, early) - network.parameters.epoch.keyLead - clockDifferenceMax(network);
  await clock.runUntil(milliseconds(begins - 1));
  come(early);
  assert.deepEqual([drops.pop(), flow.keys.recorded(early), flow.held], ["UNWRAP_FAILED", 0, 0]);
  await clock.runUntil(milliseconds(begins));
  come(early);
  assert.deepEqual([drops, flow.keys.recorded(early), flow.held], [[], 1, 1]);
  assert.equal(flow.keys.recorded(first), 1);
});

test("a packet whose key is erased while it is held does not leave any more: its tag is forgotten with the key", async (t) => {
  const { net, flow, drops, come, sent } = await running(t);
  await net.clock.runUntil(keyPeriodStart(net.network, keyPeriodNumber(2)));
  for (const period of [1, 2]) come(keyPeriodNumber(period));
  assert.equal(flow.held, 2);
  flow.keys.eraseBefore(keyPeriodNumber(2));
  await net.clock.runFor(seconds(6));
  assert.deepEqual([sent(), drops], [1, ["TOO_LATE"]]);
});

const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** The flow of one node; `come` brings it a packet for a key period, with 5 s to wait. */
async function running(t: TestContext) {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const { suite } = net;
  const random = new SeededRandom("packet flow");
  const [self, next] = [nodeId(random.bytes(32)), nodeId(random.bytes(32))];
  const sphinx = new Sphinx({ suite, geometry });
  const drops: string[] = [];
  let sent = 0;
  const flow = new PacketFlow({
    node: net.dependencies("alone"),
    limits: { ...DEFAULT_NODE_LIMITS, unwrapThreads: 0 },
    nodeId: self,
    sphinx,
    delayMax: seconds(100),
    nextHop: (id) => id,
    send: (_, __, onTaken) => {
      sent++;
      onTaken();
      return undefined;
    },
    deliver: () => undefined,
    drop: (reason) => drops.push(reason),
  });
  t.after(() => flow.stop());
  const come = (period: KeyPeriod): void => {
    const mixKey = flow.keys.ensure(period);
    const hops = [
      { nodeId: self, mixKey, delay: seconds(5) },
      { nodeId: next, mixKey: suite.kem.generate(random).publicKey, delay: milliseconds(0) },
    ];
    const destination = { command: "drop", recipient: new Uint8Array(32) } as const;
    const payload = new Uint8Array(geometry.payloadBytes);
    const path = { period, hops };
    flow.receive(sphinx.wrap({ path, destination, payload, random }).packet, new Source());
  };
  return { net, flow, drops, come, sent: () => sent };
}

class FakeLink implements Link {
  readonly protocol = "starling-node/2";
  readonly peer: Link["peer"];
  readonly writable = true;
  isOpen = true;
  #onFrame: (frame: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;

  constructor(n: number) {
    this.peer = { role: "node", key: keyOf(n) };
  }

  send(): boolean {
    return true;
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  close(): void {
    this.isOpen = false;
    this.#onClose("closed");
  }

  frame(bytes: Uint8Array): void {
    this.#onFrame(bytes);
  }
}
