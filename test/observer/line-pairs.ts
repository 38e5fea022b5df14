/**
 * Who writes to whom, by the lines of a whole simulated network: writers with their readers against the same writers with the
 * readers of others. Nothing here is drawn: all times are out of the adversary's log (line-network.ts).
 */

import type { Parameters } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { delayLaw, lawOf } from "./erlang.ts";
import type { FlowModel, PairView } from "./flow-likelihood.ts";
import { type LineFault, lineParameters, type LineOfPair, mailGap, MARGIN } from "./line-network.ts";
import { matchingScore } from "./matching-likelihood.ts";
import { between, judge, type Pair, type PairResult, type Pairs } from "./pair-experiment.ts";
import { ExpectedArrivals, type SenderLaw, senderLaw } from "./sender-law.ts";
import { mean } from "./statistics.ts";

export interface LineExperiment {
  readonly seed: string;
  readonly clock: Parameters["clock"];
  readonly fault: LineFault;
  readonly packets: number;
  /** Unmatched pairs for each matched one, at most all others of its network. */
  readonly unmatched: number;
  /** One list for each simulated network. The learned classifier learns from other networks than it is tested on. */
  readonly trained: readonly (readonly LineOfPair[])[];
  readonly tested: readonly (readonly LineOfPair[])[];
}

export function judgeLines(experiment: LineExperiment): PairResult[] {
  const { seed, packets, trained, tested } = experiment;
  const parameters = lineParameters(experiment);
  const { model, sender } = whatIsPublic(experiment, parameters);
  const strangers = (trained[0] ?? []).slice(0, STRANGERS);
  const known = new Map<LineOfPair, number>();
  const usual = (reader: LineOfPair): number => {
    if (sender.kind === "anywhere") return 0;
    const score =
      known.get(reader) ?? mean(strangers.map((one) => matchingScore(view(one, reader, experiment), model)));
    known.set(reader, score);
    return score;
  };
  return judge({
    seed: `${seed}/weights`,
    packets,
    test: pairs(tested, experiment),
    training: pairs(trained, experiment),
    model,
    scale: { bin: parameters.profiles.mail.meanDelay / 2, sender },
    usual,
  });
}

/** For whoever runs the tests: one line for each classifier. */
export const figuresOf = (results: readonly PairResult[]): string[] =>
  results.map(({ classifier, matched, unmatched, auc, points }) => {
    const shares = points.map(({ fpr, tpr, interval: { low, high } }) => {
      return `${tpr.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)}) at ${fpr}`;
    });
    return `${classifier}, ${matched} matched, ${unmatched} unmatched: TPR ${shares.join(", ")}; AUC ${auc.toFixed(3)}`;
  });

const STRANGERS = 8;
/** Of the answers that no mail explains, were there no other: an observer rules nothing out. */
const UNEXPLAINED = 1 / 20;

/** The parameters, and how often answers come on anybody's line: the observer counts them. */
function whatIsPublic(experiment: LineExperiment, parameters: Parameters): { model: FlowModel; sender: SenderLaw } {
  const { fault, trained, packets } = experiment;
  const { sendRate, pollRate, payloadShare, meanDelay } = parameters.profiles.mail;
  const until = packets * mailGap(parameters);
  const answers = mean(trained.flat().map((line) => between(line.answers, 0, until).length)) / until;
  const background = Math.max(answers - (payloadShare * sendRate) / 1000, UNEXPLAINED * answers);
  // Three mixes' delays and a wait for a poll, as an Erlang law of the same mean.
  const law = delayLaw(meanDelay + meanInterval(pollRate) / 3, lawOf(parameters, "mail").shift);
  const sender: SenderLaw =
    fault === "bare" ? { kind: "anywhere", period: mailGap(parameters) } : senderLaw({ parameters, profile: "mail" });
  const share = fault === "bare" ? 0.999 : payloadShare;
  const none = { share: 0, laws: [] };
  return { sender, model: { law, share, anybody: new ExpectedArrivals(sender, law), background, loops: none } };
}

function pairs(networks: LineExperiment["tested"], experiment: LineExperiment): Pairs<LineOfPair> {
  const pair = (writer: LineOfPair, reader: LineOfPair): Pair<LineOfPair> => ({
    reader,
    view: view(writer, reader, experiment),
  });
  const matched = networks.flatMap((lines) => lines.map((line) => pair(line, line)));
  const unmatched = networks.flatMap((lines) =>
    lines.flatMap((writer, i) =>
      Array.from({ length: Math.min(experiment.unmatched, lines.length - 1) }, (_, k) =>
        pair(writer, lines[(i + 1 + k) % lines.length] as LineOfPair),
      ),
    ),
  );
  return { matched, unmatched };
}

function view(writer: LineOfPair, reader: LineOfPair, { clock, fault, packets }: LineExperiment): PairView {
  const until = packets * mailGap(lineParameters({ clock, fault }));
  return {
    departures: between(writer.sends, -MARGIN, until),
    arrivals: between(reader.answers, 0, until),
    readerDepartures: NOTHING,
    from: 0,
    until,
  };
}

const NOTHING = new Float64Array(0);
