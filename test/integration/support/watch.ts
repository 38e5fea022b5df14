/** What the processes of a test's network told so far, and waiting for what they will tell. Nothing here sleeps and hopes. */

import type { DropSeen, FragmentSeen, FragmentTaken, HopSeen, LeftSeen, StoredSeen } from "#test/demo/observations.ts";

/** A packet counts as handled when the node has taken it or refused it. */
interface NodeSeen {
  /** Tags of every packet it took, over all its lives. */
  readonly taken: Set<string>;
  readonly takenTwice: string[];
  /** Since it was last started. */
  handled: number;
  refused: number;
  /** The newest period of a packet that it sent on. */
  forwardedPeriod: number;
}

/** Seen before, or for a key that has been erased since: a packet that is neither seen nor broken is not refused. */
const REFUSALS: ReadonlySet<string> = new Set(["REPLAY", "UNWRAP_FAILED"]);

/** What no event announces (a condition's other side) is looked at this often. */
const LOOK_MILLISECONDS = 250;

export class Watch {
  readonly #nodes = new Map<string, NodeSeen>();
  /** Packets that a mix holds now: which, by tag, and their periods. */
  readonly #holder = new Map<string, string>();
  readonly #periods = new Map<string, number>();
  /** Which provider stored a fragment, by tag. */
  readonly #stored = new Map<string, string>();
  readonly #fragments: FragmentSeen[] = [];
  readonly #fetched: FragmentTaken[] = [];
  readonly #lookers = new Set<() => void>();

  nodeTold(name: string, event: string, data: unknown): void {
    const node = this.node(name);
    switch (event) {
      case "hop":
        this.#hop(name, node, data as HopSeen);
        break;
      case "left":
        this.#left(node, data as LeftSeen);
        break;
      case "stored":
        this.#stored.set((data as StoredSeen).tag, name);
        break;
      case "dropped":
        this.#dropped(node, data as DropSeen);
    }
    this.#look();
  }

  clientTold(event: string, data: unknown): void {
    if (event === "slot") return;
    if (event === "fragment") this.#fragments.push(data as FragmentSeen);
    if (event === "taken") this.#fetched.push(data as FragmentTaken);
    this.#look();
  }

  node(name: string): NodeSeen {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const fresh = { taken: new Set<string>(), takenTwice: [], handled: 0, refused: 0, forwardedPeriod: -1 };
    this.#nodes.set(name, fresh);
    return fresh;
  }

  nodeNames(): string[] {
    return [...this.#nodes.keys()];
  }

  /** The node is about to be started again. What it held is gone. */
  newLife(name: string): void {
    const node = this.node(name);
    node.handled = 0;
    node.refused = 0;
    for (const [tag, holder] of this.#holder) if (holder === name) this.#holder.delete(tag);
  }

  /** Ids of messages of which a fragment has left. */
  messageIds(): ReadonlySet<string> {
    return new Set(this.#fragments.map(({ messageId }) => messageId));
  }

  /** The mix of that layer which holds a fragment of the message now. */
  holder(messageId: string, layer: number): string | undefined {
    for (const { messageId: id, tags } of this.#fragments) {
      const holder = id === messageId ? this.#holder.get(tags[layer - 1] ?? "") : undefined;
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  /** Fragments of the message that have left its writer. */
  sent(messageId: string): number {
    return indexes(this.#fragments, messageId).size;
  }

  /** Fragments of the message on the disk of the reader's provider. */
  stored(messageId: string): number {
    const there = this.#fragments.filter(({ tags }) => this.#stored.has(tags.at(-1) ?? ""));
    return indexes(there, messageId).size;
  }

  /** The providers that stored fragments of the message. */
  keepers(messageId: string): Set<string> {
    const tags = this.#fragments.filter((one) => one.messageId === messageId).map((one) => one.tags.at(-1) ?? "");
    return new Set(tags.map((tag) => this.#stored.get(tag)).filter((name) => name !== undefined));
  }

  /** Fragments of the message on the reader's disk. */
  fetched(messageId: string): number {
    return indexes(this.#fetched, messageId).size;
  }

  /** Looks at every event; resolves with the first answer that is not undefined or false. Rejects after `seconds`. */
  until<T>(what: string, seconds: number, look: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(deadline);
        clearInterval(again);
        this.#lookers.delete(tryOnce);
      };
      const tryOnce = (): void => {
        const answer = look();
        if (answer === undefined || answer === false) return;
        end();
        resolve(answer);
      };
      const deadline = setTimeout(() => {
        end();
        reject(new Error(`Waited ${seconds} seconds for ${what}, and it did not happen.`));
      }, seconds * 1000);
      const again = setInterval(tryOnce, LOOK_MILLISECONDS);
      this.#lookers.add(tryOnce);
      tryOnce();
    });
  }

  #hop(name: string, node: NodeSeen, { tag, period, drawnDelayMs }: HopSeen): void {
    if (drawnDelayMs !== undefined) {
      this.#holder.set(tag, name);
      return;
    }
    node.handled++;
    if (node.taken.has(tag)) node.takenTwice.push(tag);
    node.taken.add(tag);
    if (period !== undefined) this.#periods.set(tag, period);
  }

  #left(node: NodeSeen, { tag, sent }: LeftSeen): void {
    this.#holder.delete(tag);
    if (sent) node.forwardedPeriod = Math.max(node.forwardedPeriod, this.#periods.get(tag) ?? -1);
  }

  #dropped(node: NodeSeen, { reason }: DropSeen): void {
    if (!REFUSALS.has(reason)) return;
    node.handled++;
    node.refused++;
  }

  #look(): void {
    for (const look of this.#lookers) look();
  }
}

function indexes(seen: readonly { messageId: string; index: number }[], messageId: string): Set<number> {
  return new Set(seen.filter((one) => one.messageId === messageId).map(({ index }) => index));
}
