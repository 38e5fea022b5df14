/** Links to the nodes behind this one, over real sockets on 127.0.0.1; the time is virtual. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Alive } from "#provider-server/node/alive.ts";
import { DEFAULT_NODE_LIMITS, RECONNECT_WAIT_MIN } from "#provider-server/node/limits.ts";
import { LinkPool } from "#provider-server/node/link-pool.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";

const sizes = { packetBytes: 4096, payloadBytes: 3674 };
const ALIVE_INTERVAL = DEFAULT_NODE_LIMITS.aliveInterval;
const suite = await loadSuite("x25519", "native");
const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const NEXT = nodeId(seed(7));
const packet = encodeFrame({ type: "packet", packet: new Uint8Array(sizes.packetBytes) }, sizes);

test("a link on which the other end says that it is there stays, with packets and without", async (t) => {
  const { clock, pool, alive, accepted } = await setUp(t);
  alive.start();
  for (let span = 0; span < 40; span++) {
    await clock.runFor(ALIVE_INTERVAL);
    if (span > 20) assert.ok(pool.send(NEXT, packet));
    await turns();
  }
  assert.equal(accepted.length, 1);
  assert.deepEqual(pool.state, { up: 1, wanted: 1 });
});

test("a node that takes packets and says nothing any more is dialled anew after 35 seconds", async (t) => {
  const { clock, pool, alive, accepted } = await setUp(t);
  alive.start();
  for (let span = 0; span < 4; span++) {
    await clock.runFor(ALIVE_INTERVAL);
    await turns();
  }
  alive.stop();
  const spans = await spansUntil(clock, () => pool.state.up === 0);
  assert.ok(spans === 7 || spans === 8, `${spans} spans`); // its last word may have come in the next span
  assert.equal(pool.send(NEXT, packet), false, "what leaves meanwhile is lost, and known to be");
  await clock.runFor(seconds(1));
  while (pool.state.up === 0) await turns();
  assert.equal(accepted.length, 2);
});

test("a node that has another link key or address in the next list is dialled anew, and one that is in none is let go", async (t) => {
  const { pool, node } = await setUp(t);
  pool.connect([node]);
  assert.deepEqual(pool.state, { up: 1, wanted: 1 }, "nothing has changed");
  pool.connect([{ ...node, linkKey: linkKeyOf(suite, seed(9)) }]);
  assert.deepEqual(pool.state, { up: 0, wanted: 1 });
  pool.connect([node]);
  while (pool.state.up === 0) await turns();
  pool.connect([{ ...node, address: "127.0.0.1:1" }]);
  assert.deepEqual(pool.state, { up: 0, wanted: 1 });
  pool.connect([]);
  assert.deepEqual(pool.state, { up: 0, wanted: 0 });
});

test("nodes that lose the same peer come back one by one: each waits a random time, at least half the longest", async () => {
  const clock = new VirtualClock();
  const dialled: number[] = [];
  const dial = async (): Promise<Link> => {
    dialled.push(clock.now());
    throw new TransportError("PROVIDER_DOWN");
  };
  const pools = Array.from({ length: 40 }, (_, n) => {
    const random = new SeededRandom(`pool ${n}`);
    return new LinkPool({ dialer: { dial }, clock, random, aliveInterval: ALIVE_INTERVAL });
  });
  const start = clock.now();
  for (const pool of pools) pool.connect([{ nodeId: NEXT, address: "x", linkKey: seed(1) } as NodeDescriptor]);
  await clock.runFor(RECONNECT_WAIT_MIN);
  for (const pool of pools) pool.close();
  const waits = dialled.slice(pools.length).map((time) => time - start);
  assert.equal(waits.length, pools.length, "each once more");
  assert.ok(new Set(waits).size > pools.length / 2, "in whole milliseconds, few at one time");
  assert.ok(Math.min(...waits) >= RECONNECT_WAIT_MIN / 2);
  assert.ok(Math.max(...waits) - Math.min(...waits) > RECONNECT_WAIT_MIN / 3);
});

async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const listener = await TlsListener.listen({
    identitySeed: seed(1),
    suite,
    sizes,
    clock: new SystemClock(),
    host: "127.0.0.1",
    port: 0,
    protocols: ["starling-node/2"],
  });
  const accepted: Link[] = [];
  listener.onLink((link) => {
    accepted.push(link);
    link.onFrame(() => undefined);
  });
  const dialer = new TlsDialer({ identitySeed: seed(2), suite, sizes, clock: new SystemClock() });
  const pool = new LinkPool({ dialer, clock, random: new SeededRandom("pool"), aliveInterval: ALIVE_INTERVAL });
  const linkKey = linkKeyOf(suite, seed(1));
  const node = { nodeId: NEXT, address: listener.address, linkKey } as NodeDescriptor;
  pool.connect([node]);
  t.after(async () => {
    pool.close();
    alive.stop();
    await listener.close();
  });
  const alive = new Alive({ clock, links: accepted, interval: ALIVE_INTERVAL });
  while (pool.state.up === 0 || accepted.length === 0) await turns();
  return { clock, pool, node, alive, accepted };
}

async function spansUntil(clock: VirtualClock, isSo: () => boolean): Promise<number> {
  let spans = 0;
  for (; !isSo() && spans < 20; spans++) {
    await clock.runFor(ALIVE_INTERVAL);
    await turns();
  }
  return spans;
}

/** What has been written comes to whoever reads it. */
async function turns(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
