/**
 * Which provider's customer does somebody write to? A long mail is n packets to one provider, each in place of a drop that would have
 * gone to any; the observer counts what comes into each provider meanwhile, and is told when the mail begins and ends. Counts are
 * drawn a window at a time, the watched client is production's. docs/anonymity.md says what comes out.
 */

import type { Parameters } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { startClient } from "./generator.ts";
import {
  allPackets,
  arriving,
  chanceOfRight,
  chancesOf,
  lagShares,
  nodePackets,
  type ProviderNetwork,
  waysOf,
} from "./provider-law.ts";
import { QuickClock } from "./quick-clock.ts";
import { QuickRandom } from "./quick-random.ts";
import { clopperPearson, type Interval, mean, operatingPoint, type OperatingPoint } from "./statistics.ts";

export interface BurstExperiment extends ProviderNetwork {
  readonly seed: string;
  /** `off` is the planted fault: nobody sends but mail, nodes neither; others write as people do. */
  readonly cover: "on" | "off";
  /** Packets of the mail. */
  readonly packets: number;
  /** People watched, one after another. */
  readonly trials: number;
  /** How far the watched client's clock is ahead, ms: its slots begin so much sooner. 0 unless given. */
  readonly clockError?: number;
}

export interface BurstResult {
  readonly packets: number;
  readonly trials: number;
  /** Share of cases in which the provider that looks likeliest is the one; by guessing 1 / providers. */
  readonly right: number;
  readonly interval: Interval;
  /** The same by the formula of the page. */
  readonly reckoned: number;
  /** Of "this is the one", against "another is". */
  readonly point: OperatingPoint;
}

/** Of a slot: fine enough that a packet's way, 8.7 s more or less, is not blurred. */
export const BINS_PER_SLOT = 4;
/** One way in 2,000 is longer than a minute. */
const LONGEST_WAY = 62_000;
/** What another writes on a day of ten hours, in packets per ms: of importance only without cover. */
const MAIL_OF_OTHERS = 5 / 36_000_000;
const FPR = 1e-2;

export function runBursts(experiment: BurstExperiment): BurstResult {
  const { providers, packets, trials } = experiment;
  const [scoresOfTrue, scoresOfOthers] = [new Float64Array(trials), new Float64Array(trials * (providers - 1))];
  const law = background(experiment);
  let [hits, others] = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const random = new QuickRandom(`${experiment.seed}/${packets}/${trial}`);
    const mail = watched(experiment, trial);
    const to = random.below(providers);
    const scores = observe({ experiment, law, mail, to, random });
    const best = Math.max(...scores);
    const level = scores.filter((score) => score === best).length;
    // Among those that look alike the observer takes any.
    if (scores[to] === best && random.below(level) === 0) hits++;
    scores.forEach((score, provider) => {
      if (provider === to) scoresOfTrue[trial] = score;
      else scoresOfOthers[others++] = score;
    });
  }
  return {
    packets,
    trials,
    right: hits / trials,
    interval: clopperPearson(hits, trials, 0.95),
    reckoned: reckonedRight(experiment),
    point: operatingPoint(scoresOfTrue, scoresOfOthers, FPR),
  };
}

/** What the page's formula says: n packets more, against the noise of all that come meanwhile. */
export function reckonedRight(experiment: BurstExperiment): number {
  const { parameters, providers, packets, cover, users } = experiment;
  const { payloadShare, sendRate } = parameters.profiles.mail;
  const each = cover === "on" ? allPackets(experiment) : users * MAIL_OF_OTHERS;
  const between = meanInterval(sendRate) / payloadShare;
  return chanceOfRight(Math.sqrt((packets * providers * timing(experiment)) / (between * each)), providers);
}

/** As if so many times the packets: with a Poisson clock a sender's times are a pattern of its own, 1 + period · ∫f². */
function timing({ parameters }: BurstExperiment): number {
  const { sendRate, meanDelay } = parameters.profiles.mail;
  return parameters.clock === "poisson" ? 1 + (meanInterval(sendRate) * 3) / (16 * meanDelay) : 1;
}

/** A long mail of one person, from a random moment of the slot clock's beat on. */
interface Watched {
  readonly duration: number;
  /** All frames of its client from the mail's first packet to its last. */
  readonly departures: readonly number[];
  /** When packets of the mail come into their provider, and when others do that its client sends. */
  readonly mail: readonly number[];
  readonly loops: readonly number[];
  readonly anywhere: readonly number[];
}

