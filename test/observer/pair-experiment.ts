/**
 * Can an observer tell whether these two people write to each other? Matched pairs (a sender, and the reader it sends n packets
 * to without pause) against unmatched ones (the same senders and readers, differently paired: equal profile, equal hours online,
 * equal amounts), by three classifiers. docs/anonymity.md says what comes out.
 */

import type { Parameters, ProfileName } from "#transport/core/parameters.ts";
import { uniform } from "#transport/core/random.ts";
import { meanInterval } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { delayLaw, lawOf } from "./erlang.ts";
import { type FlowModel, flowScore, type PairView } from "./flow-likelihood.ts";
import { type Conversation, conversation, type Eye } from "./generator.ts";
import { type Example, train } from "./learned.ts";
import { matchingScore } from "./matching-likelihood.ts";
import { type FeatureScale, pairFeatures } from "./pair-features.ts";
import { ExpectedArrivals, type SenderLaw, senderLaw } from "./sender-law.ts";
import { areaUnderCurve, mean, type OperatingPoint, operatingPoint } from "./statistics.ts";

export const CLASSIFIERS = ["flow", "matching", "learned"] as const;
export type Classifier = (typeof CLASSIFIERS)[number];
export const FPRS = [1e-1, 1e-2, 1e-3] as const;

export interface PairExperiment {
  readonly seed: string;
  readonly parameters: Parameters;
  readonly profile: ProfileName;
  readonly cover: "on" | "off";
  readonly eye: Eye;
  /** A clock that we do not have: clients fall into so many groups, whose slots begin one after another. 1 unless given. */
  readonly groups?: number;
  /**
   * The sender's computer is so many ms ahead, everybody else's is right. Unmatched then are the same senders with readers of others:
   * held against others with this reader, it would be enough to see whose clock is wrong.
   */
  readonly senderClockError?: number;
  /** Packets between one pair, ascending. */
  readonly packets: readonly number[];
  /** Conversations to test with, and others to train the learned classifier with. */
  readonly tested: number;
  readonly trained: number;
  /** Unmatched pairs for each matched one. */
  readonly unmatched: number;
}

export interface PairResult {
  readonly packets: number;
  readonly classifier: Classifier;
  readonly matched: number;
  readonly unmatched: number;
  readonly auc: number;
  readonly points: readonly OperatingPoint[];
}

/** Before any mail, so that packets of before are under way as they always are. */
const WARM_UP_MEANS = 20;

export function runPairExperiment(experiment: PairExperiment): PairResult[] {
  const tested = conversations(experiment, "test", experiment.tested);
  const trained = conversations(experiment, "train", experiment.trained);
  const testedOthers = others(experiment, "test", tested);
  const trainedOthers = others(experiment, "train", trained);
  const model = flowModel(experiment);
  const scale = featureScale(experiment);
  const usual = usualScore(experiment, trainedOthers, model);
  return experiment.packets.flatMap((packets) => {
    const test = pairs(experiment, tested, testedOthers, packets);
    const training = pairs(experiment, trained, trainedOthers, packets);
    const score = { seed: `${experiment.seed}/weights/${packets}`, packets, test, training, model, scale };
    return judge({ ...score, usual: (reader) => usual(reader, packets) });
  });
}

export interface Pairs<Reader> {
  readonly matched: readonly Pair<Reader>[];
  readonly unmatched: readonly Pair<Reader>[];
}

export interface Judgement<Reader> {
  readonly seed: string;
  readonly packets: number;
  readonly test: Pairs<Reader>;
  readonly training: Pairs<Reader>;
  readonly model: FlowModel;
  readonly scale: FeatureScale;
  /** What the matching likelihood of a reader's arrivals is with strangers. */
  readonly usual: (reader: Reader) => number;
}

