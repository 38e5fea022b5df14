/**
 * What must hold at every step of a simulation, whatever happens to packets, nodes and programs. Each has a name, and a planted
 * fault that turns it red (invariants.test.ts). Docs: docs/simulator.md
 */

import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { type KeyPeriod, type Milliseconds, type NodeId, type ReplayTag } from "#transport/core/units.ts";
import { type FrameSizes, frameTable } from "#transport/link/frame-table.ts";
import type { Passage } from "./network-in-memory.ts";

export const INVARIANTS = [
  "constant length",
  "nothing early",
  "no tag twice",
  "queues bounded",
  "delivered or reported",
  "tokens suffice",
  "trace equality",
  "packets conserved",
  "replies matched",
  "reply blocks settled",
  "repetition bounded",
  "consensus progresses",
  "recovery bounded",
] as const;
export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  /** Milliseconds after the beginning. */
  readonly at: number;
  readonly detail: string;
}

export interface InvariantsOptions {
  readonly sizes: FrameSizes;
  readonly now: () => Milliseconds;
  readonly begin: Milliseconds;
  /** Nodes whose clocks were set: what they hold leaves by a clock that jumps. */
  readonly wrongClocks: (node: NodeId) => boolean;
}

/** A key period's tags are forgotten when its key is: these are three live epochs. */
const PERIODS_REMEMBERED = 12;

export class Invariants {
  readonly violations: Violation[] = [];
  /** Checks made, by invariant: one that was never made proves nothing. */
  readonly checks = new Map<Invariant, number>();
  readonly #options: InvariantsOptions;
  /** Lengths seen, by protocol, direction and type. */
  readonly #lengths = new Map<string, number>();
  /** When a packet may leave a node at the earliest, by node and tag. */
  readonly #due = new Map<string, number>();
  readonly #tags = new Map<KeyPeriod, Set<string>>();
  readonly observer: NodeObserver;

  constructor(options: InvariantsOptions) {
    this.#options = options;
    this.observer = {
      packetArrived: ({ node, tag, period }) => this.#arrived(node, tag, period),
      packetHeld: ({ node, tag, delay }) => this.#held(node, tag, delay),
      packetLeft: ({ node, tag }) => this.#left(node, tag),
    };
  }

  passed({ protocol, direction, frame }: Passage): void {
    if (protocol === "starling-directory/2") return; // What passes there is public; its length follows from the list of nodes.
    this.#count("constant length");
    const type = frame[0] as number;
    const key = `${protocol} ${direction} ${type}`;
    const length = this.#lengths.get(key);
    if (length === frame.length) return;
    const rule = frameTable({ protocol, direction, sizes: this.#options.sizes }).get(type);
    const expected = length ?? (rule !== undefined && "exact" in rule ? rule.exact : undefined);
    if (expected === frame.length) this.#lengths.set(key, expected);
    else this.fail("constant length", `a frame ${key} of ${frame.length} bytes, not ${expected ?? "of a known type"}`);
  }

  /** A queue and what it may hold. */
  bounded(queue: string, size: number, bound: number): void {
    this.#count("queues bounded");
    if (size > bound) this.fail("queues bounded", `${queue}: ${size}, at most ${Math.floor(bound)}`);
  }

  /** At the end of the time that a message may take. */
  settled(unsettled: readonly string[], total: number): void {
    this.#count("delivered or reported", total);
    if (unsettled.length === 0) return;
    const [first] = unsettled;
    this.fail("delivered or reported", `${unsettled.length} of ${total} messages, the first ${first}`);
  }

  /** A request to a service found a token, or did not. */
  requested(refusal?: string): void {
    this.#count("tokens suffice");
    if (refusal !== undefined) this.fail("tokens suffice", refusal);
  }

  /** Two runs that differ only in what their users wrote. */
  equalTraces(name: string, one: string | undefined, other: string | undefined): void {
    this.#count("trace equality");
    if (one !== other) this.fail("trace equality", `${name}: ${one} without mail, ${other} with`);
  }

  check(invariant: Invariant, isRight: boolean, detail: () => string): void {
    this.#count(invariant);
    if (!isRight) this.fail(invariant, detail());
  }

  fail(invariant: Invariant, detail: string): void {
    this.violations.push({ invariant, at: this.#options.now() - this.#options.begin, detail });
  }

  #arrived(node: NodeId, tag: ReplayTag, period: KeyPeriod): void {
    this.#count("no tag twice");
    let tags = this.#tags.get(period);
    if (tags === undefined) {
      tags = new Set();
      this.#tags.set(period, tags);
      for (const old of this.#tags.keys()) if (old < period - PERIODS_REMEMBERED) this.#tags.delete(old);
    }
    const key = keyOf(node, tag);
    if (tags.has(key)) this.fail("no tag twice", `key period ${period}, node ${short(node)}, tag ${short(tag)}`);
    tags.add(key);
  }

  #held(node: NodeId, tag: ReplayTag, delay: number): void {
    this.#due.set(keyOf(node, tag), this.#options.now() + delay);
  }

  #left(node: NodeId, tag: ReplayTag): void {
    const key = keyOf(node, tag);
    const due = this.#due.get(key);
    this.#due.delete(key);
    if (due === undefined || this.#options.wrongClocks(node)) return;
    this.#count("nothing early");
    const early = due - this.#options.now();
    if (early > 0) this.fail("nothing early", `${early} ms, node ${short(node)}, tag ${short(tag)}`);
  }

  #count(invariant: Invariant, by = 1): void {
    this.checks.set(invariant, (this.checks.get(invariant) ?? 0) + by);
  }
}

/** One byte a character: half the memory of hexadecimal, and packets are counted in millions. */
const keyOf = (node: NodeId, tag: ReplayTag): string => latin1(node.subarray(0, 8)) + latin1(tag);
const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
const short = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 4)).toString("hex");
