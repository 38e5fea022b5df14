/**
 * Does a line of real processes show whether its user writes or reads? What simulated clients cannot tell by: to the microsecond, how late
 * a busy program sends, how long a frame takes to leave, when a provider answers. Windows of one line as features; the same small
 * learned classifier as elsewhere.
 */

import { SeededRandom } from "#test/support/seeded-random.ts";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import { type Example, train } from "./learned.ts";
import type { ObserverLog } from "./log.ts";
import { areaUnderCurve, mean, median } from "./statistics.ts";

/** A stretch of one person's line, in milliseconds. */
export interface LiveWindow {
  /** In the log. */
  readonly link: number;
  readonly from: number;
  readonly until: number;
  readonly isBusy: boolean;
  /** Windows of one block stand together on one side of each fold. */
  readonly block: number;
}

export interface LiveResult {
  readonly busy: number;
  readonly idle: number;
  /** Mean over both folds. */
  readonly auc: number;
  /** What the area deviates by when coins are thrown anew for each line and block: what chance alone makes of the same windows. */
  readonly chance: number;
}

/** Enough for the deviation to be known within a seventh. */
const COINS_THROWN_ANEW = 25;

/** Trains on the windows of even blocks and tests on those of odd ones, and the other way round. `slot` is 1 / rate in ms. */
export function tellBusyOnLine(options: {
  log: ObserverLog;
  windows: readonly LiveWindow[];
  slot: number;
  seed: string;
}): LiveResult {
  const { log, windows, slot, seed } = options;
  const lines = writesByLink(log);
  const examples = windows.map((window): LiveExample => {
    const writes = (lines.get(window.link) ?? []).filter(({ end }) => end >= window.from && end < window.until);
    return { ...window, features: featuresOf(writes, slot), isMatch: window.isBusy };
  });
  const random = new SeededRandom(`${seed} anew`);
  const areas = Array.from({ length: COINS_THROWN_ANEW }, () => areaOf(withCoinsAnew(examples, random), seed));
  const middle = mean(areas);
  const busy = windows.filter(({ isBusy }) => isBusy).length;
  return {
    busy,
    idle: windows.length - busy,
    auc: areaOf(examples, seed),
    chance: Math.sqrt(mean(areas.map((area) => (area - middle) ** 2))),
  };
}

type LiveExample = Example & Pick<LiveWindow, "link" | "block">;

function areaOf(examples: readonly LiveExample[], seed: string): number {
  const areas = [0, 1].map((parity) => {
    const score = train(
      examples.filter(({ block }) => block % 2 === parity),
      { seed: `${seed} ${parity}` },
    );
    const tested = examples.filter(({ block }) => block % 2 !== parity);
    const scoresOf = (isMatch: boolean): Float64Array =>
      Float64Array.from(tested.filter((one) => one.isMatch === isMatch).map(({ features }) => score(features)));
    return areaUnderCurve(scoresOf(true), scoresOf(false));
  });
  return mean(areas);
}

/** Windows of one line and block are alike: one coin for all of them. */
function withCoinsAnew(examples: readonly LiveExample[], random: RandomSource): LiveExample[] {
  const coins = new Map<string, boolean>();
  return examples.map((example) => {
    const key = `${example.link} ${example.block}`;
    const isMatch = coins.get(key) ?? uniform(random) < 0.5;
    coins.set(key, isMatch);
    return { ...example, isMatch };
  });
}

/** The windows of a block as one. */
export function wholeBlocks(windows: readonly LiveWindow[]): LiveWindow[] {
  const blocks = new Map<string, LiveWindow>();
  for (const window of windows) {
    const key = `${window.link} ${window.block}`;
    blocks.set(key, { ...window, from: blocks.get(key)?.from ?? window.from });
  }
  return [...blocks.values()];
}

/** What was written at once: records up to one that is not full. */
export interface Write {
  readonly direction: ">" | "<";
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
}

/** 16,384 bytes of content, and what TLS 1.3 adds (RFC 8446 §5.1, §5.2). */
const FULL_RECORD_BYTES = 16_384 + 22;

export function writesByLink(log: ObserverLog): ReadonlyMap<number, readonly Write[]> {
  const lines = new Map<number, Write[]>();
  const begun = new Map<string, { start: number; bytes: number }>();
  for (const { at, link, direction, length } of log.records) {
    const key = `${link}${direction}`;
    const { start, bytes } = begun.get(key) ?? { start: at, bytes: 0 };
    if (length === FULL_RECORD_BYTES) {
      begun.set(key, { start, bytes: bytes + length });
      continue;
    }
    begun.delete(key);
    const writes = lines.get(link) ?? [];
    lines.set(link, writes);
    writes.push({ direction, bytes: bytes + length, start, end: at });
  }
  return lines;
}

/** Longer than a question for an entry, shorter than a packet. */
const SMALL_BYTES = 256;
/** A shared thread that is held up lets go of what waited for it at once. */
const SHORT_GAPS = [0.5, 1, 2, 5, 10, 25];

export function featuresOf(writes: readonly Write[], slot: number): Float64Array {
  const out = writes.filter(({ direction }) => direction === ">");
  const packets = out.filter(({ bytes }) => bytes >= SMALL_BYTES);
  const polls = out.filter(({ bytes }) => bytes < SMALL_BYTES);
  const answers = writes.filter(({ direction }) => direction === "<");
  const gaps = [out.map(({ start }) => start), answers.map(({ start }) => start)].map((times) =>
    times.slice(1).map((time, i) => time - (times[i] as number)),
  );
  return Float64Array.from([
    packets.length,
    polls.length,
    answers.length,
    ...summary(packets.map(({ start }) => start % slot)),
    ...summary(polls.map(({ start }) => start % slot)),
    ...summary(packets.map(({ start, end }) => end - start)),
    ...summary(answers.map(({ start, end }) => end - start)),
    ...summary(answersAfter(polls, answers)),
    ...gaps.flatMap((of) => SHORT_GAPS.map((bound) => of.filter((gap) => gap < bound).length / (of.length || 1))),
  ]);
}

/** For each poll, how long until the next write towards the client. */
function answersAfter(polls: readonly Write[], answers: readonly Write[]): number[] {
  const waits: number[] = [];
  let next = 0;
  for (const { end } of polls) {
    while (next < answers.length && (answers[next] as Write).start < end) next++;
    const answer = answers[next];
    if (answer !== undefined) waits.push(answer.start - end);
  }
  return waits;
}

/** Mean, spread, quartiles, and the latest. */
function summary(values: readonly number[]): number[] {
  if (values.length === 0) return [0, 0, 0, 0, 0, 0];
  const sorted = values.toSorted((a, b) => a - b);
  const middle = mean(sorted);
  const spread = Math.sqrt(mean(sorted.map((value) => (value - middle) ** 2)));
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number;
  return [middle, spread, at(0.25), median(sorted), at(0.75), at(1)];
}