/** Networks of every size are asked about the same people. */
const known = new WeakMap<Parameters, Map<string, Watched>>();

function watched({ parameters, packets, cover, clockError = 0 }: BurstExperiment, trial: number): Watched {
  const name = `observer/writer/${parameters.clock}/${cover}/${packets}/${trial}/${clockError}`;
  const writers = known.get(parameters) ?? new Map<string, Watched>();
  known.set(parameters, writers);
  const found = writers.get(name);
  if (found !== undefined) return found;
  const clock = new QuickClock();
  const slot = meanInterval(parameters.profiles.mail.sendRate);
  const begin = Math.ceil((2 * LONGEST_WAY) / slot) * slot;
  let left = packets;
  const [mail, loops, anywhere]: [number[], number[], number[]] = [[], [], []];
  const sent: { at: number; isMail: boolean }[] = [];
  startClient({
    clock,
    parameters,
    profile: "mail",
    cover,
    seed: name,
    clockError,
    hasMail: () => clock.now() >= begin && left > 0 && left-- > 0,
    onPacket: ({ kind, isReal, journey }) => {
      sent.push({ at: clock.now(), isMail: isReal });
      const to = isReal ? mail : kind === "loop" ? loops : anywhere;
      to.push(journey().arrival);
    },
  });
  while (mail.length < packets) clock.runUntil(clock.now() + slot);
  clock.runUntil(clock.now() + LONGEST_WAY);
  const [first, last] = [sent.find(({ isMail }) => isMail), sent.findLast(({ isMail }) => isMail)];
  const slots = Math.ceil(((last?.at ?? 0) + LONGEST_WAY) / slot) + 1;
  const result = {
    duration: slots * slot,
    departures: sent.map(({ at }) => at).filter((at) => at >= (first?.at ?? 0) && at <= (last?.at ?? 0)),
    mail,
    loops,
    anywhere,
  };
  writers.set(name, result);
  return result;
}

export interface Background {
  readonly bin: number;
  /** What comes into each provider in a bin from senders without a beat: nodes, and others under a Poisson clock. */
  readonly even: readonly number[];
  /** Slot clock: clients at each provider that send one packet in each slot; and where in later bins it comes. */
  readonly clients: readonly number[];
  readonly loop: Float64Array;
  readonly anywhere: Float64Array;
  /** Expected in a bin at one provider, by the bin's place in its slot. */
  readonly expected: Float64Array;
}

export function background(experiment: BurstExperiment): Background {
  const { parameters, users, providers, cover } = experiment;
  const slot = meanInterval(parameters.profiles.mail.sendRate);
  const bin = slot / BINS_PER_SLOT;
  const isBeat = parameters.clock === "slot" && cover === "on";
  const nodes = nodePackets(experiment);
  const ways = waysOf(parameters);
  const chances = chancesOf(parameters);
  const shape = { bin, bins: Math.ceil(LONGEST_WAY / bin), from: 0, until: parameters.sendSpread * slot };
  const [loop, anywhere] = [lagShares(ways.loop, shape), lagShares(ways.anywhere, shape)];
  // The watched one, at the first provider, is drawn by itself.
  const clients = Array.from({ length: providers }, (_, i) => users / providers - (i === 0 ? 1 : 0));
  const even = clients.map((count): number => {
    if (cover === "off") return (bin * users * MAIL_OF_OTHERS) / providers;
    const others = (count * chances.loop + ((users - 1) * chances.anywhere) / providers) / slot;
    return bin * (isBeat ? nodes : others + nodes);
  });
  const all = cover === "off" ? (users * MAIL_OF_OTHERS) / providers : allPackets(experiment) / providers;
  const expected = new Float64Array(BINS_PER_SLOT).fill(bin * (isBeat ? nodes : all));
  if (isBeat) {
    loop.forEach((share, lag) => {
      const packets = chances.loop * share + chances.anywhere * (anywhere[lag] as number);
      const place = lag % BINS_PER_SLOT;
      expected[place] = (expected[place] as number) + (users / providers) * packets;
    });
  }
  return { bin, even, clients: isBeat ? clients : [], loop, anywhere, expected };
}

