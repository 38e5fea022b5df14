/** Gives one decoder input after input, and holds it to three rules: its own errors only, an end in time, and bounded memory. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { equalBytes } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { Mutator } from "./mutator.ts";

/** A decoder that bytes from the network reach. */
export interface Target {
  /** What it reads. */
  readonly name: string;
  /** Inputs from real traffic. */
  readonly corpus: readonly Uint8Array[];
  /** Throws TransportError for what it refuses. Anything else it throws is a bug; so is what it asserts about a value. */
  readonly decode: (bytes: Uint8Array) => void;
  /**
   * Which changed inputs it takes: some, for a corpus that is always refused tests nothing; none, where a signature or a MAC
   * covers every byte; any number, where only a few bytes are free.
   */
  readonly takesChanged: "some" | "none" | "any";
}

export interface Report {
  readonly cases: number;
  /** How many inputs were taken: a corpus that is always refused tests nothing. */
  readonly accepted: number;
  readonly slowestMs: number;
}

/** A decoder works on at most a megabyte: one that takes this long for one input hangs, on any machine. */
const CASE_MILLISECONDS_MAX = 2_000;
/** What may stay in memory after any number of inputs: caches of tables, compiled code. */
const GROWTH_BYTES_MAX = 48 * 2 ** 20;
const ACCEPTED_SHARE_MIN = 1 / 10_000;

/** Throws with the input and the seed when a rule is broken. */
export function fuzz(target: Target, options: { cases: number; seed: number }): Report {
  const { cases, seed } = options;
  for (const bytes of target.corpus) target.decode(bytes.slice()); // what real traffic holds is taken
  const mutator = new Mutator(target.corpus, seed);
  const before = heapBytes();
  let accepted = 0;
  let slowestMs = 0;
  for (let i = 0; i < cases; i++) {
    const bytes = mutator.next();
    const where = () => `case ${i} of seed ${seed}`;
    const { ok, tookMs } = once(target, bytes, where);
    if (ok && target.takesChanged === "none" && isChanged(target, bytes)) {
      throw new Error(`${target.name}: took what was changed; ${where()}; input ${toBase64(bytes)}`);
    }
    if (ok) accepted++;
    slowestMs = Math.max(slowestMs, tookMs);
  }
  const growth = heapBytes() - before;
  if (growth > GROWTH_BYTES_MAX) throw new Error(`${target.name}: ${growth} bytes stay after ${cases} inputs`);
  if (target.takesChanged === "some" && accepted < cases * ACCEPTED_SHARE_MIN)
    throw new Error(`${target.name}: nearly every input was refused at once`);
  return { cases, accepted, slowestMs };
}

/** The same rules for bytes that fast-check makes up and, when one breaks a rule, shrinks. */
export function fuzzFromNothing(target: Target, options: { cases: number; seed: number }): void {
  const { cases: numRuns, seed } = options;
  const maxLength = Math.min(512, Math.max(...target.corpus.map((bytes) => bytes.length)) + 8);
  const made = fc.uint8Array({ maxLength });
  // A real start lets what is made up get past the version and into the fields.
  const continued = fc
    .tuple(fc.nat({ max: target.corpus.length - 1 }), fc.nat({ max: 96 }), fc.uint8Array({ maxLength: 64 }))
    .map(([index, cut, rest]) => {
      const real = target.corpus[index] as Uint8Array;
      const bytes = real.slice();
      bytes.set(rest.subarray(0, Math.max(0, real.length - cut)), Math.min(cut, real.length));
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(made, continued), (bytes) => void once(target, bytes, () => `seed ${seed}`)),
    { numRuns, seed, endOnFailure: false },
  );
}

function once(target: Target, bytes: Uint8Array, where: () => string): { ok: boolean; tookMs: number } {
  const start = performance.now();
  let ok = true;
  try {
    target.decode(bytes);
  } catch (error) {
    if (!(error instanceof TransportError)) {
      throw new Error(`${target.name}: ${String(error)}; ${where()}; input ${toBase64(bytes)}`, { cause: error });
    }
    ok = false;
  }
  const tookMs = performance.now() - start;
  if (tookMs > CASE_MILLISECONDS_MAX) throw new Error(`${target.name}: ${tookMs} ms for one input; ${where()}`);
  return { ok, tookMs };
}

const isChanged = (target: Target, bytes: Uint8Array): boolean =>
  !target.corpus.some((real) => equalBytes(real, bytes));

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** After a collection, buffers outside the heap included. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
