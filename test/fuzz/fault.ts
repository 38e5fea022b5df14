/** How a broken rule is told: whose, what, and the line that brings it about again. */

export interface Circumstances {
  readonly name: string;
  readonly seed: number;
  /** Out of traffic, changed, or made up by fast-check. */
  readonly kind: "real" | "changed" | "made up";
}

/** What breaks a rule. */
export class Fault extends Error {}

/** `number` is the input's among those of its kind, from 0. */
export function faultText(o: {
  circumstances: Circumstances;
  number: number;
  reason: string;
  input?: Uint8Array;
}): string {
  const { circumstances, number, reason, input } = o;
  const { name, seed, kind } = circumstances;
  const given = input === undefined ? "" : `\ninput: ${Buffer.from(input).toString("base64")}`;
  return `${name}: ${reason}; ${kind} input ${number} of seed ${seed}\n${lineFor(circumstances, number)}${given}`;
}

/** As many cases as it takes to come to that input; a tenth as many are made up. */
function lineFor({ name, seed, kind }: Circumstances, number: number): string {
  const cases = kind === "changed" ? number + 1 : MADE_UP_SHARE * (number + 1);
  const exactly = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return `STARLING_FUZZ_NAMES="^${exactly}$" STARLING_SEED=${seed} STARLING_FUZZ_CASES=${cases} npm run test:slow -- fuzz`;
}

/** Of how many changed inputs one is made up, in long runs. */
export const MADE_UP_SHARE = 10;