/** What each provider scores: packets that came into it, each weighed by how much likelier mail makes it. */
function observe(o: {
  experiment: BurstExperiment;
  law: Background;
  mail: Watched;
  to: number;
  random: QuickRandom;
}): number[] {
  const { experiment, law, mail, to, random } = o;
  const weights = weigh(experiment, law, mail);
  const bins = weights.length;
  const rows = drawCounts(experiment, law, { bins, random });
  const add = (row: Float64Array | undefined, at: number): void => {
    const bin = Math.floor(at / law.bin);
    if (row !== undefined && bin >= 0 && bin < bins) row[bin] = (row[bin] as number) + 1;
  };
  for (const at of mail.mail) add(rows[to], at);
  for (const at of mail.loops) add(rows[0], at);
  for (const at of mail.anywhere) add(rows[random.below(experiment.providers)], at);
  const sums = rows.map((row) => weights.reduce((sum, weight, bin) => sum + weight * (row[bin] as number), 0));
  // As so many standard deviations above the average provider, so that one case can be held against another.
  const variance = weights.reduce((sum, weight, bin) => {
    return sum + weight * weight * (law.expected[bin % BINS_PER_SLOT] as number);
  }, 0);
  return sums.map((sum) => (sum - mean(sums)) / Math.sqrt(variance));
}

/** By provider: packets of everybody but the watched client that come into it in each bin, from a slot's beginning on. */
export function drawCounts(
  experiment: BurstExperiment,
  law: Background,
  { bins, random }: { bins: number; random: QuickRandom },
): Float64Array[] {
  const rows = law.even.map((usual) =>
    Float64Array.from({ length: bins + law.loop.length }, () => random.poisson(usual)),
  );
  if (law.clients.length > 0) addBeats(experiment, law, rows, { bins, random });
  return rows.map((row) => row.subarray(0, bins));
}

/** Slot by slot: of each provider's clients so many loops, the rest among all providers; each on its way for so long. */
function addBeats(
  { parameters, providers }: BurstExperiment,
  { clients, loop, anywhere }: Background,
  rows: readonly Float64Array[],
  { bins, random }: { bins: number; random: QuickRandom },
): void {
  const chances = chancesOf(parameters);
  const slots = bins / BINS_PER_SLOT;
  for (let slot = -Math.ceil(loop.length / BINS_PER_SLOT); slot < slots; slot++) {
    let astray = 0;
    clients.forEach((count, provider) => {
      const loops = random.binomial(count, chances.loop);
      astray += count - loops;
      put(rows[provider] as Float64Array, slot, random, loops, loop);
    });
    for (let provider = 0; provider < providers; provider++) {
      const here = random.binomial(astray, 1 / (providers - provider));
      astray -= here;
      put(rows[provider] as Float64Array, slot, random, here, anywhere);
    }
  }
}

function put(row: Float64Array, slot: number, random: QuickRandom, total: number, lags: Float64Array): void {
  const from = slot * BINS_PER_SLOT;
  if (from >= 0) return random.split(total, lags, row, from);
  // Before the window: what comes within it.
  const counts = new Float64Array(lags.length);
  random.split(total, lags, counts, 0);
  for (let lag = -from; lag < lags.length; lag++)
    row[from + lag] = (row[from + lag] as number) + (counts[lag] as number);
}

/** By bin: log of the intensity at a provider if the mail goes there, over that if it goes to another. */
function weigh({ parameters, providers, cover }: BurstExperiment, law: Background, mail: Watched): Float64Array {
  const { payload } = waysOf(parameters);
  const share = cover === "on" ? parameters.profiles.mail.payloadShare : 1;
  const bins = BINS_PER_SLOT * Math.round(mail.duration / (law.bin * BINS_PER_SLOT));
  const extra = new Float64Array(bins);
  for (const departure of mail.departures) {
    const first = Math.max(0, Math.floor(departure / law.bin));
    const last = Math.min(bins - 1, Math.floor((departure + LONGEST_WAY) / law.bin));
    for (let bin = first; bin <= last; bin++) {
      const chance = arriving(payload, bin * law.bin - departure, (bin + 1) * law.bin - departure);
      extra[bin] = (extra[bin] as number) + share * chance;
    }
  }
  return extra.map((more, bin) => {
    const usual = law.expected[bin % BINS_PER_SLOT] as number;
    // With cover a packet of the mail is one drop less.
    const less = cover === "on" ? more / providers : 0;
    return more < 1e-9 ? 0 : Math.log((usual + more - less) / (usual - less));
  });
}
