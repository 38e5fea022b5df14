/** What `npm run sim` is told, and the line that says the same again. Docs: docs/simulator.md */

import { ArgumentError, readArguments } from "#transport/core/command-line.ts";
import { LIVE_PARAMETERS, type ProfileName } from "#transport/core/parameters.ts";
import { BOX_REPLIES_MAX } from "#transport/directory/parameters-codec.ts";
import type { TickLaw } from "#transport/traffic/ticker.ts";
import { type Fault, parseFaults } from "./faults.ts";

export type SuiteChoice = "none" | "x25519" | "xwing";

export interface SimOptions {
  readonly users: number;
  readonly hours: number;
  readonly seed: string;
  readonly mode: "packets" | "sampled";
  readonly profile: ProfileName;
  readonly clock: TickLaw;
  /** "none" is no cryptography at all. */
  readonly suite: SuiteChoice;
  /** Messages that a user writes in a day, on average. */
  readonly mails: number;
  /** Mixes in each of the three layers, and providers; undefined: as many as the users' packets ask for. */
  readonly mixes: number | undefined;
  readonly providers: number | undefined;
  /** The network's minimum pool; undefined: as in production. */
  readonly pool: number | undefined;
  readonly faults: string;
  /** Seconds in which everything has to arrive, after the last message was written; undefined: as the parameters say. */
  readonly grace: number | undefined;
  /** How many users are played in sampled mode. */
  readonly sample: number;
  /** Runs twice, with and without mail, on slow machines, and compares what every client's line shows. */
  readonly pair: boolean;
  /** Requests need blind tokens, as in production: their arithmetic is real, whatever stands for the rest of cryptography. */
  readonly tokens: boolean;
  /** Answers that each drop slot asks of boxes (docs/spec/17-boxes.md), 0 to 4; undefined: as in production. */
  readonly boxes: number | undefined;
  /** The adversary's log goes to this file. */
  readonly observe: string | undefined;
  /** A fault in the program itself, that an invariant has to see. */
  readonly plant: string | undefined;
  readonly json: boolean;
}

export const DEFAULT_OPTIONS: SimOptions = {
  users: 100,
  hours: 1,
  seed: "1",
  mode: "packets",
  profile: "mail",
  clock: LIVE_PARAMETERS.clock,
  suite: "none",
  mails: 40,
  mixes: undefined,
  providers: undefined,
  pool: undefined,
  faults: "",
  grace: undefined,
  sample: 2_000,
  pair: false,
  tokens: false,
  boxes: undefined,
  observe: undefined,
  plant: undefined,
  json: false,
};

export class UsageError extends Error {}

/** Throws UsageError, with a sentence for the person who typed it. */
export function parseOptions(args: readonly string[]): SimOptions {
  const string = { type: "string" } as const;
  const boolean = { type: "boolean" } as const;
  const words = {
    ...Object.fromEntries(TEXTS.map((name) => [name, string])),
    ...Object.fromEntries(FLAGS.map((name) => [name, boolean])),
  };
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = readArguments({ args, options: words }));
  } catch (error) {
    throw error instanceof ArgumentError ? new UsageError(error.message) : error;
  }
  const text = (name: TextName): string | undefined => values[name] as string | undefined;
  const number = (name: TextName, least: number): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isFinite(value) || value < least)
      throw new UsageError(`--${name} takes a number of at least ${least}.`);
    return value;
  };
  const choice = <T extends string>(name: TextName, among: readonly T[], otherwise: T): T => {
    const given = text(name) ?? otherwise;
    if (!among.includes(given as T)) throw new UsageError(`--${name} is one of ${among.join(", ")}.`);
    return given as T;
  };
  const d = DEFAULT_OPTIONS;
  const seed = text("seed") ?? d.seed;
  if (!/^[a-z0-9](?:[a-z0-9 ._-]{0,60}[a-z0-9])?$/i.test(seed)) {
    throw new UsageError("--seed is made of letters, digits, spaces, dots and dashes: it names the network.");
  }
  const faults = text("faults") ?? d.faults;
  readFaults(faults);
  return {
    users: Math.floor(number("users", 2) ?? d.users),
    hours: number("hours", 0.01) ?? d.hours,
    seed,
    mode: choice("mode", ["packets", "sampled"], d.mode),
    profile: choice("profile", ["mail", "chat"], d.profile),
    clock: choice("clock", ["slot", "poisson"], d.clock),
    suite: choice("suite", ["none", "x25519", "xwing"], d.suite),
    mails: number("mails", 0) ?? d.mails,
    mixes: number("mixes", 1),
    providers: number("providers", 2),
    pool: number("pool", 0),
    faults,
    grace: number("grace", 0),
    sample: Math.floor(number("sample", 2) ?? d.sample),
    pair: values["pair"] === true,
    tokens: values["tokens"] === true,
    boxes: boxReplies(number("boxes", 0)),
    observe: text("observe"),
    plant: text("plant"),
    json: values["json"] === true,
  };
}

/** The command that does the same again. */
export function commandLine(options: SimOptions): string {
  const words = ["npm run sim -- --seed", quoted(options.seed), "--users", options.users, "--hours", options.hours];
  for (const name of [...TEXTS, ...FLAGS]) {
    if (["seed", "users", "hours", "observe", "json"].includes(name)) continue;
    const value = options[name];
    if (value === DEFAULT_OPTIONS[name] || value === undefined) continue;
    words.push(`--${name}`);
    if (typeof value !== "boolean") words.push(quoted(String(value)));
  }
  return words.join(" ");
}

const TEXTS = [
  "users",
  "hours",
  "seed",
  "mode",
  "profile",
  "clock",
  "suite",
  "mails",
  "mixes",
  "providers",
  "pool",
  "boxes",
  "faults",
  "grace",
  "sample",
  "observe",
  "plant",
] as const;
const FLAGS = ["pair", "tokens", "json"] as const;
type TextName = (typeof TEXTS)[number];

const quoted = (word: string): string => (/^[\w.,:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function boxReplies(count: number | undefined): number | undefined {
  if (count === undefined || (Number.isInteger(count) && count <= BOX_REPLIES_MAX)) return count;
  throw new UsageError(`--boxes is a whole number from 0 to ${BOX_REPLIES_MAX}.`);
}

function readFaults(text: string): readonly Fault[] {
  try {
    return parseFaults(text);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
