/**
 * Packets at the edges of key periods, with the epochs of a live network: whoever sends with a clock that is right, or wrong by no
 * more than it may be, meets the keys. Production nodes, real packets, virtual time. Spec: docs/spec/08-directory.md §2
 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { GENESIS, SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import {
  type Epoch,
  epochNumber,
  keyPeriodNumber,
  mailboxId,
  milliseconds,
  perSecond,
  seconds,
  surbId,
} from "#transport/core/units.ts";
import {
  epochAt,
  epochStart,
  keyErasedAt,
  keyPeriodInUse,
  keyPeriodStart,
  replyBlockUntil,
} from "#transport/directory/epochs.ts";
import { choosePath, chooseReplyPath, type PathOptions } from "#transport/directory/path.ts";
import type { Path } from "#transport/sphinx/packet.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";

const { epoch: EPOCH, profiles, delayCap } = LIVE_PARAMETERS;
const tokens = { ...LIVE_PARAMETERS.tokens, perProvider: 0 };
const CAP = delayCap * profiles.mail.meanDelay;

test("a packet that leaves just before or just after the keys change arrives, also with the longest delays there are", async (t) => {
  const live = await running(t);
  const { net, network } = live;
  for (let period = 1; period <= 9; period++) {
    const change = keyPeriodStart(network, keyPeriodNumber(period));
    for (const [time, named] of [
      [change - 1, period - 1],
      [change, period],
    ] as const) {
      await net.clock.runUntil(milliseconds(time));
      const packet = live.sends({ clock: time, delay: CAP });
      assert.equal(new DataView(packet.buffer, packet.byteOffset).getUint32(2), named);
    }
    await net.clock.runFor(milliseconds(3 * CAP + 1000));
    assert.equal(live.arrived(), 2, `around the beginning of key period ${period}`);
  }
});

test("a packet whose sender's clock is behind arrives while the clock is behind by less than key lead and overlap, less the way", async (t) => {
  const live = await running(t);
  const { net, network } = live;
  const [delay, grace] = [20_000, EPOCH.keyLead + EPOCH.overlap];
  const most = grace - 3 * delay - 1000;
  for (const [behind, arrives] of [
    [most, 1],
    [grace, 0],
  ] as const) {
    // By its own clock the last millisecond of a period: that is when it is late by most.
    const clock = keyPeriodStart(network, keyPeriodNumber(behind === most ? 6 : 8)) - 1;
    await net.clock.runUntil(milliseconds(clock + behind));
    live.sends({ clock, delay });
    await net.clock.runFor(milliseconds(3 * delay + 1000));
    assert.equal(live.arrived(), arrives, `${behind / 1000} s behind`);
  }
});

test("an answer comes by a reply block that was sent at the last moment, when its keys are already over", async (t) => {
  const live = await running(t);
  const { net, network } = live;
  const period = keyPeriodNumber(5);
  const made = keyPeriodStart(network, keyPeriodNumber(6)) - 1;
  const delay = 20_000;
  await net.clock.runUntil(milliseconds(made));
  const random = new SeededRandom("reply block");
  const { nodeId: own } = live.providers[0];
  const { nodeId: other } = live.providers[1];
  const back = slowed(chooseReplyPath({ ...live.options(made), from: other, to: own }), delay);
  assert.equal(back.period, period);
  const { surb } = live.sphinx.createSurb({
    path: back,
    mailbox: mailboxId(random.bytes(32)),
    surbId: surbId(random.bytes(16)),
    random,
  });
  const last = replyBlockUntil(network, period) - 1;
  assert.ok(last > keyPeriodStart(network, keyPeriodNumber(6)) && last < keyErasedAt(network, period));
  await net.clock.runUntil(milliseconds(last));
  const payload = encodeServiceRequest(live.sphinx.geometry, {
    service: "echo",
    surb,
    body: new Uint8Array(8),
    random,
  });
  live.sends({ clock: last, delay, service: { name: "echo", payload } });
  await net.clock.runFor(milliseconds(6 * delay + 10_000));
  assert.ok(net.clock.now() < keyErasedAt(network, period));
  assert.equal(live.replies(), 1);
});

test("a network that misses a whole epoch's agreement goes on to the epoch's last second", async (t) => {
  const live = await running(t);
  const { net, network } = live;
  const fetch = net.authority.fetchConsensus.bind(net.authority);
  const missing = 2;
  net.authority.fetchConsensus = async (epoch, agrees) => {
    const answer = await fetch(epoch, agrees);
    return { ...answer, consensus: (answer.consensus?.epoch ?? 0) >= missing ? undefined : answer.consensus };
  };
  const end = epochStart(network, (missing + 1) as Epoch);
  for (let period = missing * EPOCH.keyPeriods; period < (missing + 1) * EPOCH.keyPeriods; period++) {
    const last = keyPeriodStart(network, keyPeriodNumber(period + 1)) - 1000;
    await net.clock.runUntil(milliseconds(last));
    assert.equal(live.options(last).consensus.epoch, missing - 1);
    live.sends({ clock: last, delay: 20_000 });
    await net.clock.runFor(seconds(61));
    assert.equal(live.arrived(), 1, `in the last second of key period ${period}`);
  }
  assert.ok(net.clock.now() > end);
  assert.throws(() => live.options(end), { code: "CONSENSUS_STALE" });
});

test("a node reports all loops of the epoch before, whichever of its keys they used", async (t) => {
  const { net, network } = await running(t, { nodeLoopRate: perSecond(1 / 60) });
  await net.clock.runUntil(milliseconds(epochStart(network, epochNumber(3)) - 1));
  const reports = net.authority.published.flatMap(({ at, descriptor }) =>
    epochAt(network, milliseconds(at)) === 2 ? [descriptor.loopReport] : [],
  );
  assert.equal(reports.length, 8);
  for (const report of reports) {
    assert.equal(report?.epoch, 1);
    // Sixty in an hour, and a Poisson law's five times its deviation.
    assert.ok(Math.abs(report.sent - 60) < 5 * Math.sqrt(60), `${report.sent}`);
    assert.deepEqual(report.lost, []);
  }
});

async function running(t: TestContext, change: Partial<Parameters> = {}) {
  let [arrived, replies] = [0, 0];
  const net = await SmallNetwork.create({
    parameters: { ...SMALL_PARAMETERS, epoch: EPOCH, profiles, tokens, nodeLoopRate: perSecond(1 / 600), ...change },
    observer: {
      packetDelivered: ({ command }) => {
        if (command === "drop") arrived++;
        if (command === "reply") replies++;
      },
    },
  });
  t.after(() => net.stop());
  await net.start();
  await net.clock.runUntil(GENESIS);
  const { network } = net.authority;
  const providers = [net.providers[0], net.providers[1]].map((provider) => {
    assert.ok(provider !== undefined);
    return provider;
  }) as [(typeof net.providers)[number], (typeof net.providers)[number]];
  const { sphinx, consensuses } = providers[0].mix;
  const random = new SeededRandom("senders");
  /** As a sender chooses whose clock shows `clock`. */
  const options = (clock: number): PathOptions => {
    const time = milliseconds(clock);
    const period = keyPeriodInUse(network, time);
    return { consensus: consensuses.at(time), period, meanDelay: seconds(1), paths: random, delays: random };
  };
  return {
    net,
    network,
    providers,
    sphinx,
    options,
    /** A packet that leaves now, to the other provider. */
    sends: (o: { clock: number; delay: number; service?: { name: string; payload: Uint8Array } }): Uint8Array => {
      const { service } = o;
      const path = slowed(choosePath({ ...options(o.clock), destination: providers[1].nodeId }), o.delay);
      const { firstHop, packet } = sphinx.wrap({
        path,
        destination:
          service === undefined
            ? { command: "drop", recipient: random.bytes(32) }
            : { command: "service", recipient: serviceId(net.suite, service.name) },
        payload: service?.payload ?? random.bytes(sphinx.geometry.payloadBytes),
        random,
      });
      assert.ok(providers[0].mix.forward(firstHop, packet));
      return packet;
    },
    /** Since this was last asked. */
    arrived: (): number => {
      const count = arrived;
      arrived = 0;
      return count;
    },
    replies: () => replies,
  };
}

/** Each mix holds it for as long. */
const slowed = (path: Path, delay: number): Path => ({
  ...path,
  hops: path.hops.map((hop, index) => ({ ...hop, delay: milliseconds(index === path.hops.length - 1 ? 0 : delay) })),
});
