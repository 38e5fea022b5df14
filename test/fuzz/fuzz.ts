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

/** Of the processor: a decoder works on at most a megabyte: one that takes this long for one input hangs, on any machine. */
const CASE_MILLISECONDS_MAX = 2_000;
/** Asking the system for the processor's time costs as much as a quick decoder. */
const CASES_BETWEEN_LOOKS = 256;
/** What may stay in memory after any number of inputs: caches of tables, compiled code. */
const GROWTH_BYTES_MAX = 48 * 2 ** 20;
const ACCEPTED_SHARE_MIN = 1 / 10_000;
const COLLECTIONS_MAX = 20;

/** Changed inputs, then a part as many that fast-check makes up. Throws with the input and the seed when a rule is broken. */
export async function fuzz(given: Target, o: { cases: number; madeUp: number; seed: number }): Promise<Report> {
  // A Buffer's slice() is a view: what is changed must be a copy.
  const target = { ...given, corpus: given.corpus.map((bytes) => new Uint8Array(bytes)) };
  const { cases, madeUp } = o;
  // What real traffic holds is taken.
  let isAsync = false;
  for (const bytes of target.corpus) {
    const began = target.decode(bytes.slice());
    isAsync ||= began instanceof Promise;
    await began;
  }
  const before = heapBytes();
  const { accepted, slowestMs } = await changed(target, { cases, seed: o.seed });
  const growth = await growthSince(before);
  if (growth > GROWTH_BYTES_MAX) throw new Error(`${target.name}: ${growth} bytes stay after ${cases} inputs`);
  if (target.takesChanged === "some" && accepted < cases * ACCEPTED_SHARE_MIN)
    throw new Error(`${target.name}: nearly every input was refused at once`);
  await fromNothing(target, { cases: madeUp, seed: o.seed, isAsync });
  return { cases, madeUp, accepted, slowestMs };
}

async function changed(target: Target, o: { cases: number; seed: number }) {
  const { cases, seed } = o;
  const mutator = new Mutator(target.corpus, seed);
  const trial = new Trial(target, seed);
  let accepted = 0;
  let slowestMs = 0;
  for (let i = 0; i < cases; i++) {
    const bytes = mutator.next();
    const began = trial.once(bytes);
    const { ok, tookMs } = began instanceof Promise ? await began : began;
    if (ok && target.takesChanged === "none" && isChanged(target, bytes)) trial.fail(bytes, "took what was changed");
    if (ok) accepted++;
    slowestMs = Math.max(slowestMs, tookMs);
  }
  return { accepted, slowestMs };
}

/** The same rules for bytes that fast-check makes up and, when one breaks a rule, shrinks. */
async function fromNothing(target: Target, o: { cases: number; seed: number; isAsync: boolean }): Promise<void> {
  const { cases: numRuns, seed } = o;
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
  const either = fc.oneof(made, continued);
  const options = { numRuns, seed, endOnFailure: false };
  const trial = new Trial(target, seed);
  if (o.isAsync) {
    await fc.assert(
      fc.asyncProperty(either, async (bytes) => void (await trial.once(bytes))),
      options,
    );
  } else {
    fc.assert(
      fc.property(either, (bytes) => void trial.once(bytes)),
      options,
    );
  }
}

interface Once {
  readonly ok: boolean;
  readonly tookMs: number;
}

class Trial {
  readonly #target: Target;
  readonly #seed: number;
  #looked = process.cpuUsage();
  #cases = 0;

  constructor(target: Target, seed: number) {
    this.#target = target;
    this.#seed = seed;
  }

  /** A promise only where the decoder gives one: waiting for nothing costs more than most decoders. */
  once(bytes: Uint8Array): Once | Promise<Once> {
    if (this.#cases++ % CASES_BETWEEN_LOOKS === 0) this.#looked = process.cpuUsage();
    const start = performance.now();
    try {
      const began = this.#target.decode(bytes);
      if (!(began instanceof Promise)) return this.#ended(bytes, { start, ok: true });
      return began.then(
        () => this.#ended(bytes, { start, ok: true }),
        (error: unknown) => this.#failed(bytes, { start, error }),
      );
    } catch (error) {
      return this.#failed(bytes, { start, error });
    }
  }

  fail(bytes: Uint8Array, reason: string, cause?: unknown): never {
    const input = Buffer.from(bytes).toString("base64");
    const text = `${this.#target.name}: ${reason}; case ${this.#cases - 1} of seed ${this.#seed}; input ${input}`;
    throw new Fault(text, { cause });
  }

  #failed(bytes: Uint8Array, o: { start: number; error: unknown }): Once {
    if (o.error instanceof Fault) throw o.error;
    if (!(o.error instanceof TransportError)) this.fail(bytes, String(o.error), o.error);
    return this.#ended(bytes, { start: o.start, ok: false });
  }

  #ended(bytes: Uint8Array, { start, ok }: { start: number; ok: boolean }): Once {
    const tookMs = performance.now() - start;
    // On a machine with other work to do a case may wait without doing anything.
    if (tookMs > CASE_MILLISECONDS_MAX) {
      const { user, system } = process.cpuUsage(this.#looked);
      if ((user + system) / 1_000 > CASE_MILLISECONDS_MAX) this.fail(bytes, `${tookMs} ms for one input`);
    }
    return { ok, tookMs };
  }
}

/** What breaks a rule. */
class Fault extends Error {}

const isChanged = (target: Target, bytes: Uint8Array): boolean =>
  !target.corpus.some((real) => equalBytes(real, bytes));

/** The collector gives buffers back in a thread of its own, which may have to wait for a processor. */
async function growthSince(before: number): Promise<number> {
  let growth = heapBytes() - before;
  for (let i = 0; i < COLLECTIONS_MAX && growth > GROWTH_BYTES_MAX; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    growth = heapBytes() - before;
  }
  return growth;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** After a collection, buffers outside the heap included. */
function heapBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
