/** Loaded before a program of the chaos tests: its time is wrong by what a file says, which may change while it runs. */

import { readFileSync } from "node:fs";

/** How soon a change is noticed. */
const LOOK_MILLISECONDS = 50;

const file = process.env["STARLING_TEST_CLOCK"] as string;
const trueNow = Date.now.bind(Date);
let error = 0;
let lookedAt = Number.NEGATIVE_INFINITY;

function wrongNow(): number {
  const now = performance.now();
  if (now - lookedAt >= LOOK_MILLISECONDS) {
    lookedAt = now;
    error = Number(readFileSync(file, "utf8")) || 0;
  }
  return trueNow() + error;
}

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [wrongNow()] : args, newTarget) as object,
  get: (target, key, receiver) => (key === "now" ? wrongNow : Reflect.get(target, key, receiver)),
});
