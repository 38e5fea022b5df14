/** A process of its own for decoders: says which there are, then tries one after the other as it is told. */

import { fuzz, type Report } from "./fuzz.ts";
import { allTargets } from "./targets.ts";

export interface Order {
  /** Of the target, in the order of the names. */
  readonly index: number;
  readonly cases: number;
  readonly madeUp: number;
  readonly seed: number;
}

export type Said = { readonly names: readonly string[] } | { readonly report: Report } | { readonly error: string };

const say = (said: Said): void => void process.send?.(said);

if (process.send !== undefined) {
  const targets = await allTargets();
  process.on("message", ({ index, ...options }: Order) => {
    const target = targets[index];
    if (target === undefined) throw new RangeError(`there is no target ${index}`);
    fuzz(target, options).then(
      (report) => say({ report }),
      (error: unknown) => say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  say({ names: targets.map(({ name }) => name) });
}
