import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICES_PER_ACCOUNT_MAX } from "#provider-server/accounts/limits.ts";
import { BUDGET_BURST, BUDGET_SLACK, CONSENSUS_BUDGET } from "#provider-server/entry/limits.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { nodeId, seconds } from "#transport/core/units.ts";
import { deviceTokenHash } from "#transport/link/device-token.ts";

test("a device that polls faster than any profile gets a burst and then the profile's rate, also over new links", async (t) => {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const device = await TestDevice.connect(net, { name: "mallory", provider: "a" });
  await device.signUp("mallory");
  const entries = (): number => device.received.filter((frame) => frame.type === "entry").length;
  for (let i = 0; i < 1000; i++) device.send({ type: "poll", cursor: 0 });
  await net.clock.runFor(seconds(1));
  assert.equal(entries(), BUDGET_BURST);

  device.close();
  const again = await TestDevice.connect(net, { name: "mallory", provider: "a" });
  let sent = 0;
  for (let i = 0; i < 300; i++) {
    again.send({ type: "poll", cursor: 0 });
    sent++;
    await net.clock.runFor(seconds(0.01));
  }
  const allowed = 4 * BUDGET_SLACK * Math.max(...Object.values(net.network.parameters.profiles).map((p) => p.pollRate));
  const answered = again.received.filter((frame) => frame.type === "entry").length;
  assert.ok(answered < sent / 2 && answered <= allowed + 1, `${answered} of ${sent} polls were answered`);
});

test("packets beyond the budget go nowhere", async (t) => {
  const reasons: string[] = [];
  const net = await SmallNetwork.create({ observer: { dropped: ({ reason }) => reasons.push(reason) } });
  t.after(() => net.stop());
  const device = await TestDevice.connect(net, { name: "mallory", provider: "a" });
  await device.signUp("mallory");
  const packet = new SeededRandom("noise").bytes(net.network.parameters.packetBytes);
  for (let i = 0; i < 200; i++) device.sendPacket(nodeId(packet.slice(0, 32)), packet);
  await net.clock.runFor(seconds(0.01));
  assert.equal(reasons.filter((reason) => reason === "OVER_BUDGET").length, 200 - BUDGET_BURST);
});

test("an account that lets devices in and removes them again, each of which sends a burst, sends what three devices may and no more", async (t) => {
  const reasons: string[] = [];
  const net = await SmallNetwork.create({
    parameters: { ...SMALL_PARAMETERS, profiles: LIVE_PARAMETERS.profiles },
    observer: { dropped: ({ reason }) => reasons.push(reason) },
  });
  t.after(() => net.stop());
  const owner = await TestDevice.connect(net, { name: "mallory", provider: "a" });
  await owner.signUp("mallory");
  const packet = new SeededRandom("noise").bytes(net.network.parameters.packetBytes);
  const firstHop = nodeId(packet.slice(0, 32));
  const began = net.clock.now();
  let sent = 0;
  for (let n = 0; n < 20; n++) {
    const token = new SeededRandom(`token ${n}`).bytes(32);
    const tokenHash = deviceTokenHash(net.suite, token);
    const notice = new Uint8Array(9);
    const guest = await TestDevice.connect(net, { name: `guest ${n}`, provider: "a" });
    const answers = [
      await owner.control({ kind: "offer-device", tokenHash, bundle: new Uint8Array(9) }),
      await guest.control({ kind: "join-device", token }),
    ];
    for (let i = 0; i < BUDGET_BURST; i++, sent++) guest.sendPacket(firstHop, packet);
    await net.clock.runFor(seconds(7));
    answers.push(await owner.control({ kind: "remove-device", deviceKey: guest.key, notice }));
    guest.close();
    // Whoever removes one collects the notice of the last first.
    await owner.poll(n + 1);
    assert.deepEqual(new Set(answers.map(({ result }) => result)), new Set(["OK"]));
  }
  const time = (net.clock.now() - began) / 1000;
  const rate = BUDGET_SLACK * Math.max(...Object.values(LIVE_PARAMETERS.profiles).map(({ sendRate }) => sendRate));
  const passed = sent - reasons.filter((reason) => reason === "OVER_BUDGET").length;
  t.diagnostic(`${passed} of ${sent} packets passed in ${time} s`);
  assert.ok(passed <= DEVICES_PER_ACCOUNT_MAX * (BUDGET_BURST + rate * time), `${passed} of ${sent} in ${time} s`);
});

