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
    [withMail({ sendRate: perSecond(1 / 40) }), /^a 20 KB mail arrives/],
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

test("with boxes the network for people adds up, and a mail to one waits for an answer and passes three mixes more", () => {
  const parameters = { ...LIVE_PARAMETERS, boxReplies: 2 };
  assert.deepEqual(failing("live", parameters), []);
  assert.deepEqual(failing("demo", { ...DEMO_PARAMETERS, boxReplies: 2 }), []);
  const { profiles, network } = figures(parameters);
  assert.ok(
    Math.abs(network.packetsPerSecondPerLayer / (200_000 / 21) - 1.3) < 1e-9,
    "0.15 of slots ask for two answers",
  );
  // Means: 70 s between answers, three delays of 5 s; the median of a sum lies below.
  const { latency, boxLatency } = profiles.mail;
  const more = ((boxLatency?.median ?? 0) - latency.median) / 1000;
  assert.ok(more > 60 && more < 85, `${more}`);
});

test("more answers than polls bring, or than a request can ask for, are refused", () => {
  assert.ok(failing("live", { ...LIVE_PARAMETERS, boxReplies: 4 }).includes(OUTPACED));
  const small = failing("live", { ...LIVE_PARAMETERS, boxReplies: 4, packetBytes: 22_000 });
  assert.ok(small.includes("a request has room for the reply blocks of a collect"));
});

test("three devices with boxes keep up with their loops and answers, and catch up after a first letter of 25 MB", () => {
  const { mail } = figures({ ...LIVE_PARAMETERS, boxReplies: 2 }).profiles;
  // A packet every 21 s: 0.2 of three devices' are loops, 0.15 of one's own ask for two answers.
  assert.ok(Math.abs(mail.threeDevices.arrivalsPerSecond - 0.9 / 21) < 1e-9);
  assert.ok(mail.threeDevices.behind > 2.5 * 3.6e6 && mail.threeDevices.behind < 3.5 * 3.6e6);
  assert.equal(figures(LIVE_PARAMETERS).profiles.mail.threeDevices.behind, 0, "without boxes they are never behind");
  assert.ok(failing("live", { ...LIVE_PARAMETERS, boxReplies: 4 }).some((name) => name.startsWith("mail: what three")));
  const profiles = {
    ...LIVE_PARAMETERS.profiles,
    mail: { ...LIVE_PARAMETERS.profiles.mail, pollRate: perSecond(0.04) },
  };
  const slow = failing("live", { ...LIVE_PARAMETERS, boxReplies: 2, profiles });
  assert.ok(slow.some((name) => name.startsWith("mail: with three devices")));
});

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
  // 84,000 packets in 21 s are 4,000 a second; in an eighth of the time 32,000.
  const enough = burstOf(1 / 8);
  assert.equal(enough.mixesPerLayer, 11);
  assert.ok(Math.abs(enough.peak - 32_000 / 11) < 1e-6);
  assert.deepEqual([enough.leastSpread, enough.seconds], [1 / 8, 21 / 8]);
  const few = burstOf(1 / 8, 4);
  assert.equal(few.leastSpread, 22 / 64, "1,000 a second at each mix need a third of a slot, in 64ths");
  assert.deepEqual(few.needed, [
    { spread: 1 / 8, mixesPerLayer: 11 },
    { spread: 1 / 4, mixesPerLayer: 6 },
    { spread: 1, mixesPerLayer: 2 },
  ]);
  assert.equal(burstOf(1 / 8, 1).leastSpread, undefined, "not even all of it");
  assert.equal(burstOf(1 / 2, 11).leastSpread, 1 / 2, "what the network has");
  const poisson = burst({ ...LIVE_PARAMETERS, clock: "poisson" }, { users: 84_000, mixesPerLayer: 2, capacity: 3000 });
  assert.equal(Math.round(poisson.peak), 2000, "no bursts");
});
