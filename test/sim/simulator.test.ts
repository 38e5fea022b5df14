/** The simulator itself: the same from the same seed, whatever stands in for cryptography; its faults and its log. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BOX_SERVICE, encodeCollect } from "#transport/box/requests.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds } from "#transport/core/units.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { requestBytesMax } from "#transport/sphinx/service-payload.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { SeededRandom, seededStreams } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { readLog } from "#test/observer/log.ts";
import { boxRepliesPerSecond } from "../../build/params/latency.ts";
import { faultsEnd, faultText, parseFaults, randomFaults } from "./faults.ts";
import { networkPlan } from "./network-plan.ts";
import { LookupCount } from "./lookup-count.ts";
import { DEFAULT_OPTIONS, parseOptions, type SimOptions, UsageError } from "./options.ts";
import type { SimReport } from "./report.ts";
import { simulateSampled } from "./sampled.ts";
import { SampledNetwork } from "./sampled-network.ts";
import { SampledUser } from "./sampled-user.ts";
import { simulate } from "./simulation.ts";

const SMALL: SimOptions = { ...DEFAULT_OPTIONS, users: 6, hours: 0.05, pool: 0, mails: 600 };

test("the same seed gives the same run, another seed another", async () => {
  const [one, again, other] = [await simulate(SMALL), await simulate(SMALL), await simulate({ ...SMALL, seed: "2" })];
  assert.deepEqual(timeless(again.report), timeless(one.report));
  assert.notDeepEqual(timeless(other.report).rates, timeless(one.report).rates);
});

test("clients send and poll as often with X25519 as without any cryptography", async () => {
  const { report: none } = await simulate(SMALL);
  const { report } = await simulate({ ...SMALL, suite: "x25519" });
  assert.deepEqual(report.invariants.violations, []);
  assert.equal(report.messages.read, report.messages.written);
  for (const flow of ["client to provider: packets", "client to provider: polls"] as const) {
    assert.equal(report.rates[flow], none.rates[flow], flow);
  }
});

test("a network that loses, delays, splits, crashes and mistakes the time delivers everything in the end", async () => {
  const faults =
    "loss=0.1@10+120,duplicates=0.1,delay=provider0:800@20+60,partition=mix0.mix1|provider1@60+60,crash=mix3@30+60," +
    "crash=u1@40+90,crash=authority1@5+100,crash=provider1@140+20,clock=mix2:-600@50+60";
  const { report } = await simulate({ ...SMALL, seed: "storm", hours: 0.1, faults });
  assert.deepEqual(report.invariants.violations, []);
  assert.ok(report.messages.written > 5);
  assert.equal(report.messages.read, report.messages.written);
  assert.ok(report.losses.frames > 20, "it was a storm");
  assert.ok((report.losses.drops["NEXT_HOP_DOWN"] ?? 0) > 0);
});

test("faults are text and come back from it", () => {
  const cast = { mixes: ["mix0", "mix1"], providers: ["p0"], authorities: ["authority0"], clients: ["u0", "u1"] };
  for (let i = 0; i < 50; i++) {
    const faults = randomFaults(new SeededRandom(`faults ${i}`), cast, { count: 6, seconds: 3_600 });
    assert.deepEqual(parseFaults(faultText(faults)), faults);
    assert.ok(faultsEnd(faults) <= 3_000, "over before the last sixth");
  }
  for (const wrong of ["flood=1", "loss=2", "crash=mix1", "crash=mix1@5", "clock=mix1@5+6", "loss=0.1@1+2+3", "loss"]) {
    assert.throws(() => parseFaults(wrong), Error, wrong);
    assert.throws(() => parseOptions(["--faults", wrong]), UsageError, wrong);
  }
});

test("with tokens every look-up finds one, and everything is delivered as without", async () => {
  const { report } = await simulate({ ...SMALL, users: 8, tokens: true });
  assert.deepEqual(report.invariants.violations, []);
  assert.equal(report.messages.read, report.messages.written);
  assert.ok((report.invariants.checks["tokens suffice"] ?? 0) >= 8, "look-ups were made");
  assert.ok(report.messages.lookupsMost > 1 && report.messages.beyondTokens === 0);
});

test("who looks more people up at one provider than there are tokens is counted", () => {
  const count = new LookupCount(2);
  for (let i = 0; i < 16; i++) count.asked(7, 2 * i);
  for (let i = 0; i < 17; i++) count.asked(8, 2 * i + 1);
  count.asked(7, 1);
  assert.deepEqual([count.total, count.most, count.beyondTokens], [34, 17, 1]);
});

test("a fault that names a machine that is not there is refused", async () => {
  await assert.rejects(simulate({ ...SMALL, faults: "crash=mix99@1+1" }), /no "mix99"/);
});

test("the adversary's log holds every frame of the measured time, and what each mailbox got", async () => {
  const folder = mkdtempSync(join(tmpdir(), "starling-sim-"));
  try {
    const observe = join(folder, "log");
    const { report } = await simulate({ ...SMALL, observe });
    const log = readLog(readFileSync(observe, "utf8"));
    const seconds = SMALL.hours * 3_600;
    const sends = log.records.filter(({ link, direction, length }) => {
      return log.links[link]?.protocol === "client" && direction === ">" && length > report.network.packetBytes;
    });
    assert.equal(sends.length, Math.round(report.rates["client to provider: packets"] * seconds));
    const polls = log.events.filter(({ kind }) => kind === "poll");
    assert.equal(polls.length, Math.round(report.rates["client to provider: polls"] * seconds));
    assert.equal(log.mailboxes.length, SMALL.users);
    assert.ok(log.events.some(({ kind }) => kind === "arrival"));
    const lengths = (arrow: string): Set<number> => {
      const there = log.records.filter((r) => log.links[r.link]?.protocol === "node" && r.direction === arrow);
      return new Set(there.map(({ length }) => length));
    };
    assert.deepEqual(lengths(">"), new Set([report.network.packetBytes + 1]));
    assert.deepEqual(lengths("<"), new Set([1]), "that a node is there, and nothing else");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [clock, boxes, bars] of [
  ["slot", 0, { median: 0.15, p95: 0.3 }],
  // Mail to boxes and mail to mailboxes take times that lie apart.
  ["slot", 2, { median: 0.2, p95: 0.4 }],
  ["poisson", 2, { median: 0.2, p95: 0.4 }],
] as const) {
  const network = `${clock} clock, ${boxes === 0 ? "no boxes" : `boxes with ${boxes} answers`}`;
  test(`a sample of users gives what every packet gives, roughly in so small a network (${network})`, async () => {
    const options: SimOptions = { ...SMALL, clock, boxes, profile: "chat", users: 12, hours: 0.1, mails: 3_000 };
    const { report: packets } = await simulate(options);
    const sampled = simulateSampled({ ...options, mode: "sampled" });
    assert.deepEqual(packets.invariants.violations, []);
    for (const [flow, rate] of Object.entries(packets.rates)) {
      if (!flow.endsWith("other")) near(sampled.rates[flow as keyof typeof sampled.rates], rate, 0.05, flow);
    }
    // Some two hundred messages have quantiles no finer than this; test/slow/sim-modes.test.ts holds the bar of 5 %.
    near(sampled.latencyMs?.median, packets.latencyMs?.median as number, bars.median, "median");
    near(sampled.latencyMs?.p95, packets.latencyMs?.p95 as number, bars.p95, "p95");
    assert.equal(packets.messages.toBoxes > 0, boxes > 0);
    near(sampled.messages.toBoxes, packets.messages.toBoxes, 0.15, "messages to boxes");
  });
}

test("both modes have boxes where networks for people have them, or as --boxes says", () => {
  for (const mode of ["packets", "sampled"]) {
    const boxReplies = (...args: string[]): number => {
      return networkPlan(parseOptions(["--mode", mode, ...args])).parameters.boxReplies;
    };
    assert.equal(boxReplies(), LIVE_PARAMETERS.boxReplies);
    for (const n of [0, 2]) assert.equal(boxReplies("--boxes", String(n)), n);
  }
  const report = simulateSampled({ ...SMALL, mode: "sampled", boxes: undefined });
  assert.equal(report.network.boxReplies, LIVE_PARAMETERS.boxReplies);
});

test("packets of every suite hold what is asked of a box", () => {
  for (const suite of ["none", "x25519", "xwing"] as const) {
    const { parameters } = networkPlan({ ...DEFAULT_OPTIONS, suite });
    const sizes = geometry(parameters);
    const collect = encodeCollect({
      secret: new Uint8Array(32),
      readerId: new Uint8Array(32),
      cursor: 0,
      taken: 0n,
      delays: Array.from({ length: parameters.boxReplies }, () => milliseconds(0)),
      surbs: Array.from({ length: parameters.boxReplies - 1 }, () => new Uint8Array(sizes.surbBytes)),
    });
    assert.ok(collect.length <= requestBytesMax(sizes, BOX_SERVICE), `${suite}: ${collect.length} bytes`);
  }
});

test("a sample of a large network carries as many packets for each user as the whole of a small one", () => {
  const options: SimOptions = { ...DEFAULT_OPTIONS, mode: "sampled", users: 200_000, sample: 200, hours: 0.5, pool: 0 };
  const { rates, network } = simulateSampled(options);
  const wanted = 200_000 * network.sendRate;
  near(rates["client to provider: packets"], wanted, 0.03, "packets");
  const answers = 200_000 * boxRepliesPerSecond(networkPlan(options).parameters, LIVE_PARAMETERS.profiles.mail);
  near(rates["layer 1 to layer 2"], wanted * 1.01 + answers, 0.04, "with answers of boxes, replies and loops of nodes");
  assert.equal(network.mixesPerLayer, 28, "mixes for bursts, as npm run params says");
  assert.equal(networkPlan({ ...options, clock: "poisson" }).mixesPerLayer, 7, "and without");
});

test("boxes of people who get and write much are not filled with reminders of what waits in them", () => {
  const options: SimOptions = { ...SMALL, mode: "sampled", boxes: 2, users: 20, hours: 12, mails: 150 };
  const { messages, latencyMs } = simulateSampled(options);
  assert.equal(messages.read, messages.written);
  assert.ok(messages.toBoxes > 1_000);
  // The busiest get 25 messages an hour, of 1.5 fragments, and receipts; a box gives 51 entries.
  assert.ok((latencyMs?.p95 ?? 0) < 30 * 60_000, `${latencyMs?.p95} ms`);
});

test("each poll of a sampled user brings an entry of a full mailbox, also one that leaves before the last answer is here", () => {
  const entries = 1_000;
  const { parameters } = networkPlan({ ...SMALL, clock: "poisson" });
  const clock = new VirtualClock();
  const random = new SeededRandom("lines");
  const network = new SampledNetwork({ clock, parameters, random, providers: 2, onRead: () => undefined });
  const profiles = new ProfileSchedule({ parameters, choice: { profile: "chat", nextProfile: undefined } });
  const user = new SampledUser({ self: 0, clock, parameters, profiles, streams: seededStreams("reader"), network });
  const read: number[] = [];
  for (let i = 0; i < entries; i++) user.deposit(() => read.push(i));
  user.start();
  network.isMeasuring = true;
  while (read.length < entries) clock.runAtOnceUntil(milliseconds(clock.now() + 100));
  assert.deepEqual(
    read,
    read.toSorted((a, b) => a - b),
  );
  const polls = network.frames.get("client to provider: polls") ?? 0;
  assert.ok(polls <= entries + 5, `${polls} polls for ${entries} entries`);
});

function near(value: number | undefined, wanted: number, share: number, name: string): void {
  assert.ok(Math.abs((value ?? 0) - wanted) <= share * wanted, `${name}: ${value}, not ${wanted} ± ${share * 100} %`);
}

/** What a run says, but for how long it took. */
function timeless(report: SimReport): Omit<SimReport, "run"> {
  const { run: _, ...rest } = report;
  return rest;
}
