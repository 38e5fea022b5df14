/**
 * A network of any size by a sample of its users, who write to one another: their clocks, queues, waits and mailboxes run one by
 * one, by production's laws; what the whole network carries follows from them and from the number of users. Agrees with packet
 * mode within 5 % (test/slow/sim-modes.test.ts). Docs: docs/simulator.md §5
 */

import { PLACE_BYTES } from "#transport/box/place.ts";
import { fragmentCount } from "#transport/fragment/split.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { decoyRate, poolOf } from "#transport/traffic/minimum-pool.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { SeededRandom, seededStreams } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { type Flow, FLOWS, quantiles } from "./meter.ts";
import { BEGIN, networkPlan } from "./network-plan.ts";
import type { SimOptions } from "./options.ts";
import type { SimReport } from "./report.ts";
import { type Letter, SampledNetwork } from "./sampled-network.ts";
import { SampledUser } from "./sampled-user.ts";
import { Workload, type Writing } from "./workload.ts";

const GRACE: Milliseconds = seconds(3 * 3_600);

export function simulateSampled(options: SimOptions): SimReport {
  const startedAt = performance.now();
  const { seed, mails, profile, hours } = options;
  const played = Math.min(options.users, options.sample);
  const { parameters, mixesPerLayer, providers } = networkPlan(options);
  // The sample signs up as if it were all there is: a network of any size need not be waited for.
  const { signUpTime, warmUp } = networkPlan({ ...options, users: played });
  const duration = milliseconds(hours * 3_600_000);
  const start = milliseconds(BEGIN - warmUp);
  const clock = new VirtualClock({ start, taskLimit: Number.POSITIVE_INFINITY });
  const workload = new Workload({ seed, users: played, mails, profile, duration });
  const letters: Letter[] = [];
  const network = new SampledNetwork({
    clock,
    parameters,
    random: new SeededRandom(`${seed}/lines`),
    providers,
    onRead: ({ writing, readAt }) => {
      const answer = workload.answerTo(writing, (readAt as number) - BEGIN);
      if (answer !== undefined) plan(answer);
    },
  });
  const users = Array.from({ length: played }, (_, self) => {
    // Chosen at sign-up, in force from the next midnight on.
    const choice = { profile: "mail", nextProfile: { profile, from: BEGIN } } as const;
    const profiles = new ProfileSchedule({ parameters, choice });
    const streams = seededStreams(`${seed}/u${self}/0`);
    return new SampledUser({ self, clock, parameters, profiles, streams, network });
  });
  // As many fragments as the body has in a network for people.
  const whole = geometry(LIVE_PARAMETERS);
  const write = (writing: Writing): void => {
    const from = users[writing.from] as SampledUser;
    const to = users[writing.to] as SampledUser;
    from.knows(to, () => {
      const { needed, total } = fragmentCount({
        geometry: whole,
        step: parameters.fragmentStep,
        messageBytes: PLACE_BYTES + writing.bytes,
      });
      const acceptedAt = clock.now();
      const fate = { stored: 0, has: new Set<number>(), readAt: undefined, deliveredAt: undefined };
      const letter: Letter = { writing, from, to, ...from.placesFor(to), needed, total, acceptedAt, ...fate };
      letters.push(letter);
      from.send(letter);
    });
  };
  const plan = (writing: Writing): void => {
    clock.at(milliseconds(BEGIN + writing.at), () => write(writing));
  };

  for (const [i, user] of users.entries()) {
    clock.at(milliseconds(start + (i / played) * signUpTime), () => user.start());
  }
  clock.runAtOnceUntil(BEGIN);
  for (const writing of workload.first) plan(writing);
  network.isMeasuring = true;
  clock.runAtOnceUntil(milliseconds(BEGIN + duration));
  network.isMeasuring = false;
  const last = BEGIN + duration + GRACE;
  while (clock.now() < last && letters.some(({ deliveredAt }) => deliveredAt === undefined)) {
    clock.runAtOnceUntil(milliseconds(clock.now() + 10_000));
  }

  const share = options.users / played;
  const width = { layers: [mixesPerLayer, mixesPerLayer, mixesPerLayer], providers };
  const decoys = decoyRate(parameters, width).rate * providers;
  const loops = parameters.nodeLoopRate * (3 * mixesPerLayer + providers);
  const own = poolOf(parameters, width, decoyRate(parameters, width).rate);
  const rates = Object.fromEntries(
    FLOWS.map((flow) => {
      const ofUsers = ((network.frames.get(flow) ?? 0) * 1000 * share) / duration;
      return [flow, ofUsers + (isBetweenNodes(flow) ? decoys + loops : 0)];
    }),
  ) as Record<Flow, number>;
  const pools = network.held.map((held, layer) => {
    const mean = (held * share) / duration / mixesPerLayer + (own[layer] as number);
    return [`each of layer ${layer + 1}`, { mean, most: undefined }] as const;
  });
  const read = letters.filter(({ readAt }) => readAt !== undefined);
  const boxed = read.filter(({ place }) => place !== undefined);
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const { sendRate, pollRate, meanDelay } = parameters.profiles[profile];
  return {
    options,
    network: {
      mixesPerLayer,
      providers,
      suite: "none: no packet is made",
      packetBytes: whole.packetBytes,
      sendRate,
      pollRate,
      meanDelayMs: meanDelay,
      minimumPool: parameters.minimumPool,
      boxReplies: parameters.boxReplies,
    },
    messages: {
      written: letters.length,
      toBoxes: letters.filter(({ place }) => place !== undefined).length,
      read: read.length,
      delivered: letters.filter(({ deliveredAt }) => deliveredAt !== undefined).length,
      reportedLost: 0,
      unsettled: letters.length - read.length,
      fragments: letters.reduce((sum, { total }) => sum + total, 0),
      lookups: network.lookups.total,
      lookupsMost: network.lookups.most,
      beyondTokens: network.lookups.beyondTokens,
    },
    latencyMs: quantiles(times(read)),
    boxLatencyMs: quantiles(times(boxed)),
    rates,
    pools: Object.fromEntries(pools),
    losses: { frames: 0, drops: {} },
    invariants: { checks: {}, violations: [] },
    run: {
      virtualSeconds: (clock.now() - start) / 1000,
      wallSeconds,
      events: clock.ran,
      eventsPerSecond: clock.ran / wallSeconds,
      memoryMB: process.memoryUsage().rss / 1e6,
      sampledUsers: played,
    },
  };
}

/** Of letters that were read. */
const times = (letters: readonly Letter[]): number[] =>
  letters.map(({ readAt, acceptedAt }) => (readAt as number) - acceptedAt);

const isBetweenNodes = (flow: Flow): boolean => !flow.includes("client");
