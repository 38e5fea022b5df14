/**
 * Which provider's customer does somebody write to, day after day? Statistical disclosure on the lines into providers, hour by
 * hour: the observer knows from the lines when everybody is online and takes away what idle clients would send; an oracle may tell
 * it on which days or in which hours the watched person wrote, and how much. Everybody else writes too, as people do.
 */

import { meanInterval } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { type Habits, hoursOnline } from "./disclosure.ts";
import { chancesOf, nodePackets, type ProviderNetwork } from "./provider-law.ts";
import { QuickRandom } from "./quick-random.ts";
import { clopperPearson, type Interval } from "./statistics.ts";

/** What is told of the watched person's mail: nothing, how many packets on each day, or in each hour. */
export const ORACLES = ["none", "days", "hours"] as const;
export type Oracle = (typeof ORACLES)[number];
/**
 * What hours of mail are held against: what idle clients would send, which also finds mail that comes every day, and others' mail
 * with it; or the same hour of other days.
 */
export const BASES = ["idle clients", "other days"] as const;
export type Basis = (typeof BASES)[number];

/** `users` are those who belong to the network; how many are connected follows from their habits. */
export interface WeeksExperiment extends ProviderNetwork {
  readonly seed: string;
  readonly habits: Habits;
  /** Packets that the watched person sends to one provider on a day of ten hours, each amount for itself; as much as their slots hold. */
  readonly packets: readonly number[];
  /** After so many weeks each, ascending. */
  readonly weeks: readonly number[];
  /** People watched. */
  readonly trials: number;
  /** A planted fault: the watched client's drops go where its mail goes. */
  readonly fault?: "drops follow mail";
}

export interface WeeksResult {
  readonly packets: number;
  readonly oracle: Oracle;
  readonly basis: Basis;
  readonly weeks: number;
  readonly trials: number;
  /** Share of people whose provider looks likeliest; by guessing 1 / providers. */
  readonly right: number;
  readonly interval: Interval;
}

const DAY = 24;
const WEEK = 7 * DAY;
const HOUR = 3_600_000;
const USUAL_DAY = 10 * HOUR;
/** So many people's hours stand for everybody's. */
const SAMPLE = 300;

export function runWeeks(experiment: WeeksExperiment): WeeksResult[] {
  const { seed, packets, weeks, trials, providers } = experiment;
  const hours = Math.max(...weeks) * WEEK;
  const usual = usualPackets(experiment, hours);
  const hits = new Map<string, number>();
  for (let trial = 0; trial < trials; trial++) {
    const random = new QuickRandom(`${seed}/${trial}`);
    const online = hoursOnline(new SeededRandom(`observer/weeks/writer/${trial}`), experiment.habits, hours);
    const others = mailOfOthers(experiment, random).map((share) =>
      usual.all.map((mean, hour) => random.poisson(mean + share * (usual.online[hour] as number)) - mean),
    );
    for (const amount of packets) {
      const to = random.below(providers);
      const day = write({ experiment, online, amount, to, random });
      const seen = others.map((row, i) => row.map((count, hour) => count + (day.excess[i]?.[hour] ?? 0)));
      for (const oracle of ORACLES) {
        const told = tell(oracle, online, day.mail);
        for (const basis of BASES) {
          for (const count of weeks) {
            const scores = seen.map((row) => association({ row, told, basis, usual: usual.all, hours: count * WEEK }));
            const best = Math.max(...scores);
            const level = scores.filter((score) => score === best).length;
            if (scores[to] !== best || random.below(level) > 0) continue;
            const name = `${amount}/${oracle}/${basis}/${count}`;
            hits.set(name, (hits.get(name) ?? 0) + 1);
          }
        }
      }
    }
  }
  const results: WeeksResult[] = [];
  for (const amount of packets) {
    for (const oracle of ORACLES) {
      for (const basis of BASES) {
        for (const count of weeks) {
          const found = hits.get(`${amount}/${oracle}/${basis}/${count}`) ?? 0;
          const interval = clopperPearson(found, trials, 0.95);
          results.push({ packets: amount, oracle, basis, weeks: count, trials, right: found / trials, interval });
        }
      }
    }
  }
  return results;
}

