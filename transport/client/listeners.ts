/** Who of the program above wants to be told what. */

import type { ClientEvents } from "./types.ts";

export class Listeners {
  readonly #handlers: { [E in keyof ClientEvents]: Set<(data: ClientEvents[E]) => void> } = {
    message: new Set(),
    progress: new Set(),
    status: new Set(),
  };

  on<E extends keyof ClientEvents>(event: E, handler: (data: ClientEvents[E]) => void): () => void {
    const handlers = this.#handlers[event];
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  emit<E extends keyof ClientEvents>(event: E, data: ClientEvents[E]): void {
    for (const handler of this.#handlers[event]) handler(data);
  }
}
