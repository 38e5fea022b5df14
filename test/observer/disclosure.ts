/**
 * Statistical disclosure over weeks (Danezis 2003; here as a weighted regression, after Pérez-González and Troncoso 2012): who
 * writes to this reader? What goes in hour by hour is who is online (any watcher of lines sees that) and how many entries came into
 * the reader's mailbox (its provider sees that). What is looked for: whose hours online go together with more mail than the
 * reader's own loops account for. People and their habits are modelled, rates and counts are the network's.
 */

import { SeededRandom } from "#test/support/seeded-random.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { below, exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { milliseconds } from "#transport/core/units.ts";

/** How people live. All in one time zone: strangers' hours overlap most. */
export interface Habits {
  /** Hours online on a day, mean; every person's own mean is within a half of it. */
  readonly hoursOnline: number;
  /** The chance that a day passes without the computer. */
  readonly daysAway: number;
  /** Mails that somebody writes on a day online. */
  readonly mailsPerDay: number;
  /** How a person's mails go to correspondents, the first the dearest. */
  readonly shares: readonly number[];
}

export const HABITS: Habits = { hoursOnline: 10, daysAway: 0.15, mailsPerDay: 5, shares: [0.5, 0.2, 0.15, 0.1, 0.05] };
/** The program runs while the computer is on, and that is always. */
export const ALWAYS_ON: Habits = { ...HABITS, hoursOnline: 24, daysAway: 0 };

export interface DisclosureExperiment {
  readonly seed: string;
  readonly parameters: Parameters;
  readonly habits: Habits;
  readonly people: number;
  /** Readers whose correspondent is looked for. */
  readonly readers: number;
  /** After so many weeks each, ascending. */
  readonly weeks: readonly number[];
  /** `provider` sees the mailbox; `line` sees the answers to the reader's polls, as many whatever comes. */
  readonly eye: "line" | "provider";
}

export interface DisclosureResult {
  readonly weeks: number;
  /** How many of `people - 1` candidates look at least as likely as the person who writes to the reader most; median. */
  readonly medianRank: number;
  /** Share of readers whose correspondent is first, or among the first ten. */
  readonly first: number;
  readonly firstTen: number;
}

const WEEK = 7 * 24;

export function runDisclosure(experiment: DisclosureExperiment): DisclosureResult[] {
  const { people, readers, weeks, eye } = experiment;
  const hours = Math.max(...weeks) * WEEK;
  const world = live(experiment, hours);
  const ranks = Array.from({ length: readers }, (_, reader) => {
    const seen = eye === "provider" ? (world.arrivals[reader] as Float64Array) : answers(experiment, world, reader);
    const expected = eye === "provider" ? "loops" : "polls";
    return weeks.map((count) => {
      const view = { ...world, seen, reader, hours: count * WEEK };
      const scores = Array.from({ length: people }, (__, candidate) =>
        candidate === reader ? Number.NEGATIVE_INFINITY : association(experiment, view, candidate, expected),
      );
      const truth = scores[world.dearest[reader] as number] as number;
      // The true one counts itself; candidates that cannot be told from it count half.
      const above = scores.filter((score) => score > truth).length;
      const level = scores.filter((score) => score === truth).length;
      return above + (level + 1) / 2;
    });
  });
  return weeks.map((count, i) => {
    const here = ranks.map((perWeek) => perWeek[i] as number).toSorted((a, b) => a - b);
    const share = (limit: number): number => here.filter((rank) => rank <= limit).length / here.length;
    return { weeks: count, medianRank: here[here.length >> 1] as number, first: share(1), firstTen: share(10) };
  });
}

interface Lives {
  /** By person, hour by hour: the share of the hour online. */
  readonly online: readonly Float64Array[];
  /** By reader: entries in each hour. */
  readonly arrivals: readonly Float64Array[];
  /** By reader: who writes to it most. */
  readonly dearest: readonly number[];
}

