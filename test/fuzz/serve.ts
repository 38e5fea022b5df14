/** A process of its own for decoders: says which there are, then tries one after the other as it is told. */

import { fuzz, type Options, type Report, type Target } from "./fuzz.ts";

export interface Order extends Options {
  /** Of the target, in the order of the names. */
  readonly index: number;
}

export type Said = { readonly names: readonly string[] } | { readonly report: Report } | { readonly error: string };

const say = (said: Said): void => void process.send?.(said);

export function serve(targets: readonly Target[]): void {
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
