/**
 * What becomes of every reply block that a client makes: answered, given up before its request left, or given up without an
 * answer for a cause that can be named. And every reply that comes belongs to one. Looked at with each event, and once a minute.
 */

import { ANSWER_DELAY_MAX, ANSWER_TIME } from "#provider-server/services/limits.ts";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import type { ReplyBlockEvent } from "#transport/client/types.ts";
import type { Invariants } from "./invariants.ts";
import type { Places } from "./places.ts";

type Asks = Extract<ReplyBlockEvent, { what: "made" }>["asks"];

interface Block {
  readonly client: string;
  readonly asks: Asks;
  /** Which life of the client's program made it. */
  readonly run: number;
  readonly until: number;
  readonly provider: string;
  readonly tags: string[];
  sentAt: number | undefined;
  state: "open" | "answered" | "given up";
  closedAt: number;
  /** Where its request, or the reply, was seen last. */
  seen: { at: number; machines: readonly string[]; what: "written" | "came" | "held" | "asked" | "entry" | "stored" };
}

export interface ReplyLedgerOptions {
  readonly invariants: Invariants;
  readonly places: Places;
  readonly now: () => number;
  readonly machineOf: (node: Uint8Array) => string;
  readonly isClockWrong: (client: string) => boolean;
  /** The mixes of the first layer. */
  readonly firstMixes: () => readonly string[];
  /** Whether a reply with this id waits in a mailbox of the provider. */
  readonly isStored: (provider: string, surbId: string) => boolean;
  /** Whether as many replies wait there for somebody as may: the next one takes the place of the oldest. */
  readonly isCrowded: (provider: string) => boolean;
  /** From a request's departure until it is given up at the latest, in milliseconds. */
  readonly answerMost: Readonly<Record<Asks, number>>;
  /** What faults add to a line's own time. */
  readonly delayMost: number;
}

/** A look comes once a minute. */
const LOOK_SLACK = 60_000;
/** On a line, and before the machine at its end has dealt with it. */
const UNDER_WAY = 10_000;
const ASKED = ANSWER_TIME + ANSWER_DELAY_MAX;
/** Blocks that ended are known for so long: no reply comes later, its keys are gone. */
const REMEMBERED = 4 * 3_600_000;

export class ReplyLedger {
  readonly #options: ReplyLedgerOptions;
  /** By id in hexadecimal, oldest first. */
  readonly #blocks = new Map<string, Block>();
  /** A request that asks a box carries several. */
  readonly #byTag = new Map<string, Block[]>();
  readonly #runs = new Map<string, number>();
  readonly #ending = new Set<string>();
  /** When as many replies as may were last seen to wait for somebody at a provider. */
  readonly #crowdedAt = new Map<string, number>();
  /** How many blocks ended how, and how many replies came for which reason that nobody waited for. */
  readonly counts = new Map<string, number>();

  constructor(options: ReplyLedgerOptions) {
    this.#options = options;
  }

  readonly observer: NodeObserver = {
    packetArrived: ({ node, tag }) => this.#see(tag, node, "came"),
    packetHeld: ({ node, tag }) => this.#see(tag, node, "held"),
    packetLeft: ({ node, tag, next, sent }) => this.#see(tag, node, sent ? "written" : "came", next),
    packetDelivered: ({ node, tag, command }) => this.#see(tag, node, command === "service" ? "asked" : "entry"),
    entryStored: ({ node, tag }) => this.#see(tag, node, "stored"),
  };

  event(client: string, provider: string, event: ReplyBlockEvent): void {
    const id = Buffer.from(event.surbId).toString("hex");
    const block = this.#blocks.get(id);
    switch (event.what) {
      case "made":
        return this.#made(id, { client, provider, asks: event.asks, until: event.until }, event.tags);
      case "sent":
        return this.#sent(block, event.tags);
      case "came":
        return this.#came(block, client, event.isAwaited);
      case "closed":
        return this.#closed(id, block, event.isAnswered);
    }
  }

  /** The client's program is about to end: what it waits for, nobody waits for any more. */
  clientEnds(client: string): void {
    this.#ending.add(client);
    this.#runs.set(client, this.#run(client) + 1);
  }

  clientBegins(client: string): void {
    this.#ending.delete(client);
  }

