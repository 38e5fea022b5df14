/**
 * What becomes of sent messages, on the disk: one write after the other, so that none overtakes a receipt.
 * Spec: docs/spec/01-message.md §2
 */

import type { Clock } from "../core/clock.ts";
import type { Outgoing } from "./outgoing.ts";
import type { ClientStore, Recipient } from "./store.ts";

export class OutboxWrites {
  readonly #clock: Clock;
  readonly #store: ClientStore;
  #last: Promise<void> = Promise.resolve();

  constructor({ clock, store }: { clock: Clock; store: ClientStore }) {
    this.#clock = clock;
    this.#store = store;
  }

  /** What has changed since it was written last. */
  progress(outgoing: Outgoing): Promise<void> {
    const changes = outgoing.changes();
    const { progress } = outgoing;
    return this.#inTurn(async () => {
      if (outgoing.isFinished && progress.deliveredAt === undefined) return; // Overtaken by the receipt.
      await this.#store.saveProgress(outgoing.message.id, progress, changes);
    });
  }

  /** Everything of it that has changed, and where it goes from now on, at once. */
  anew(outgoing: Outgoing): Promise<void> {
    const fragments = outgoing.changes();
    const { progress, to } = outgoing;
    return this.#inTurn(async () => {
      if (!outgoing.isFinished) await this.#store.readdress(outgoing.message.id, to, { progress, fragments });
    });
  }

  receipt(outgoing: Outgoing, proof: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      if (outgoing.isFinished) return;
      const at = this.#clock.now();
      // First on the disk: one that it refuses comes again, and must count then.
      await this.#store.finishOutgoing(outgoing.message.id, outgoing.delivered(at));
      outgoing.receipt(proof, at);
    });
  }

  /** Another key of the same reader. */
  async readdress(outgoing: Outgoing, to: Recipient): Promise<void> {
    await this.#inTurn(async () => {
      const { place } = outgoing.to;
      if (!outgoing.isFinished) await this.#store.readdress(outgoing.message.id, { ...to, place });
    });
    outgoing.readdress(to);
  }

  /** All that was begun is over. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#last.then(write);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
