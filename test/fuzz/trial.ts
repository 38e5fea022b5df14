/** Gives a decoder one input and holds it to the rules. */

import { TransportError } from "#transport/core/errors.ts";
import { type Circumstances, Fault, faultText } from "./fault.ts";
import type { Target } from "./fuzz.ts";
import type { Peak } from "./memory.ts";
import type { Board } from "./watch-board.ts";

/** Of the processor: a decoder works on at most a megabyte: one that takes this long for one input hangs, on any machine. */
const CASE_MILLISECONDS_MAX = 2_000;
/** Asking the system for the processor's time costs as much as a quick decoder. */
const CASES_BETWEEN_LOOKS = 256;

export interface Once {
  readonly ok: boolean;
  readonly tookMs: number;
}

export class Trial {
  readonly #target: Target;
  readonly #circumstances: Circumstances;
  readonly #peak: Peak;
  readonly #board: Board;
  #looked = process.cpuUsage();
  #cases = 0;

  constructor(target: Target, o: { seed: number; kind: "changed" | "made up"; peak: Peak; board: Board }) {
    this.#target = target;
    this.#circumstances = { name: target.name, seed: o.seed, kind: o.kind };
    this.#peak = o.peak;
    this.#board = o.board;
    o.board.announce(this.#circumstances);
  }

  /** A promise only where the decoder gives one: waiting for nothing costs more than most decoders. */
  once(bytes: Uint8Array): Once | Promise<Once> {
    const number = this.#cases++;
    if (number % CASES_BETWEEN_LOOKS === 0) this.#looked = process.cpuUsage();
    this.#board.begin(number, bytes);
    this.#peak.begin();
    const start = performance.now();
    try {
      const began = this.#target.decode(bytes);
      if (!(began instanceof Promise)) return this.#ended({ start, ok: true });
      return began.then(
        () => this.#ended({ start, ok: true }),
        (error: unknown) => this.#failed({ start, error }),
      );
    } catch (error) {
      return this.#failed({ start, error });
    }
  }

  /** Of the last input. */
  fail(reason: string, cause?: unknown): never {
    const { number, input } = this.#board;
    throw new Fault(faultText({ circumstances: this.#circumstances, number, reason, input }), { cause });
  }

  #failed(o: { start: number; error: unknown }): Once {
    if (o.error instanceof Fault) throw o.error;
    if (!(o.error instanceof TransportError)) this.fail(String(o.error), o.error);
    return this.#ended({ start: o.start, ok: false });
  }

  #ended({ start, ok }: { start: number; ok: boolean }): Once {
    const tookMs = performance.now() - start;
    this.#board.end();
    const excess = this.#peak.excess();
    if (excess !== undefined) this.fail(`${excess} bytes of memory for one input, of at most ${this.#peak.bytesMax}`);
    // On a machine with other work to do a case may wait without doing anything.
    if (tookMs > CASE_MILLISECONDS_MAX) {
      const { user, system } = process.cpuUsage(this.#looked);
      if ((user + system) / 1_000 > CASE_MILLISECONDS_MAX) this.fail(`${tookMs} ms for one input`);
    }
    return { ok, tookMs };
  }
}