  /** None is open for longer than its client waits. */
  look(): void {
    const now = this.#options.now();
    for (const provider of new Set([...this.#blocks.values()].map((block) => block.provider))) {
      if (this.#options.isCrowded(provider)) this.#crowdedAt.set(provider, now);
    }
    for (const [id, block] of this.#blocks) {
      const { state, closedAt, client, asks, until, sentAt } = block;
      if (state !== "open") {
        if (closedAt + REMEMBERED < now) this.#forget(id, block);
        continue;
      }
      if (this.#options.isClockWrong(client)) continue;
      const latest = (sentAt === undefined ? until : sentAt + this.#options.answerMost[asks]) + LOOK_SLACK;
      this.#settled(
        now <= latest,
        () => `${client}: one is still open ${Math.round(now - latest)} ms after it must be closed`,
      );
    }
  }

  #made(
    id: string,
    { client, provider, asks, until }: Pick<Block, "client" | "provider" | "asks" | "until">,
    tags: readonly Uint8Array[],
  ): void {
    const seen = { at: this.#options.now(), machines: [client], what: "came" } as const;
    const run = this.#run(client);
    const block: Block = {
      client,
      asks,
      run,
      provider,
      until,
      tags: [],
      sentAt: undefined,
      state: "open",
      closedAt: 0,
      seen,
    };
    this.#settled(!this.#blocks.has(id), () => `${client}: two have one id`);
    this.#blocks.set(id, block);
    this.#follow(block, tags);
    this.#count("made");
  }

  #sent(block: Block | undefined, tags: readonly Uint8Array[]): void {
    if (block === undefined) return this.#settled(false, () => "one was used that nobody made");
    block.sentAt = this.#options.now();
    block.seen = { at: block.sentAt, machines: [block.client, block.provider], what: "written" };
    this.#follow(block, tags);
  }

  #came(block: Block | undefined, client: string, isAwaited: boolean): void {
    const isRight = isAwaited ? block?.state === "open" : block !== undefined && this.#mayComeInVain(block);
    this.#options.invariants.check("replies matched", isRight && block?.client === client, () => {
      const why = block === undefined ? "nobody made" : `was ${block.state}`;
      return `${client}: a reply by a block that ${why}`;
    });
    if (isAwaited || block === undefined) return;
    this.#count(block.run < this.#run(client) ? "came after a restart" : "came after it was given up");
  }

  /** The same reply twice is for a program that was ended before it had written down that it has it. */
  #mayComeInVain({ state, client, run }: Block): boolean {
    return run < this.#run(client) || state === "given up";
  }

  #closed(id: string, block: Block | undefined, isAnswered: boolean): void {
    const isOpen = block?.state === "open";
    this.#settled(isOpen, () => `${block?.client ?? "somebody"}: one was closed that was not open`);
    if (block === undefined || !isOpen) return;
    block.state = isAnswered ? "answered" : "given up";
    block.closedAt = this.#options.now();
    if (isAnswered) return this.#count("used");
    if (this.#ending.has(block.client)) return this.#count("lost: its program ended");
    if (block.sentAt === undefined) return this.#count("expired before its request left");
    const cause = this.#causeOf(id, block);
    this.#settled(cause !== undefined, () => {
      const { at, machines, what } = block.seen;
      return `${block.client}: one was lost for no cause; last seen ${what} at ${machines.join(", ")}, ${block.closedAt - at} ms before`;
    });
    this.#count(`lost: ${cause ?? "no cause"}`);
  }

  #causeOf(id: string, block: Block): string | undefined {
    const { at, machines, what } = block.seen;
    const [machine = ""] = machines;
    const age = this.#options.now() - at;
    // A request passes the own provider unopened, a reply begins at the service: the first that can drop either is a mix.
    const isUnopened = what === "asked" || (what === "written" && machine === block.client);
    const where = isUnopened ? [...machines, ...this.#options.firstMixes()] : machines;
    const cause = this.#options.places.causeSince(at, where);
    if (cause !== undefined) return cause;
    if (what === "held") return "slow: still in a mix";
    if (what === "written" && age < UNDER_WAY + this.#options.delayMost) return "slow: still on a line";
    if (what === "asked" && age < ASKED) return "slow: still at a service";
    if (what !== "stored") return undefined;
    if (this.#options.isStored(machine, id)) return "slow: still in the mailbox";
    return (this.#crowdedAt.get(machine) ?? 0) > at ? "newer ones had its place in the mailbox" : undefined;
  }

  #see(tag: Uint8Array, node: Uint8Array, what: Block["seen"]["what"], next?: Uint8Array): void {
    const blocks = this.#byTag.get(keyOf(tag));
    if (blocks === undefined) return;
    const { machineOf, now } = this.#options;
    const machines = next === undefined ? [machineOf(node)] : [machineOf(node), machineOf(next)];
    for (const block of blocks) block.seen = { at: now(), machines, what };
  }

  #follow(block: Block, tags: readonly Uint8Array[]): void {
    for (const tag of tags) {
      const key = keyOf(tag);
      block.tags.push(key);
      const blocks = this.#byTag.get(key);
      if (blocks === undefined) this.#byTag.set(key, [block]);
      else blocks.push(block);
    }
  }

  #forget(id: string, block: Block): void {
    this.#blocks.delete(id);
    // The others of its request end with it, or have.
    for (const tag of block.tags) this.#byTag.delete(tag);
  }

  #run(client: string): number {
    return this.#runs.get(client) ?? 0;
  }

  #settled(isRight: boolean, detail: () => string): void {
    this.#options.invariants.check("reply blocks settled", isRight, detail);
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

const keyOf = (tag: Uint8Array): string => Buffer.from(tag.buffer, tag.byteOffset, tag.length).toString("latin1");
