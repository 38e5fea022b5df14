/** Where packets come in: the links that the nodes before this one open to it, and no others. Spec: docs/spec/06-mix.md §6 */

import { fromHex } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import { decodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import type { Geometry } from "#transport/sphinx/geometry.ts";
import { Alive } from "../node/alive.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { type Source, Sources } from "./sources.ts";

export interface EntranceDependencies {
  readonly clock: Clock;
  readonly aliveInterval: Milliseconds;
  readonly geometry: Geometry;
  /** Whether a node with that link key stands before this one now. */
  readonly mayEnter: (linkKey: Uint8Array) => boolean;
  /** The packet is lent until the function returns. */
  readonly receive: (packet: Uint8Array, source: Source) => void;
  readonly drop: (reason: DropReason) => void;
}

export class Entrance {
  readonly #deps: EntranceDependencies;
  readonly #links = new Set<Link>();
  readonly #sources = new Sources();
  readonly #alive: Alive;

  constructor(deps: EntranceDependencies) {
    this.#deps = deps;
    this.#alive = new Alive({ clock: deps.clock, links: this.#links, interval: deps.aliveInterval });
  }

  start(): void {
    this.#alive.start();
  }

  stop(): void {
    this.#alive.stop();
    for (const link of this.#links) link.close();
    this.#links.clear();
  }

  accept(link: Link): void {
    if (!this.#deps.mayEnter(link.peer.key)) {
      this.#deps.drop("STRANGER");
      return link.close();
    }
    const source = this.#sources.of(link.peer.key);
    source.add(link);
    this.#links.add(link);
    link.onClose(() => {
      this.#links.delete(link);
      source.ended(link);
    });
    link.onFrame((frame) => this.#receiveFrame(link, source, frame), { lent: true });
  }

  /** Ends the links of nodes that no longer stand before this one. */
  sift(): void {
    const { mayEnter } = this.#deps;
    for (const link of this.#links) if (!mayEnter(link.peer.key)) link.close();
    this.#sources.keep((key) => mayEnter(fromHex(key)));
  }

  #receiveFrame(link: Link, source: Source, bytes: Uint8Array): void {
    let packet: Uint8Array;
    try {
      const frame = decodeFrame(bytes, {
        protocol: "starling-node/2",
        direction: "fromDialer",
        sizes: this.#deps.geometry,
      });
      if (frame.type !== "packet") throw new RangeError("no other frame passes between nodes");
      packet = frame.packet;
    } catch {
      this.#deps.drop("BAD_FRAME");
      return link.close();
    }
    this.#deps.receive(packet, source);
  }
}
