/**
 * However few people are there, a mix holds a minimum of packets; and what providers send of their own does not depend on
 * what their users send. Spec: docs/spec/04-traffic.md §11
 */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Decoys, type DecoysDependencies } from "#provider-server/node/decoys.ts";
import { ProviderNode } from "#provider-server/node/provider-node.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork, type SmallNetworkOptions } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { decoyRate, poolOf } from "#transport/traffic/minimum-pool.ts";

const PARAMETERS = {
  ...SMALL_PARAMETERS,
  profiles: {
    mail: { ...SMALL_PARAMETERS.profiles.mail, meanDelay: milliseconds(600) },
    chat: { ...SMALL_PARAMETERS.profiles.chat, meanDelay: milliseconds(200) },
  },
  minimumPool: 4,
};
const SIZES = geometry(PARAMETERS);
const PACKET_FRAME_BYTES = encodeFrame(
  { type: "packet", packet: new Uint8Array(PARAMETERS.packetBytes) },
  SIZES,
).length;

test("with nobody online every mix holds the minimum pool, by Little's law", async (t) => {
  const net = await start(t, { parameters: PARAMETERS });
  await net.clock.runFor(seconds(5));
  const sums = net.mixes.map(() => 0);
  const samples = 1200;
  for (let i = 0; i < samples; i++) {
    await net.clock.runFor(milliseconds(100));
    net.mixes.forEach((mix, index) => (sums[index] = (sums[index] as number) + mix.held));
  }
  const means = sums.map((sum) => sum / samples);
  const overall = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  // The mean of 24 packets over 120 s that each stay 0.4 s is off by 2 % (one sigma), one mix's by 4 %.
  assert.ok(Math.abs(overall / PARAMETERS.minimumPool - 1) < 0.06, `${overall} packets in a mix`);
  for (const mean of means) assert.ok(Math.abs(mean / PARAMETERS.minimumPool - 1) < 0.15, means.join(" "));
});

test("without decoys the pool of a network without users is not there", async (t) => {
  const net = await start(t, { parameters: { ...PARAMETERS, minimumPool: 0 } });
  await net.clock.runFor(seconds(60));
  const held = net.mixes.reduce((sum, mix) => sum + mix.held, 0);
  assert.ok(held / 6 < PARAMETERS.minimumPool / 4, `${held} packets in six mixes`);
});

test("what a provider sends of its own is the same whether or not its users send", async (t) => {
  const alone = await ownFrames(t, { users: "absent", options: {} });
  const beside = await ownFrames(t, { users: "present", options: {} });
  assert.ok(alone.own.length > 100, `${alone.own.length} frames`);
  assert.ok(beside.forwarded > 100, `${beside.forwarded} frames of users`);
  assert.deepEqual(beside.own, alone.own);
});

test("a provider whose decoys stop when its users send is found out", async (t) => {
  const options = { provider: StopsWhenUsersSend };
  const alone = await ownFrames(t, { users: "absent", options });
  const beside = await ownFrames(t, { users: "present", options });
  assert.notDeepEqual(beside.own, alone.own);
});

test("the rate follows from the widths: the widest layer is filled, and a provider's share is capped", () => {
  const wide = { layers: [2, 10, 4], providers: 4 };
  const { rate, isCapped } = decoyRate(PARAMETERS, wide);
  assert.equal(isCapped, false);
  const pools = poolOf(PARAMETERS, wide, rate);
  assert.ok(Math.abs((pools[1] as number) - PARAMETERS.minimumPool) < 1e-9, "exactly the minimum in the widest layer");
  assert.ok(pools.every((pool) => pool >= PARAMETERS.minimumPool - 1e-9));

  assert.deepEqual(decoyRate({ ...PARAMETERS, minimumPool: 0 }, wide), { rate: 0, isCapped: false });
  assert.deepEqual(decoyRate(PARAMETERS, { ...wide, providers: 0 }), { rate: 0, isCapped: false });
  const loopsSuffice = { ...PARAMETERS, nodeLoopRate: perSecond(100) };
  assert.equal(decoyRate(loopsSuffice, wide).rate, 0, "loops of nodes count");
  assert.deepEqual(decoyRate({ ...PARAMETERS, minimumPool: 1e6 }, wide), { rate: 100, isCapped: true });
});

test("a provider that cannot fill the pool says so once", async (t) => {
  const net = await start(t, { parameters: { ...PARAMETERS, minimumPool: 1e4 } });
  await net.clock.runFor(seconds(2));
  assert.equal(net.lines.filter((line) => line.includes("below its minimum")).length, net.providers.length);
});

let usersSentAt = Number.NEGATIVE_INFINITY;

/** "There is traffic enough just now." */
class DecoysWhenQuiet extends Decoys {
  protected override send(): void {
    if (this.clock.now() - usersSentAt > 300) super.send();
  }
}

class StopsWhenUsersSend extends ProviderNode {
  protected override makeDecoys(deps: DecoysDependencies): Decoys {
    return new DecoysWhenQuiet(deps);
  }
}

/** When frames left provider a for the first layer, those that users sent taken out. */
async function ownFrames(
  t: TestContext,
  o: { users: "absent" | "present"; options: SmallNetworkOptions },
): Promise<{ own: Milliseconds[]; forwarded: number }> {
  const net = await start(t, { parameters: PARAMETERS, ...o.options });
  const provider = toHex(net.dependencies("a").identity.linkKey);
  const mixes = new Set(net.mixes.map((_, index) => toHex(net.dependencies(`mix${index}`).identity.linkKey)));
  const device = await TestDevice.connect(net, { name: "alice", provider: "a" });
  assert.equal((await device.signUp("alice")).result, "OK");
  const out: Milliseconds[] = [];
  const users: Milliseconds[] = [];
  net.links.tap = ({ from, to, at, length }) => {
    if (from === provider && mixes.has(to) && length === PACKET_FRAME_BYTES) out.push(at);
    if (from === toHex(device.key) && length === sendFrameBytes(SIZES)) users.push(milliseconds(at + LATENCY));
  };
  const random = new SeededRandom("packets");
  const firstHop = net.mixes[0]?.nodeId;
  assert.ok(firstHop !== undefined);
  const end = net.clock.now() + 40_000;
  while (net.clock.now() < end) {
    await net.clock.runFor(milliseconds(211));
    if (o.users === "absent") continue;
    usersSentAt = net.clock.now();
    // No mix can open it; to the provider and on its links it is as any other.
    device.sendPacket(firstHop, random.bytes(PARAMETERS.packetBytes));
  }
  await net.clock.runFor(seconds(1));
  const own = [...out];
  for (const at of users) {
    const index = own.indexOf(at);
    assert.ok(index >= 0, "every packet of a user is passed on at once");
    own.splice(index, 1);
  }
  usersSentAt = Number.NEGATIVE_INFINITY;
  return { own, forwarded: users.length };
}

/** Of the links in memory. */
const LATENCY = 5;

async function start(t: TestContext, options: SmallNetworkOptions): Promise<SmallNetwork> {
  const net = await SmallNetwork.create(options);
  t.after(() => net.stop());
  await net.start();
  return net;
}
