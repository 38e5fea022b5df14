/**
 * Keeps a link up to every node behind this one, whether or not there is a packet for it, and gives up those on which nobody is
 * heard any more. Spec: docs/spec/06-mix.md §6
 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import type { Dialer, Link } from "#transport/link/link.ts";
import { ALIVE_SPANS_MISSED_MAX, RECONNECT_WAIT_MAX, RECONNECT_WAIT_MIN } from "./limits.ts";

interface PoolDependencies {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** How often those behind say that they are there. */
  readonly aliveInterval: Milliseconds;
}

export class LinkPool {
  readonly #deps: PoolDependencies;
  #peers = new Map<string, Peer>();
  #cancelLook: Cancel | undefined;

  constructor(deps: PoolDependencies) {
    this.#deps = deps;
  }

  /** Holds links to exactly these nodes from now on. */
  connect(nodes: readonly NodeDescriptor[]): void {
    const wanted = new Map<string, Peer>();
    for (const node of nodes) {
      const id = toHex(node.nodeId);
      const known = this.#peers.get(id);
      wanted.set(id, known?.leadsTo(node) === true ? known : new Peer(this.#deps, node));
    }
    for (const [id, peer] of this.#peers) if (wanted.get(id) !== peer) peer.close();
    this.#peers = wanted;
    if (wanted.size > 0 && this.#cancelLook === undefined) this.#lookLater();
    if (wanted.size === 0) this.#stopLooking();
  }

  /** False when the frame is lost: no link is up, or it takes no more. `onTaken` as in `Link.send`. */
  send(node: NodeId, frame: Uint8Array, onTaken?: () => void): boolean {
    return this.#peers.get(toHex(node))?.link?.send(frame, onTaken) ?? false;
  }

  /** How many links are up, of how many wanted. */
  get state(): { up: number; wanted: number } {
    const peers = [...this.#peers.values()];
    return { up: peers.filter((peer) => peer.link !== undefined).length, wanted: peers.length };
  }

  close(): void {
    this.connect([]);
  }

  /** One timer for all links. */
  #lookLater(): void {
    const { clock, aliveInterval } = this.#deps;
    this.#cancelLook = clock.at(milliseconds(clock.now() + aliveInterval), () => {
      for (const peer of this.#peers.values()) peer.look();
      this.#lookLater();
    });
  }

  #stopLooking(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }
}

/** One node behind: a link, or the next attempt at one. */
class Peer {
  readonly #deps: PoolDependencies;
  readonly #node: NodeDescriptor;
  link: Link | undefined;
  #failures = 0;
  #isClosed = false;
  #cancelRetry: Cancel | undefined;
  /** Spans in a row in which nothing came: counted, not measured, for a machine that stood still was deaf itself. */
  #silentSpans = 0;

  constructor(deps: PoolDependencies, node: NodeDescriptor) {
    this.#deps = deps;
    this.#node = node;
    void this.#dial();
  }

  leadsTo(node: NodeDescriptor): boolean {
    return this.#node.address === node.address && equalBytes(this.#node.linkKey, node.linkKey);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.link?.close();
    this.link = undefined;
  }

  /** Called once in a span. */
  look(): void {
    const { link } = this;
    if (link === undefined || ++this.#silentSpans <= ALIVE_SPANS_MISSED_MAX) return;
    link.close({ isDead: true });
    this.#lost(link);
  }

  async #dial(): Promise<void> {
    const { address, linkKey } = this.#node;
    try {
      const link = await this.#deps.dialer.dial({ address, expectedKey: linkKey, protocol: "starling-node/2" });
      if (this.#isClosed) return link.close();
      this.#failures = 0;
      this.#silentSpans = 0;
      this.link = link;
      link.onFrame(() => void (this.#silentSpans = 0), { lent: true });
      link.onClose(() => this.#lost(link));
    } catch {
      this.#lost(undefined);
    }
  }

  #lost(link: Link | undefined): void {
    if (this.link !== link) return; // given up before it ended
    this.link = undefined;
    if (this.#isClosed) return;
    const { clock, random } = this.#deps;
    const longest = Math.min(RECONNECT_WAIT_MAX, RECONNECT_WAIT_MIN * 2 ** this.#failures++);
    // Half to all of it, at random: nodes that lost one peer together do not come back together.
    const wait = longest * (0.5 + uniform(random) / 2);
    this.#cancelRetry = clock.at(milliseconds(clock.now() + wait), () => void this.#dial());
  }
}
