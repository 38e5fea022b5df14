/** The parameter sets add up, and the calculator sees it when one does not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { exponential, uniform } from "#transport/core/random.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { WRAP_LEAD } from "#transport/traffic/limits.ts";
import { checks, type Kind } from "../../build/params/checks.ts";
import { type Burst, burst } from "../../build/params/bursts.ts";
import { figures } from "../../build/params/figures.ts";
import { erlangQuantile, LINK_TIME, LINKS, packetLatency } from "../../build/params/latency.ts";

const failing = (kind: Kind, parameters: Parameters): string[] =>
  checks(kind, parameters)
    .filter(({ holds }) => !holds)
    .map(({ name }) => name);

test("both parameter sets keep every inequality", () => {
  assert.deepEqual(failing("live", LIVE_PARAMETERS), []);
  assert.deepEqual(failing("demo", DEMO_PARAMETERS), []);
});

test("each wrong parameter is named", () => {
  const { mail, chat } = LIVE_PARAMETERS.profiles;
  const withMail = (change: Partial<typeof mail>): Parameters => ({
    ...LIVE_PARAMETERS,
    profiles: { mail: { ...mail, ...change }, chat },
  });
  const faults: [Parameters, RegExp][] = [
    [withMail({ pollRate: perSecond(1 / 25) }), /^mail: polls outpace/],
    [withMail({ payloadShare: 0.66 }), /^mail: the shares of a slot sum to 1/],
    [withMail({ dropShare: 0, loopShare: 0.35 }), /^mail: no share is zero/],
    [withMail({ sendRate: perSecond(1 / 45) }), /^a 20 KB mail arrives/],
    [{ ...LIVE_PARAMETERS, boxReplies: 1 }, /^a 20 KB mail to a box arrives/],
    [{ ...LIVE_PARAMETERS, boxReplies: 2 }, /^a chat message to a box arrives/],
    [{ ...LIVE_PARAMETERS, boxReplies: 3 }, /^a 25 MB mail to a box does/],
    [withMail({ sendRate: perSecond(1 / 15) }), /^the mail profile sends at most/],
    [withMail({ meanDelay: seconds(30) }), /^a packet delayed to the cap/],
    [{ ...LIVE_PARAMETERS, sendSpread: 1 / 16 }, /^two mixes a layer take the bursts of 10,000 users/],
    [{ ...LIVE_PARAMETERS, sendSpread: 1 / 2 }, /^a burst is narrow enough/],
    [{ ...LIVE_PARAMETERS, minimumPool: 0 }, /^a mix is never without packets/],
    [{ ...LIVE_PARAMETERS, tokens: { ...LIVE_PARAMETERS.tokens, perProvider: 0 } }, /^services ask for tokens/],
    [{ ...LIVE_PARAMETERS, minimumPool: 60 }, /^decoys take a provider's line/],
    [{ ...LIVE_PARAMETERS, minimumPool: 1000 }, /^decoys of 2 providers for 3 × 2 mixes stay below/],
    [{ ...LIVE_PARAMETERS, minimumPool: 1000 }, /^every mix of 3 × 8 with 6 providers holds/],
    [{ ...LIVE_PARAMETERS, packetBytes: 20_000 }, /^a 20 KB mail is one packet/],
    [{ ...LIVE_PARAMETERS, messageBytesMax: 2 ** 31 }, /^the largest message can be cut/],
    [
      { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, overlap: seconds(240) } },
      /^a SURB's way there and back/,
    ],
    [
      { ...withMail({ meanDelay: seconds(8) }), delayCap: 12 },
      /^a packet of a clock that is off as far as it may be meets/,
    ],
    [
      { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, keyPeriods: 12, overlap: seconds(300) } },
      /^both off as far as they may be, at most one packet/,
    ],
    [
      { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, keyLead: seconds(660) } },
      /^senders do not use a key before the list/,
    ],
    [
      { ...withMail({ dropShare: 0.1, loopShare: 0.25 }), boxReplies: 3 },
      /^the last answer to a collect still meets its keys/,
    ],
    [
      { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, keyPeriods: 12 } },
      /^votes of 1000 nodes pass between four authorities/,
    ],
    [
      { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, keyPeriods: 12 } },
      /^all of 30 nodes get a list|^all of 300 nodes get a list/,
    ],
    [
      { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, keyPeriods: 3 } },
      /^a seized mix opens what was recorded/,
    ],
    [
      { ...LIVE_PARAMETERS, profiles: { mail, chat: { ...chat, sendRate: perSecond(1 / 2) } } },
      /^a chat message arrives within 4 s/,
    ],
  ];
  for (const [parameters, name] of faults) {
    assert.ok(
      failing("live", parameters).some((failed) => name.test(failed)),
      String(name),
    );
  }
  const slow = { ...DEMO_PARAMETERS.profiles.mail, sendRate: perSecond(2) };
  const demo = { ...DEMO_PARAMETERS, profiles: { ...DEMO_PARAMETERS.profiles, mail: slow } };
  assert.deepEqual(failing("demo", demo), ["a mail of 3 MB (4.1 MB in base64) arrives within 120 s (s)"]);
});

for (const law of ["poisson", "slot"] as const) {
  test(`the computed latency is that of a simulated queue (${law} clock)`, () => {
    const random = new SeededRandom(`latency ${law}`);
    const { sendSpread } = LIVE_PARAMETERS;
    const profile = LIVE_PARAMETERS.profiles.chat;
    const slot = 1000 / profile.sendRate;
    const fetch = 1000 / (profile.pollRate - profile.loopShare * profile.sendRate);
    const times = Array.from({ length: 20_000 }, () => {
      let time = WRAP_LEAD + LINKS * LINK_TIME + exponential(random, milliseconds(fetch));
      for (let mix = 0; mix < 3; mix++) time += exponential(random, profile.meanDelay);
      if (law === "poisson") return time + exponential(random, milliseconds(slot / profile.payloadShare));
      const phase = uniform(random);
      for (let k = 0; ; k++) {
        const tick = k + uniform(random) * sendSpread;
        if (tick > phase && uniform(random) < profile.payloadShare) return time + (tick - phase) * slot;
      }
    }).toSorted((a, b) => a - b);
    const { median, p95 } = packetLatency({ clock: law, sendSpread, boxReplies: 0 }, profile);
    assert.ok(Math.abs(median / (times[10_000] as number) - 1) < 0.02, `${median} ${times[10_000]}`);
    assert.ok(Math.abs(p95 / (times[19_000] as number) - 1) < 0.02, `${p95} ${times[19_000]}`);
  });
}

test("an authority sends nine votes, or four, and a list to its share of the nodes, with time to spare for clocks", () => {
  const { authorityLines } = figures(LIVE_PARAMETERS);
  const of = (nodes: number, authorities: number) =>
    authorityLines.find((line) => line.nodes === nodes && line.authorities === authorities);
  const [three, four] = [of(1000, 3), of(1000, 4)];
  assert.ok(three && four);
  // docs/spec/08-directory.md §3 and §5: 11.3 MB, and 5.3 KB more of each node.
  assert.ok(Math.abs(four.listBytes - 11.3e6) < 0.1e6, `${four.listBytes}`);
  assert.ok(Math.abs(four.voteBytes - 16.6e6) < 0.2e6, `${four.voteBytes}`);
  assert.equal(four.round, 225_000);
  assert.ok(Math.abs(four.votesBitsPerSecond / three.votesBitsPerSecond - 9 / 4) < 1e-9);
  assert.ok(Math.abs(four.votesBitsPerSecond - (1.05 * 9 * 8 * four.voteBytes) / 112.5) < 1);
  assert.ok(Math.abs(three.listsBitsPerSecond / four.listsBitsPerSecond - 3 / 2) < 1e-9);
});

test("without boxes the network for people adds up, too; with them a mail waits for an answer and passes three mixes more", () => {
  assert.deepEqual(failing("live", { ...LIVE_PARAMETERS, boxReplies: 0 }), []);
  assert.deepEqual(failing("demo", { ...DEMO_PARAMETERS, boxReplies: 0 }), []);
  const { profiles, network } = figures(LIVE_PARAMETERS);
  assert.ok(
    Math.abs(network.packetsPerSecondPerLayer / (200_000 / 21) - 1.6) < 1e-9,
    "0.15 of slots ask for four answers",
  );
  // Means: 35 s between answers, three delays of 5 s; the median of a sum lies below.
  const { latency, boxLatency, mails } = profiles.mail;
  const more = ((boxLatency?.median ?? 0) - latency.median) / 1000;
  assert.ok(more > 35 && more < 50, `${more}`);
  const huge = mails.at(-1);
  assert.ok(huge?.toBox !== undefined);
  assert.ok(Math.abs((huge.toBox - (boxLatency?.median ?? 0)) / (huge.duration - latency.median) - 0.65 / 0.6) < 1e-9);
});

test("more answers than polls bring, or than a request can ask for, are refused", () => {
  assert.ok(failing("live", withPolls(1 / 15)).includes(OUTPACED));
  const small = failing("live", { ...LIVE_PARAMETERS, packetBytes: 22_000 });
  assert.ok(small.includes("a request has room for the reply blocks of a collect"));
});

test("three devices with boxes keep up with their loops and answers, and catch up after a first letter of 25 MB", () => {
  const { threeDevices } = figures(LIVE_PARAMETERS).profiles.mail;
  // A packet every 21 s: 0.2 of three devices' are loops, 0.15 of one's own ask for four answers.
  assert.ok(Math.abs(threeDevices.arrivalsPerSecond - 1.2 / 21) < 1e-9);
  assert.equal(threeDevices.behind, 0);
  // A fragment every 32.3 s for 9.9 h, of which polls leave 0.0112 a second: 399, taken at 0.0198 a second.
  const { behind } = figures(withPolls(1 / 13)).profiles.mail.threeDevices;
  assert.ok(behind > 5.4 * 3.6e6 && behind < 5.8 * 3.6e6, `${behind / 3.6e6}`);
  assert.ok(failing("live", withPolls(1 / 16)).some((name) => name.startsWith("mail: what three")));
  assert.ok(failing("live", withPolls(1 / 18)).some((name) => name.startsWith("mail: with three devices")));
});

const withPolls = (rate: number): Parameters => {
  const { mail, chat } = LIVE_PARAMETERS.profiles;
  return { ...LIVE_PARAMETERS, profiles: { mail: { ...mail, pollRate: perSecond(rate) }, chat } };
};

const OUTPACED = "mail: polls outpace what arrives, own loops, answers of boxes and a sender at full pace";

test("Erlang's law has its known quantiles", () => {
  const one = erlangQuantile({ count: 1, mean: seconds(1), exceededWith: Math.exp(-3) });
  assert.ok(Math.abs(one - 3000) < 1);
  // Half of chi-squared with 6 degrees of freedom at 95 %: 12.592 / 2.
  const three = erlangQuantile({ count: 3, mean: seconds(1), exceededWith: 0.05 });
  assert.ok(Math.abs(three - 6296) < 1);
});

const burstOf = (sendSpread: number, mixesPerLayer?: number): Burst =>
  burst({ ...LIVE_PARAMETERS, sendSpread }, { users: 84_000, mixesPerLayer, capacity: 3000 });

test("a network's burst at a first mix, the spread that it can take, and the mixes that would do", () => {
  // 84,000 packets in 21 s are 4,000 a second; in an eighth of the time 32,000. With 2,400 answers of boxes, all the time.
  const enough = burstOf(1 / 8);
  assert.equal(enough.mixesPerLayer, 12);
  assert.ok(Math.abs(enough.peak - 34_400 / 12) < 1e-6);
  assert.deepEqual([enough.leastSpread, enough.seconds], [1 / 8, 21 / 8]);
  const few = burstOf(1 / 8, 4);
  assert.equal(
    few.leastSpread,
    27 / 64,
    "1,000 a second at each mix, which has room for 2,400, need 5 parts of 12, in 64ths",
  );
  assert.deepEqual(few.needed, [
    { spread: 1 / 8, mixesPerLayer: 12 },
    { spread: 1 / 4, mixesPerLayer: 7 },
    { spread: 1, mixesPerLayer: 3 },
  ]);
  assert.equal(burstOf(1 / 8, 1).leastSpread, undefined, "not even all of it");
  assert.equal(burstOf(1 / 2, 11).leastSpread, 1 / 2, "what the network has");
  const poisson = burst({ ...LIVE_PARAMETERS, clock: "poisson" }, { users: 84_000, mixesPerLayer: 2, capacity: 3000 });
  assert.equal(Math.round(poisson.peak), 3200, "no bursts");
});
