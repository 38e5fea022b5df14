/**
 * Bad weather and bad luck for a simulation, as text: `loss=0.01,crash=mix3@600+120,partition=mix0.mix1|a@900+300`.
 * Times are seconds after the beginning of what is measured. Docs: docs/simulator.md
 */

import { below, pick, type RandomSource, shuffled, uniform } from "#transport/core/random.ts";

/** When something begins and how long it lasts, in seconds. */
export interface Span {
  readonly from: number;
  readonly lasts: number;
}

export type Fault =
  /** Shares of the frames between nodes that get lost, or come twice. */
  | { readonly kind: "loss" | "duplicates"; readonly share: number; readonly span: Span | undefined }
  /** So many milliseconds more on every line of the machines named. */
  | { readonly kind: "delay"; readonly machines: readonly string[]; readonly ms: number; readonly span: Span }
  /** The process is gone; after the time it is started again with its disk as it was. */
  | { readonly kind: "crash"; readonly machines: readonly string[]; readonly span: Span }
  /** Nothing passes between machines of two of the sets. */
  | { readonly kind: "partition"; readonly sets: readonly (readonly string[])[]; readonly span: Span }
  /** The machine's clock is so many seconds ahead (or behind, when negative). */
  | { readonly kind: "clock"; readonly machines: readonly string[]; readonly error: number; readonly span: Span };

/** Throws with a sentence about the word that it does not understand. */
export function parseFaults(text: string): readonly Fault[] {
  return text
    .split(",")
    .filter((word) => word !== "")
    .map(parseFault);
}

export function faultText(faults: readonly Fault[]): string {
  return faults.map(one).join(",");
}

/** The end of the last of them, in seconds; losses without end have none. */
export function faultsEnd(faults: readonly Fault[]): number {
  return faults.reduce((end, { span }) => Math.max(end, span === undefined ? 0 : span.from + span.lasts), 0);
}

/** Who can be struck. Groups name all of a kind. */
export interface Cast {
  readonly mixes: readonly string[];
  readonly providers: readonly string[];
  readonly authorities: readonly string[];
  readonly clients: readonly string[];
}

/** The machines that a word names: one of them, or a group. Throws when there is none of that name. */
export function machinesOf(word: string, cast: Cast): readonly string[] {
  if (word in cast) return cast[word as keyof Cast];
  const known = Object.values(cast).some((names: readonly string[]) => names.includes(word));
  if (!known) throw new Error(`there is no "${word}" to be struck by a fault`);
  return [word];
}

/**
 * Some faults that a network is meant to survive: no majority of authorities is ever away, and every fault is over before the
 * last sixth of the time.
 */
export function randomFaults(random: RandomSource, cast: Cast, o: { count: number; seconds: number }): Fault[] {
  const latest = (o.seconds * 5) / 6;
  const span = (longest: number): Span => {
    const lasts = Math.ceil(10 + uniform(random) * (Math.min(longest, latest / 2) - 10));
    return { from: Math.floor(uniform(random) * (latest - lasts)), lasts };
  };
  const one = (names: readonly string[]): string[] => [pick(random, names)];
  let isAuthorityStruck = false;
  const makers: readonly (() => Fault)[] = [
    () => ({ kind: "loss", share: round(0.15 * uniform(random)), span: span(1_200) }),
    () => ({ kind: "duplicates", share: round(0.1 * uniform(random)), span: span(1_200) }),
    () => ({
      kind: "delay",
      machines: one([...cast.mixes, ...cast.providers]),
      ms: below(random, 3_000),
      span: span(900),
    }),
    () => ({ kind: "crash", machines: one(cast.mixes), span: span(300) }),
    () => ({ kind: "crash", machines: one(cast.providers), span: span(300) }),
    () => ({ kind: "crash", machines: one(cast.clients), span: span(900) }),
    () => {
      // One authority of three may be away at a time; two would be a network without a consensus, which is another test.
      const machines = isAuthorityStruck ? one(cast.mixes) : one(cast.authorities);
      isAuthorityStruck = true;
      return { kind: "crash", machines, span: span(1_800) };
    },
    () => {
      const nodes = shuffled(random, [...cast.mixes, ...cast.providers]);
      const cut = 1 + below(random, Math.min(3, nodes.length - 1));
      return { kind: "partition", sets: [nodes.slice(0, cut), nodes.slice(cut)], span: span(400) };
    },
    () => ({
      kind: "partition",
      sets: [one(cast.clients), [...cast.providers]],
      span: span(900),
    }),
    () => ({
      kind: "clock",
      machines: one([...cast.mixes, ...cast.clients]),
      error: Math.round((uniform(random) - 0.5) * 14_400),
      span: span(900),
    }),
  ];
  return Array.from({ length: o.count }, () => pick(random, makers)());
}

const round = (share: number): number => Math.round(share * 1000) / 1000;

function parseFault(word: string): Fault {
  const [kind, rest = "", ...more] = word.split("=");
  if (more.length > 0) throw unknown(word);
  const [what = "", when, ...others] = rest.split("@");
  if (others.length > 0) throw unknown(word);
  const span = when === undefined ? undefined : parseSpan(when, word);
  if (kind === "loss" || kind === "duplicates") return { kind, share: between(what, 0, 1, word), span };
  if (span === undefined) throw new Error(`"${word}" does not say when: ${kind}=…@FROM+SECONDS`);
  const [names = "", amount] = what.split(":");
  const machines = names.split(".").filter((name) => name !== "");
  switch (kind) {
    case "delay":
      return { kind, machines, ms: between(amount ?? "", 0, 3_600_000, word), span };
    case "clock":
      return { kind, machines, error: between(amount ?? "", -1e9, 1e9, word), span };
    case "crash":
      return { kind, machines, span };
    case "partition":
      return { kind, sets: what.split("|").map((set) => set.split(".")), span };
    default:
      throw unknown(word);
  }
}

function parseSpan(text: string, word: string): Span {
  const [from = "", lasts = "", ...more] = text.split("+");
  if (more.length > 0) throw unknown(word);
  return { from: between(from, 0, 1e9, word), lasts: between(lasts, 0, 1e9, word) };
}

function between(text: string, least: number, most: number, word: string): number {
  const value = Number(text);
  if (text === "" || !(value >= least && value <= most)) throw unknown(word);
  return value;
}

const unknown = (word: string): Error => new Error(`"${word}" is no fault; see docs/simulator.md`);

function one(fault: Fault): string {
  const when = fault.span === undefined ? "" : `@${fault.span.from}+${fault.span.lasts}`;
  switch (fault.kind) {
    case "loss":
    case "duplicates":
      return `${fault.kind}=${fault.share}${when}`;
    case "delay":
      return `delay=${fault.machines.join(".")}:${fault.ms}${when}`;
    case "clock":
      return `clock=${fault.machines.join(".")}:${fault.error}${when}`;
    case "crash":
      return `crash=${fault.machines.join(".")}${when}`;
    case "partition":
      return `partition=${fault.sets.map((set) => set.join(".")).join("|")}${when}`;
  }
}