/** Hour by hour who is online, and what comes into one provider from idle clients and from nodes on average. */
function usualPackets(experiment: WeeksExperiment, hours: number): { online: Float64Array; all: Float64Array } {
  const { seed, parameters, habits, users, providers } = experiment;
  const random = new SeededRandom(`${seed}/people`);
  const people = Math.min(users, SAMPLE);
  const online = new Float64Array(hours);
  for (let person = 0; person < people; person++) {
    hoursOnline(random, habits, hours).forEach((share, hour) => {
      online[hour] = (online[hour] as number) + share * (users / people);
    });
  }
  const perHour = HOUR / meanInterval(parameters.profiles.mail.sendRate);
  const all = online.map((count) => (count * perHour) / providers + HOUR * nodePackets(experiment));
  return { online, all };
}

/** Packets more (or fewer) that come into each provider for each hour that anybody is online: some have more correspondents. */
function mailOfOthers({ habits, users, providers }: WeeksExperiment, random: QuickRandom): number[] {
  const shares = new Float64Array(providers);
  for (let writer = 1; writer < users; writer++) {
    for (const share of habits.shares) {
      const provider = random.below(providers);
      shares[provider] = (shares[provider] as number) + share;
    }
  }
  const perHour = (habits.mailsPerDay * HOUR) / USUAL_DAY;
  return Array.from(shares, (share) => perHour * (share / users - 1 / providers));
}

/** Hour by hour what the watched client sends to each provider, less what is expected of an idle one; and how much of it is mail. */
function write(o: {
  experiment: WeeksExperiment;
  online: Float64Array;
  amount: number;
  to: number;
  random: QuickRandom;
}): { mail: Float64Array; excess: Float64Array[] } {
  const { experiment, online, amount, to, random } = o;
  const { parameters, providers, fault } = experiment;
  const { payloadShare, sendRate } = parameters.profiles.mail;
  const slot = meanInterval(sendRate);
  const chances = chancesOf(parameters);
  const taken = Math.min(1, (amount * slot) / (USUAL_DAY * payloadShare));
  const mail = new Float64Array(online.length);
  const excess = Array.from({ length: providers }, () => new Float64Array(online.length));
  const drops = new Float64Array(providers);
  const evenly = Array<number>(providers).fill(1 / providers);
  online.forEach((share, hour) => {
    const slots = Math.round((share * HOUR) / slot);
    const payloads = random.binomial(slots, payloadShare);
    const carrying = random.binomial(payloads, taken);
    const loops = random.binomial(slots - payloads, chances.loop / (1 - payloadShare));
    mail[hour] = carrying;
    drops.fill(0);
    const dropped = slots - carrying - loops;
    if (fault === "drops follow mail") drops[to] = dropped;
    else random.split(dropped, evenly, drops, 0);
    excess.forEach((row, provider) => {
      const sent = (drops[provider] as number) + (provider === to ? carrying : 0);
      // Its loops come home, which is the first provider: what chance adds to their mean is seen there.
      row[hour] = sent - (slots * chances.anywhere) / providers + (provider === 0 ? loops - slots * chances.loop : 0);
    });
  });
  return { mail, excess };
}

/** How much of the watched person's mail the observer expects in each hour, up to a factor. */
function tell(oracle: Oracle, online: Float64Array, mail: Float64Array): Float64Array {
  if (oracle === "none") return online;
  if (oracle === "hours") return mail;
  const told = new Float64Array(online.length);
  for (let day = 0; day < online.length; day += DAY) {
    const present = sum(online.subarray(day, day + DAY));
    const written = sum(mail.subarray(day, day + DAY));
    for (let hour = day; hour < day + DAY; hour++) {
      told[hour] = present > 0 ? (written * (online[hour] as number)) / present : 0;
    }
  }
  return told;
}

/** How much more comes when mail is expected, each hour weighed by how sure it is. */
function association(o: {
  row: Float64Array;
  told: Float64Array;
  basis: Basis;
  usual: Float64Array;
  hours: number;
}): number {
  const { row, told, basis, usual, hours } = o;
  let together = 0;
  for (let ofDay = 0; ofDay < DAY; ofDay++) {
    const level = basis === "other days" ? average(told, usual, { ofDay, hours }) : 0;
    for (let hour = ofDay; hour < hours; hour += DAY) {
      const weight = 1 / (usual[hour] as number);
      together += weight * ((told[hour] as number) - level) * (row[hour] as number);
    }
  }
  return together;
}

/** Over the same hour of all days, each weighed by how sure it is. */
function average(told: Float64Array, usual: Float64Array, { ofDay, hours }: { ofDay: number; hours: number }): number {
  let [weights, expected] = [0, 0];
  for (let hour = ofDay; hour < hours; hour += DAY) {
    const weight = 1 / (usual[hour] as number);
    weights += weight;
    expected += weight * (told[hour] as number);
  }
  return expected / weights;
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
