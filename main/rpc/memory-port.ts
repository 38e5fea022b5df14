/** Two ends of a pipe in one process: for tests, and for a window that lives beside the program. */

import type { Port } from "#main/contract/port.ts";
import { EarlyMessages } from "./early-messages.ts";

/** What one end sends, the other hears, in order and never synchronously. */
export function memoryPorts(): [Port, Port] {
  const left = new MemoryPort();
  const right = new MemoryPort();
  left.other = right;
  right.other = left;
  return [left, right];
}

class MemoryPort implements Port {
  other: MemoryPort | undefined;
  #closed = false;
  readonly #incoming = new EarlyMessages();
  readonly #closeListeners: (() => void)[] = [];

  send(json: string): void {
    if (this.#closed) return;
    const { other } = this;
    queueMicrotask(() => other?.receive(json));
  }

  receive(json: string): void {
    if (!this.#closed) this.#incoming.receive(json);
  }

  onMessage(listener: (json: string) => void): void {
    this.#incoming.listen(listener);
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closeListeners) listener();
    const { other } = this;
    queueMicrotask(() => other?.close());
  }
}