function live(experiment: DisclosureExperiment, hours: number): Lives {
  const { seed, parameters, habits, people, readers } = experiment;
  const random = new SeededRandom(seed);
  const online = Array.from({ length: people }, () => hoursOnline(random, habits, hours));
  const arrivals = Array.from({ length: readers }, () => new Float64Array(hours));
  // Reader i is the dearest correspondent of exactly one person, and others' now and then.
  const dearest = Array.from({ length: readers }, () => readers + below(random, people - readers));
  const writesTo = Array.from({ length: people }, () => habits.shares.map(() => below(random, people)));
  dearest.forEach((writer, reader) => {
    (writesTo[writer] as number[])[0] = reader;
  });
  for (let writer = 0; writer < people; writer++) {
    const presence = online[writer] as Float64Array;
    const perHour = habits.mailsPerDay / habits.hoursOnline;
    for (let hour = 0; hour < hours; hour++) {
      const mails = poisson(random, perHour * (presence[hour] as number));
      for (let i = 0; i < mails; i++) {
        const reader = (writesTo[writer] as number[])[draw(random, habits.shares)] as number;
        const box = arrivals[reader];
        if (box !== undefined) box[hour] = (box[hour] as number) + 1;
      }
    }
  }
  const loops = loopsPerHour(parameters);
  arrivals.forEach((box, reader) => {
    for (let hour = 0; hour < hours; hour++) {
      box[hour] = (box[hour] as number) + poisson(random, loops * ((online[reader] as Float64Array)[hour] as number));
    }
  });
  return { online, arrivals, dearest };
}

const loopsPerHour = ({ profiles: { mail } }: Parameters): number => 3600 * mail.sendRate * mail.loopShare;

/** Every poll has one answer, whatever there is to fetch. */
function answers({ seed, parameters }: DisclosureExperiment, { online }: Lives, reader: number): Float64Array {
  const polls = 3600 * parameters.profiles.mail.pollRate;
  const random = new SeededRandom(`${seed}/polls/${reader}`);
  return (online[reader] as Float64Array).map((share) => poisson(random, polls * share));
}

/**
 * How far more comes when the candidate is online than when not, in standard errors. Each hour weighs by how sure it is: while
 * the reader is away no loops blur what comes. Hours are compared with the same hour of other days only, or everybody who is
 * up when others are would look like a friend.
 */
function association(
  { parameters }: DisclosureExperiment,
  view: Lives & { readonly seen: Float64Array; readonly reader: number; readonly hours: number },
  candidate: number,
  expected: "loops" | "polls",
): number {
  const { seen, hours, online, reader } = view;
  const there = online[candidate] as Float64Array;
  const own = online[reader] as Float64Array;
  const usual = expected === "loops" ? loopsPerHour(parameters) : 3600 * parameters.profiles.mail.pollRate;
  let [spreadX, spreadY, together] = [0, 0, 0];
  for (let ofDay = 0; ofDay < 24; ofDay++) {
    let [sum, sumX, sumY, sumXX, sumXY, sumYY] = [0, 0, 0, 0, 0, 0];
    for (let hour = ofDay; hour < hours; hour += 24) {
      const present = own[hour] as number;
      const weight = 1 / (usual * present + QUIET_HOUR);
      const x = there[hour] as number;
      const y = (seen[hour] as number) - usual * present;
      sum += weight;
      sumX += weight * x;
      sumY += weight * y;
      sumXX += weight * x * x;
      sumXY += weight * x * y;
      sumYY += weight * y * y;
    }
    spreadX += sumXX - sumX ** 2 / sum;
    spreadY += sumYY - sumY ** 2 / sum;
    together += sumXY - (sumX * sumY) / sum;
  }
  return spreadX < 1e-9 || spreadY < 1e-9 ? 0 : (together / Math.sqrt(spreadX * spreadY)) * Math.sqrt(hours);
}

/** Mails an hour that come anyway, about: an hour without loops is not free of doubt. */
const QUIET_HOUR = 0.3;

/** One block a day around the person's own hours, moved a little every day; sometimes none. */
export function hoursOnline(random: RandomSource, habits: Habits, hours: number): Float64Array {
  const online = new Float64Array(hours);
  if (habits.hoursOnline >= 24) return online.fill(1);
  const length = habits.hoursOnline * (0.5 + uniform(random));
  const begin = 7 + 6 * uniform(random);
  for (let day = 0; day * 24 < hours; day++) {
    const isAway = uniform(random) < habits.daysAway;
    const from = begin + 2 * (uniform(random) - 0.5);
    const until = from + length + 3 * (uniform(random) - 0.5);
    if (isAway) continue;
    for (let hour = Math.floor(from); hour < until; hour++) {
      const at = day * 24 + hour;
      if (at < hours) online[at] = Math.min(until, hour + 1) - Math.max(from, hour);
    }
  }
  return online;
}

/** How many events of a mean: counted by their exponential gaps. */
function poisson(random: RandomSource, mean: number): number {
  if (mean <= 0) return 0;
  let count = 0;
  for (let left = mean; ; count++) {
    left -= exponential(random, milliseconds(1));
    if (left < 0) return count;
  }
}

/** An index, each with its share. */
function draw(random: RandomSource, shares: readonly number[]): number {
  let left = uniform(random);
  const index = shares.findIndex((share) => {
    left -= share;
    return left < 0;
  });
  return index < 0 ? shares.length - 1 : index;
}