/** What each classifier makes of the same pairs. */
export function judge<Reader>({ seed, packets, test, training, model, scale, usual }: Judgement<Reader>): PairResult[] {
  const learned = train(
    [
      ...training.matched.map(({ view }): Example => ({ features: pairFeatures(view, scale), isMatch: true })),
      ...training.unmatched.map(({ view }): Example => ({ features: pairFeatures(view, scale), isMatch: false })),
    ],
    { seed },
  );
  const score: Record<Classifier, (pair: Pair<Reader>) => number> = {
    flow: ({ view }) => flowScore(view, model),
    matching: ({ view, reader }) => matchingScore(view, model) - usual(reader),
    learned: ({ view }) => learned(pairFeatures(view, scale)),
  };
  return CLASSIFIERS.map((classifier): PairResult => {
    const matched = Float64Array.from(test.matched, score[classifier]);
    const unmatched = Float64Array.from(test.unmatched, score[classifier]);
    const points = FPRS.map((fpr) => operatingPoint(matched, unmatched, fpr));
    const auc = areaUnderCurve(matched, unmatched);
    return { packets, classifier, matched: matched.length, unmatched: unmatched.length, auc, points };
  });
}

/** What the adversary takes the traffic for: the parameters are public. */
function flowModel(experiment: PairExperiment): FlowModel {
  const { parameters, profile, cover, eye } = experiment;
  const { sendRate, pollRate, payloadShare, loopShare, meanDelay } = parameters.profiles[profile];
  const sender = clockLaw(experiment);
  const none = { share: 0, laws: [] };
  const own = lawOf(parameters, profile);
  const anybody = new ExpectedArrivals(sender, own);
  // Nobody else's packet leaves a client without cover.
  if (cover === "off") return { law: own, share: 0.999, anybody, background: 0, loops: none };
  if (eye === "line") {
    // On average an entry waits for a poll; what else comes at a poll is background.
    const law = delayLaw(meanDelay, own.shift + meanInterval(pollRate));
    const background = (pollRate - payloadShare * sendRate) / 1000;
    return { law, share: payloadShare, anybody: new ExpectedArrivals(sender, law), background, loops: none };
  }
  const loops = { share: loopShare, laws: [lawOf(parameters, "mail"), lawOf(parameters, "chat")] };
  return { law: own, share: payloadShare, anybody, background: 0, loops };
}

/** Without cover only payload slots are seen, and of them only those that carry something: the pace of a flow, anywhere. */
function clockLaw(experiment: PairExperiment): SenderLaw {
  const { parameters, profile, cover, groups = 1 } = experiment;
  if (cover === "off") return { kind: "anywhere", period: packetGap(experiment) };
  if (groups > 1) return { kind: "anywhere", period: meanInterval(parameters.profiles[profile].sendRate) };
  return senderLaw({ parameters, profile });
}

function featureScale(experiment: PairExperiment): FeatureScale {
  const { parameters, profile } = experiment;
  return { bin: parameters.profiles[profile].meanDelay / 2, sender: clockLaw(experiment) };
}

function conversations(experiment: PairExperiment, use: "test" | "train", count: number): Conversation[] {
  const { seed, parameters, profile, cover, eye, packets, groups = 1, senderClockError = 0 } = experiment;
  const most = Math.max(...packets);
  const start = warmUp(experiment);
  const gap = packetGap(experiment);
  // The sum of so many exponential gaps is longer than this once in 10^9 conversations.
  const duration = start + gap * (most + 6.5 * Math.sqrt(most) + 25) + start;
  return Array.from({ length: count }, (_, i) => {
    const name = `${seed}/${use}/${i}`;
    const begin = start + uniform(new SeededRandom(`${name}/begin`)) * gap;
    const group = Math.floor(uniform(new SeededRandom(`${name}/group`)) * groups);
    const drawn = conversation({
      seed: name,
      parameters,
      profile,
      cover,
      eye,
      duration,
      mail: Array<number>(most).fill(begin),
      senderClockError,
    });
    return group === 0 ? drawn : later(drawn, (group / groups) * meanInterval(parameters.profiles[profile].sendRate));
  });
}

/**
 * Those who are strangers to the pairs: each other, or, where their mailboxes are seen, readers whose senders' clocks are right. What
 * passes a reader's line shows no sender's clock, and the same readers on both sides leave less to chance.
 */
