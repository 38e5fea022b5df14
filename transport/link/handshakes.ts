/** A listener's connections on their way to be links, oldest first, and which of them ends when places run out. */

import type { Socket } from "node:net";
import type { Milliseconds } from "../core/units.ts";
import { HANDSHAKE_TIME_KEPT } from "./limits.ts";

export interface Handshake {
  readonly socket: Socket;
  /** From its first byte on. */
  readonly since: Milliseconds;
}

export class Handshakes<T extends Handshake = Handshake> implements Iterable<T> {
  /** By the peer's address and port: what wraps a socket has the same. */
  readonly #pending = new Map<string, T>();

  get size(): number {
    return this.#pending.size;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#pending.values();
  }

  get(socket: Socket): T | undefined {
    return this.#pending.get(peerName(socket));
  }

  /** Until it is over or the connection ends. */
  add(handshake: T): void {
    const { socket } = handshake;
    const name = peerName(socket);
    this.#pending.set(name, handshake);
    socket.once("close", () => {
      if (this.#pending.get(name) === handshake) this.#pending.delete(name);
    });
  }

  isOver(socket: Socket): void {
    this.#pending.delete(peerName(socket));
  }

  /** Whether one ended: who connects and says nothing keeps a place for as long as nobody needs it, and then for a moment only. */
  endSlowest(now: Milliseconds): boolean {
    const [oldest] = this;
    if (oldest === undefined || now - oldest.since < HANDSHAKE_TIME_KEPT) return false;
    this.isOver(oldest.socket);
    oldest.socket.destroy();
    return true;
  }

  destroyAll(): void {
    for (const { socket } of this) socket.destroy();
  }
}

/** Why it was refused. */
export const SLOW_HANDSHAKE = "a slow handshake, for its place";

const peerName = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
