/**
 * Gives one decoder input after input, and holds it to four rules: its own errors only, an end in time, and bounded memory, both
 * for one input and after all of them.
 */

import * as fc from "fast-check";
import { equalBytes } from "#transport/core/bytes.ts";
import { Fault, faultText } from "./fault.ts";
import { bytesKept, bytesTaken, GROWTH_BYTES_MAX, growthSince, Peak } from "./memory.ts";
import { Mutator } from "./mutator.ts";
import { Trial } from "./trial.ts";
import { watched } from "./watch.ts";
import type { Board } from "./watch-board.ts";

/** A decoder that bytes from the network reach. */
export interface Target {
  /** What it reads. */
  readonly name: string;
  /** Inputs from real traffic. */
  readonly corpus: readonly Uint8Array[];
  /** Throws TransportError for what it refuses. Anything else it throws is a bug; so is what it asserts about a value. */
  readonly decode: (bytes: Uint8Array) => void | Promise<void>;
  /**
   * Which changed inputs it takes: some, for a corpus that is always refused tests nothing; none, where a signature or a MAC
   * covers every byte; any number, where only a few bytes are free.
   */
  readonly takesChanged: "some" | "none" | "any";
  /** The suite of the hops decides how long its inputs are, or what is in them: it is tried with X-Wing too. */
  readonly dependsOnSuite?: boolean;
}

export interface Report {
  readonly cases: number;
  readonly madeUp: number;
  /** How many inputs were taken: a corpus that is always refused tests nothing. */
  readonly accepted: number;
  readonly slowestMs: number;
}

export interface Options {
  readonly cases: number;
  readonly madeUp: number;
  readonly seed: number;
  /** For planted faults: after how long a case that goes on counts as endless. */
  readonly endlessSeconds?: number;
}

/** On any machine, however busy: other cases take a thousandth of a second. */
const ENDLESS_SECONDS = 30;
const ACCEPTED_SHARE_MIN = 1 / 10_000;

/**
 * Changed inputs, then a part as many that fast-check makes up. Throws with the input and the line that reproduces it when a rule
 * is broken. A decoder that does not end takes the process with it: then that stands on the error output.
 */
export async function fuzz(given: Target, o: Options): Promise<Report> {
  // A Buffer's slice() is a view: what is changed must be a copy.
  const target = { ...given, corpus: given.corpus.map((bytes) => new Uint8Array(bytes)) };
  return watched({ seconds: o.endlessSeconds ?? ENDLESS_SECONDS }, (board) => tried(target, { ...o, board }));
}

interface Run extends Options {
  readonly board: Board;
}

interface MeasuredRun extends Run {
  readonly peak: Peak;
}

async function tried(target: Target, o: Run): Promise<Report> {
  const { cases, madeUp, seed } = o;
  const { isAsync, longestDecoded } = await tryReal(target, o);
  const measured = { ...o, peak: new Peak({ longestInput: longestOf(target), longestDecoded }) };
  const before = bytesKept();
  const { accepted, slowestMs } = await changed(target, measured);
  const growth = await growthSince(before);
  const all = { circumstances: { name: target.name, seed, kind: "changed" }, number: cases - 1 } as const;
  if (growth > GROWTH_BYTES_MAX)
    throw new Fault(faultText({ ...all, reason: `${growth} bytes stay after ${cases} inputs` }));
  if (target.takesChanged === "some" && accepted < cases * ACCEPTED_SHARE_MIN)
    throw new Fault(faultText({ ...all, reason: "nearly every input was refused at once" }));
  await fromNothing(target, { ...measured, isAsync });
  return { cases, madeUp, accepted, slowestMs };
}

/** What real traffic holds is taken: twice, for what it takes of memory shows when tables are made and code is compiled. */
async function tryReal(target: Target, { board, seed }: Run) {
  board.announce({ name: target.name, seed, kind: "real" });
  let isAsync = false;
  let longestDecoded = 0;
  for (const pass of ["prepares", "measures"]) {
    for (const [number, bytes] of target.corpus.entries()) {
      board.begin(number, bytes);
      const copy = bytes.slice();
      const before = bytesTaken();
      const began = target.decode(copy);
      isAsync ||= began instanceof Promise;
      await began;
      if (pass === "measures") longestDecoded = Math.max(longestDecoded, bytesTaken() - before);
    }
  }
  board.end();
  return { isAsync, longestDecoded };
}

async function changed(target: Target, o: MeasuredRun) {
  const mutator = new Mutator(target.corpus, o.seed);
  const trial = new Trial(target, { ...o, kind: "changed" });
  let accepted = 0;
  let slowestMs = 0;
  for (let i = 0; i < o.cases; i++) {
    const bytes = mutator.next();
    const began = trial.once(bytes);
    const { ok, tookMs } = began instanceof Promise ? await began : began;
    if (ok && target.takesChanged === "none" && isChanged(target, o.board.input)) trial.fail("took what was changed");
    if (ok) accepted++;
    slowestMs = Math.max(slowestMs, tookMs);
  }
  return { accepted, slowestMs };
}

/** The same rules for bytes that fast-check makes up and, when one breaks a rule, shrinks. */
async function fromNothing(target: Target, o: MeasuredRun & { isAsync: boolean }): Promise<void> {
  const maxLength = Math.min(512, longestOf(target) + 8);
  // Of every length: unless told, fast-check makes up ten bytes at most.
  const made = fc.uint8Array({ maxLength, size: "max" });
  // A real start lets what is made up get past the version and into the fields.
  const continued = fc
    .tuple(
      fc.nat({ max: target.corpus.length - 1 }),
      fc.nat({ max: 96 }),
      fc.uint8Array({ maxLength: 64, size: "max" }),
    )
    .map(([index, cut, rest]) => {
      const real = target.corpus[index] as Uint8Array;
      const bytes = real.slice();
      bytes.set(rest.subarray(0, Math.max(0, real.length - cut)), Math.min(cut, real.length));
      return bytes;
    });
  const either = fc.oneof(made, continued);
  const options = { numRuns: o.madeUp, seed: o.seed, endOnFailure: false };
  const trial = new Trial(target, { ...o, kind: "made up" });
  const property = o.isAsync
    ? fc.asyncProperty(either, async (bytes) => void (await trial.once(bytes)))
    : fc.property(either, (bytes) => void trial.once(bytes));
  try {
    await fc.assert(property, options);
  } catch (error) {
    // The shrunk input's, with the line.
    throw error instanceof Error && error.cause instanceof Fault ? error.cause : error;
  }
}

const longestOf = (target: Target): number => Math.max(...target.corpus.map((bytes) => bytes.length));

const isChanged = (target: Target, bytes: Uint8Array): boolean =>
  !target.corpus.some((real) => equalBytes(real, bytes));