function others(
  { senderClockError, ...right }: PairExperiment,
  use: "test" | "train",
  own: readonly Conversation[],
): readonly Conversation[] {
  return senderClockError === undefined || right.eye === "line"
    ? own
    : conversations({ ...right, seed: `${right.seed}/right` }, use, own.length);
}

/** The same of people whose slots begin later. */
function later(drawn: Conversation, by: number): Conversation {
  const shift = (times: Float64Array): Float64Array => times.map((time) => time + by);
  const { sends, readerSends, arrivals, real, entries, ways } = drawn;
  return {
    sends: shift(sends),
    readerSends: shift(readerSends),
    arrivals: shift(arrivals),
    real: shift(real),
    entries: shift(entries),
    ways,
  };
}

function pairs(
  experiment: PairExperiment,
  all: readonly Conversation[],
  strangers: readonly Conversation[],
  packets: number,
): Pairs<Conversation> {
  const at = (i: number): Conversation => strangers[i % strangers.length] as Conversation;
  const pair = (sender: Conversation, reader: Conversation): Pair<Conversation> => ({
    reader,
    view: view(experiment, sender, reader, packets),
  });
  const isWrong = experiment.senderClockError !== undefined;
  const matched = all.map((one) => pair(one, one));
  const unmatched = all.flatMap((one, i) =>
    // Steps that grow: were they equal, every sender would meet the same few readers again.
    Array.from({ length: experiment.unmatched }, (_, k) => {
      const other = at(i + 1 + (k * (k + 3)) / 2);
      return isWrong ? pair(one, other) : pair(other, one);
    }),
  );
  return { matched, unmatched };
}

/**
 * What the matching likelihood of a reader's arrivals is on average with senders who have nothing to do with it: some arrivals are
 * likelier than others whoever sends. An observer can draw such senders from the public law; these are of the training set. With
 * Poisson clocks there is no need: arrivals of an unknown sender are a Poisson process, whose likelihood is in the score.
 */
function usualScore(
  experiment: PairExperiment,
  strangers: readonly Conversation[],
  model: FlowModel,
): (reader: Conversation, packets: number) => number {
  if (experiment.parameters.clock === "poisson") return () => 0;
  const known = new Map<Conversation, number>();
  let of = 0;
  return (reader, packets) => {
    if (packets !== of) known.clear();
    of = packets;
    let usual = known.get(reader);
    if (usual === undefined) {
      const scores = strangers
        .slice(0, STRANGERS)
        .map((other) => matchingScore(view(experiment, other, reader, packets), model));
      usual = mean(scores);
      known.set(reader, usual);
    }
    return usual;
  };
}

const STRANGERS = 8;

export interface Pair<Reader> {
  readonly reader: Reader;
  readonly view: PairView;
}

function view(experiment: PairExperiment, sender: Conversation, reader: Conversation, packets: number): PairView {
  const { eye } = experiment;
  const [arrivals, own] = eye === "line" ? [reader.entries, NOTHING] : [reader.arrivals, reader.readerSends];
  // The provider sees when a flow comes and goes; whoever sees the line alone does not, and looks at any stretch as long.
  const start = warmUp(experiment);
  const [from, until] =
    eye === "line"
      ? [start, start + packets * packetGap(experiment)]
      : [reader.real[0] as number, reader.real[packets - 1] as number];
  const before = from - start / 2;
  return {
    departures: between(sender.sends, before, until),
    arrivals: between(arrivals, from, until),
    readerDepartures: between(own, before, until),
    from,
    until,
  };
}

const NOTHING = new Float64Array(0);

const warmUp = ({ parameters, profile }: PairExperiment): number =>
  2 * WARM_UP_MEANS * Math.max(parameters.profiles[profile].meanDelay, parameters.profiles.mail.meanDelay / 4);

/** Mean time between two payload slots. */
function packetGap({ parameters, profile }: PairExperiment): number {
  const { sendRate, payloadShare } = parameters.profiles[profile];
  return meanInterval(sendRate) / payloadShare;
}

/** Times in [from, until], without copying. */
export function between(times: Float64Array, from: number, until: number): Float64Array {
  return times.subarray(firstFrom(times, from), firstFrom(times, until + 0.5));
}

function firstFrom(times: Float64Array, moment: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
