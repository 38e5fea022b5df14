/**
 * Fills the slots of the send clock: a queued payload, a loop, or a drop, which may ask what lies in a box, each on a path of its own. Everything here is
 * synchronous; what a slot needs is in memory before it. Spec: docs/spec/04-traffic.md §3-5
 */

import { toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import type { RandomStreams } from "../core/random.ts";
import {
  type KeyPeriod,
  MAILBOX_ID_BYTES,
  type MailboxId,
  MESSAGE_ID_BYTES,
  type MessageId,
  type Milliseconds,
  messageId,
  type NodeId,
} from "../core/units.ts";
import { usableNodes } from "../directory/alive.ts";
import type { Consensus } from "../directory/model.ts";
import { choosePath, chooseProvider } from "../directory/path.ts";
import { encodeFragment } from "../fragment/fragment.ts";
import { split } from "../fragment/split.ts";
import { encodeFrame } from "../link/frame.ts";
import type { Sphinx } from "../sphinx/sphinx.ts";
import { coverMeanDelay, payloadMeanDelay } from "../traffic/delay-class.ts";
import type { ProfileSchedule } from "../traffic/profile-schedule.ts";
import type { Prepared, SlotKind } from "../traffic/send-clock.ts";
import { type SlotContent, wrapSlot } from "../traffic/wrap-slot.ts";
import { FairTurns } from "./fair-turns.ts";
import type { PayloadContender, PayloadSource, Sent } from "./payload.ts";
import type { SlotCargo } from "./types.ts";
import type { LeftLoop, LoopTarget } from "./boxes/box-loops.ts";
import type { Collect } from "./boxes/collects.ts";

type Current = { consensus: Consensus; period: KeyPeriod };

export interface SenderDeps {
  readonly clock: Clock;
  readonly streams: RandomStreams;
  readonly sphinx: Sphinx;
  readonly parameters: Parameters;
  readonly profiles: ProfileSchedule;
  readonly own: { readonly providerId: NodeId; readonly mailboxId: MailboxId };
  readonly mailboxKey: () => Uint8Array;
  readonly guards: () => readonly NodeId[];
  readonly sources: readonly PayloadSource[];
  /** What a drop slot carries where the network has boxes; undefined where it has none. Throws what `prepare` makes a drop of. */
  readonly collect: ((current: Current) => Collect) | undefined;
  /** Where this slot's loop goes if not into the own mailbox: into a box, or "nowhere" in its stead, as a drop. Always undefined without boxes. */
  readonly boxLoop: () => LoopTarget | "nowhere" | undefined;
  /** Whether frames can leave at all: a queue is not emptied into a link that is down. */
  readonly isUp: () => boolean;
  readonly current: () => { consensus: Consensus; period: KeyPeriod } | undefined;
  readonly onSlot: (slot: { kind: SlotKind; carried: SlotCargo; bytes: number; at: Milliseconds }) => void;
  readonly onLoop: (loop: LeftLoop) => void;
}

/** What a slot will carry, and where to. */
interface Filling {
  readonly cargo: SlotCargo;
  readonly content: SlotContent;
  readonly provider: NodeId;
  readonly meanDelay: Milliseconds;
  readonly settled: (sent: (Sent & { readonly mixes: readonly NodeId[] }) | undefined) => void;
}

export class Sender {
  readonly #deps: SenderDeps;
  readonly #turns = new FairTurns();
  #pathProblem = false;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  /** The last attempt to build a path failed: the network is too small. */
  get hasPathProblem(): boolean {
    return this.#pathProblem;
  }

  prepare(kind: SlotKind): Prepared | undefined {
    const current = this.#deps.current();
    if (current === undefined || !this.#deps.isUp()) return undefined;
    // What cannot be wrapped (a reader's key may be none) gives its slot to a drop: silence would tell of the mail.
    return (
      this.#attempt(kind, current, () => this.#filling(kind, current)) ??
      this.#attempt(kind, current, () => this.#drop(current, this.#meanDelay(kind)))
    );
  }

  /** Whether packets can reach this provider now. */
  reaches(provider: NodeId): boolean {
    const current = this.#deps.current();
    try {
      return current !== undefined && reachable(current).has(toHex(provider));
    } catch {
      return false;
    }
  }

  /** The plaintext of a seal that nobody needs: cover, and requests. */
  coverPlaintext(): Uint8Array {
    return this.loopPlaintext(messageId(this.#deps.streams.padding.bytes(MESSAGE_ID_BYTES)));
  }

  /** Of a loop with this id. */
  loopPlaintext(id: MessageId): Uint8Array {
    const { sphinx, parameters, streams } = this.#deps;
    const { suite, geometry } = sphinx;
    const [fragment] = split({
      suite,
      geometry,
      step: parameters.fragmentStep,
      kind: "loop",
      messageId: id,
      body: new Uint8Array(0),
    });
    if (fragment === undefined) throw new RangeError("split() yields at least one fragment");
    return encodeFragment(geometry, fragment, streams.padding);
  }

  #attempt(kind: SlotKind, current: Current, fill: () => Filling): Prepared | undefined {
    try {
      const prepared = this.#wrap(kind, fill(), current);
      this.#pathProblem = false;
      return prepared;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.#pathProblem = error.code === "NO_PATH";
      return undefined;
    }
  }

  #filling(kind: SlotKind, current: Current): Filling {
    const meanDelay = this.#meanDelay(kind);
    if (kind === "payload") return this.#payload(current, meanDelay);
    const { collect, boxLoop, own, onLoop } = this.#deps;
    if (kind === "drop" && collect !== undefined) return { cargo: "collect", meanDelay, ...collect(current) };
    const target = kind === "loop" ? (boxLoop() ?? { ...own, onLoop }) : "nowhere";
    return target === "nowhere" ? this.#drop(current, meanDelay) : this.#loop(target, meanDelay);
  }

  /** By the kind of the slot, not by what it carries: the first mix, which sees it, must not learn whether there was mail. */
  #meanDelay(kind: SlotKind): Milliseconds {
    const { clock, streams, parameters, profiles } = this.#deps;
    return kind === "payload" ? payloadMeanDelay(profiles.at(clock.now())) : coverMeanDelay(streams.delays, parameters);
  }

  /** Whose turn it is, or a drop. A reader whose provider is not alive keeps its place. */
  #payload(current: Current, meanDelay: Milliseconds): Filling {
    const now = this.#deps.clock.now();
    const providers = reachable(current);
    const contenders: PayloadContender[] = [];
    for (const source of this.#deps.sources) {
      for (const contender of source.contenders(now)) {
        if (providers.has(toHex(contender.provider))) contenders.push(contender);
      }
    }
    const next = this.#turns.next(contenders);
    if (next === undefined) return this.#drop(current, meanDelay);
    const { cargo, content, settled } = next.take();
    return { cargo, content, provider: next.provider, meanDelay, settled };
  }

  #drop({ consensus, period }: Current, meanDelay: Milliseconds): Filling {
    const { streams, mailboxKey } = this.#deps;
    const { paths, padding } = streams;
    const destination = { command: "drop", recipient: padding.bytes(MAILBOX_ID_BYTES) } as const;
    return {
      cargo: "drop",
      content: { destination, plaintext: this.coverPlaintext(), mailboxKey: mailboxKey() },
      provider: chooseProvider({ consensus, period, paths }),
      meanDelay,
      settled: () => undefined,
    };
  }

  #loop({ providerId, mailboxId, onLoop }: LoopTarget, meanDelay: Milliseconds): Filling {
    const { streams, mailboxKey } = this.#deps;
    const id = messageId(streams.padding.bytes(MESSAGE_ID_BYTES));
    const destination = { command: "mailbox", recipient: mailboxId } as const;
    return {
      cargo: "loop",
      content: { destination, plaintext: this.loopPlaintext(id), mailboxKey: mailboxKey() },
      provider: providerId,
      meanDelay,
      settled: (sent) => {
        if (sent !== undefined) onLoop({ id, hash: sent.hash, at: sent.at, mixes: sent.mixes });
      },
    };
  }

  #wrap(kind: SlotKind, filling: Filling, { consensus, period }: Current): Prepared {
    const { streams, sphinx, own, guards, clock, onSlot } = this.#deps;
    const { paths, delays, keys } = streams;
    try {
      const { provider: destination, meanDelay, content, cargo } = filling;
      const from = own.providerId;
      const path = choosePath({ consensus, period, meanDelay, paths, delays, destination, from, guards: guards() });
      const { firstHop, packet, tags, hash } = wrapSlot({ sphinx, path, content, keys });
      const frame = encodeFrame({ type: "send", firstHop, packet }, sphinx.geometry);
      return {
        frame,
        settled: (left) => {
          const at = clock.now();
          if (left) onSlot({ kind, carried: cargo, bytes: frame.length, at });
          const mixes = path.hops.slice(0, -1).map(({ nodeId }) => nodeId);
          filling.settled(left ? { hash, tags, at, mixes } : undefined);
        },
      };
    } catch (error) {
      filling.settled(undefined);
      throw error;
    }
  }
}

const cache = new WeakMap<Consensus, { period: KeyPeriod; providers: ReadonlySet<string> }>();

/** The providers alive, by hexadecimal id. Throws NO_PATH. */
function reachable({ consensus, period }: Current): ReadonlySet<string> {
  const known = cache.get(consensus);
  if (known?.period === period) return known.providers;
  const providers = new Set(usableNodes(consensus, period).providers.map(({ nodeId }) => toHex(nodeId)));
  cache.set(consensus, { period, providers });
  return providers;
}