for (const [kind, frame] of Object.entries({
  polls: { type: "poll", cursor: 0 },
  "requests for the list": { type: "getConsensus", epoch: "current" },
} as const)) {
  test(`of ${kind}, too, a device that takes another's place has what that one left`, async (t) => {
    let cut = 0;
    const net = await SmallNetwork.create({
      parameters: { ...SMALL_PARAMETERS, profiles: LIVE_PARAMETERS.profiles },
      observer: { dropped: ({ reason }) => (cut += reason === "OVER_BUDGET" ? 1 : 0) },
    });
    t.after(() => net.stop());
    const owner = await TestDevice.connect(net, { name: "mallory", provider: "a" });
    await owner.signUp("mallory");
    const join = async (name: string): Promise<TestDevice> => {
      const token = new SeededRandom(name).bytes(32);
      const guest = await TestDevice.connect(net, { name, provider: "a" });
      const tokenHash = deviceTokenHash(net.suite, token);
      await owner.control({ kind: "offer-device", tokenHash, bundle: new Uint8Array(9) });
      assert.equal((await guest.control({ kind: "join-device", token })).result, "OK");
      return guest;
    };
    const burst = frame.type === "poll" ? BUDGET_BURST : CONSENSUS_BUDGET.burst;
    const flood = async (device: TestDevice): Promise<number> => {
      const before = cut;
      for (let i = 0; i < burst; i++) device.send(frame);
      await net.clock.runFor(seconds(0.01));
      return cut - before;
    };
    const devices = [owner, await join("phone"), await join("tablet")];
    for (const device of devices) assert.equal(await flood(device), 0);
    await owner.control({ kind: "remove-device", deviceKey: devices[2]?.key as Uint8Array, notice: new Uint8Array(9) });
    // Four seconds later: of lists two more have come to the account, of polls 25.
    assert.ok((await flood(await join("other tablet"))) > burst / 2);
  });
}

test("a device without an account can send nothing, and its polls are answered as those of an empty mailbox, but that it is told why", async (t) => {
  const reasons: string[] = [];
  const net = await SmallNetwork.create({ observer: { dropped: ({ reason }) => reasons.push(reason) } });
  t.after(() => net.stop());
  const stranger = await TestDevice.connect(net, { name: "stranger", provider: "a" });
  const packet = new SeededRandom("noise").bytes(net.network.parameters.packetBytes);
  stranger.sendPacket(nodeId(packet.slice(0, 32)), packet);
  const answer = await stranger.poll(0);
  assert.deepEqual(reasons, ["NO_ACCOUNT"]);
  assert.equal(answer?.kind, "no-account");
  assert.equal(answer.cursor, 0);
});

test("a packet to a node that is not a first mix is dropped", async (t) => {
  const reasons: string[] = [];
  const net = await SmallNetwork.create({ observer: { dropped: ({ reason }) => reasons.push(reason) } });
  t.after(() => net.stop());
  await net.start();
  const device = await TestDevice.connect(net, { name: "mallory", provider: "a" });
  await device.signUp("mallory");
  const packet = new SeededRandom("noise").bytes(net.network.parameters.packetBytes);
  // mix1 is in layer 2, b is a provider: neither stands behind a provider.
  for (const target of [net.mixes[1], net.providers[1]]) if (target) device.sendPacket(target.nodeId, packet);
  await net.clock.runFor(seconds(1));
  assert.equal(reasons.filter((reason) => reason === "NEXT_HOP_UNKNOWN").length, 2);
});
