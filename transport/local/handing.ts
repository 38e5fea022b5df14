/**
 * Messages that came, for whichever program asks next: each is one connection's until that says done, and offered again when it
 * ends before. Spec: docs/spec/16-local-client.md §4
 */

import { toHex } from "../core/bytes.ts";
import type { Message, NetworkClient } from "../library/network-client.ts";
import { LocalError } from "./errors.ts";
import { HELD_MAX } from "./limits.ts";
import type { CallOf } from "./protocol.ts";

interface Waiting {
  readonly connection: number;
  readonly resolve: (given: object | undefined) => void;
}

export class Handing {
  readonly #client: NetworkClient;
  readonly #waiting: Waiting[] = [];
  /** By connection and hexadecimal message id. Those that are being done with are in none. */
  readonly #held = new Map<number, Map<string, Message>>();
  /** Came when whoever had asked was gone; one at most. */
  #spare: Message | undefined;
  #isPolling = false;

  constructor(client: NetworkClient) {
    this.#client = client;
  }

  /** The next message, as soon as there is one; undefined when the connection ended meanwhile. Throws TOO_MANY_HELD. */
  next(connection: number): Promise<object | undefined> {
    if ((this.#held.get(connection)?.size ?? 0) >= HELD_MAX) throw new LocalError("TOO_MANY_HELD");
    return new Promise((resolve) => {
      this.#waiting.push({ connection, resolve });
      this.#give();
    });
  }

  /** Durable when it resolves. Throws NOT_HELD, and what `Message.done` does: then the connection still has it. */
  async done(connection: number, { message: id, confirmTo }: CallOf<"done">): Promise<void> {
    const key = toHex(id);
    const held = this.#held.get(connection);
    const message = held?.get(key);
    if (held === undefined || message === undefined) throw new LocalError("NOT_HELD");
    held.delete(key);
    try {
      await message.done(confirmTo === undefined ? undefined : { confirmTo });
    } catch (error) {
      if (this.#held.get(connection) === held) held.set(key, message);
      else message.putBack();
      throw error;
    }
  }

  gone(connection: number): void {
    for (const one of this.#waiting.filter((waiting) => waiting.connection === connection)) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      one.resolve(undefined);
    }
    const held = this.#held.get(connection);
    this.#held.delete(connection);
    // Its bytes have gone to the other thread: the client reads it anew from its store.
    for (const message of held?.values() ?? []) message.putBack();
  }

  #give(): void {
    if (this.#spare === undefined) return void this.#poll();
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    const message = this.#spare;
    this.#spare = undefined;
    const held = this.#held.get(waiting.connection) ?? new Map<string, Message>();
    this.#held.set(waiting.connection, held.set(toHex(message.id), message));
    waiting.resolve({ message: message.id, body: message.body, receivedAt: message.receivedAt });
    this.#give();
  }

  async #poll(): Promise<void> {
    if (this.#isPolling || this.#waiting.length === 0) return;
    this.#isPolling = true;
    this.#spare = await this.#client.poll();
    this.#isPolling = false;
    // Nothing comes from a client that was closed.
    if (this.#spare !== undefined) this.#give();
  }
}
