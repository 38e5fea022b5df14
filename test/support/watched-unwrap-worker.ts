/** A thread that unwraps as any other, and counts in shared memory how often it wipes a secret of one length. */

import { workerData } from "node:worker_threads";

const { wiped, wipedBytes } = workerData as { readonly wiped: Int32Array; readonly wipedBytes: number };
const { fill } = Uint8Array.prototype as {
  readonly fill: (this: Uint8Array, ...args: number[]) => Uint8Array;
};
Object.assign(Uint8Array.prototype, {
  fill(this: Uint8Array, ...args: number[]): Uint8Array {
    if (this.length === wipedBytes && args[0] === 0) Atomics.add(wiped, 0, 1);
    return fill.apply(this, args);
  },
});

await import("#provider-server/mix/unwrapping/worker.ts");
