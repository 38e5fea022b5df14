/** Does what local programs ask of the one client that they share. Spec: docs/spec/16-local-client.md §3-4 */

import { toHex } from "../core/bytes.ts";
import type { Journey } from "../client/types.ts";
import type { NetworkClient } from "../library/network-client.ts";
import { LocalError, LOCAL_ERRORS, refusalOf } from "./errors.ts";
import { Handing } from "./handing.ts";
import { QUEUED_FRAGMENTS_MAX } from "./limits.ts";
import type { Call, CallOf, Outcome } from "./protocol.ts";
import type { Answerer } from "./server-thread.ts";

/** A call that waits for a journey to be another than the program knows. */
interface Watch {
  readonly connection: number;
  readonly after: Journey["delivery"];
  readonly resolve: (journey: Journey | undefined) => void;
}

export class Desk implements Answerer {
  readonly #client: NetworkClient;
  readonly #onFault: (error: unknown) => void;
  readonly #handing: Handing;
  /** By hexadecimal message id. */
  readonly #watches = new Map<string, Set<Watch>>();
  /** Sends that go on, by hexadecimal message id: the same message is taken once, however often it is asked. */
  readonly #sends = new Map<string, Promise<object>>();
  readonly #endProgress: () => void;
  #isClosed = false;

  /** `onFault` hears of what no program should be able to cause. */
  constructor(o: { client: NetworkClient; onFault: (error: unknown) => void }) {
    this.#client = o.client;
    this.#onFault = o.onFault;
    this.#handing = new Handing(o.client);
    this.#endProgress = o.client.on("progress", (journey) => this.#progressed(journey));
  }

  async call(connection: number, call: Call): Promise<Outcome | undefined> {
    try {
      const result = await this.#do(connection, call);
      return result === undefined || this.#isClosed ? undefined : { result };
    } catch (error) {
      if (this.#isClosed) return undefined;
      const refusal = refusalOf(error);
      if (refusal !== undefined) return { error: refusal };
      this.#onFault(error);
      return { error: { code: "FAILED", message: LOCAL_ERRORS.FAILED } };
    }
  }

  gone(connection: number): void {
    if (this.#isClosed) return;
    this.#handing.gone(connection);
    for (const [id, watches] of this.#watches) {
      for (const watch of watches) if (watch.connection === connection) this.#settle(id, watch, undefined);
    }
  }

  /** Nothing is answered any more. */
  close(): void {
    this.#isClosed = true;
    this.#endProgress();
  }

  async #do(connection: number, call: Call): Promise<object | undefined> {
    switch (call.call) {
      case "send":
        return this.#send(call);
      case "journey":
        return this.#journey(connection, call);
      case "request":
        return { body: await this.#client.request(call) };
      case "lookup": {
        const { address, accountKey, validUntil } = await this.#client.lookup(call.address);
        return { address, accountKey, validUntil };
      }
      case "next":
        return this.#handing.next(connection);
      case "done":
        await this.#handing.done(connection, call);
        return {};
      case "status":
        return this.#status();
    }
  }

  #send(call: CallOf<"send">): Promise<object> {
    const { to, body, message: id } = call;
    const known = id && this.#sends.get(toHex(id));
    if (known !== undefined) return known;
    const sending = this.#queue({ to, body, id });
    if (id === undefined) return sending;
    this.#sends.set(toHex(id), sending);
    return sending.finally(() => this.#sends.delete(toHex(id)));
  }

  async #queue({ to, body, id }: { to: string; body: Uint8Array; id: CallOf<"send">["message"] }): Promise<object> {
    // Sent before the program, or this process, was killed: it is said again, and nothing is queued.
    if (id !== undefined && this.#client.journey(id) !== undefined) return { message: id };
    if (this.#client.status().queuedFragments >= QUEUED_FRAGMENTS_MAX) throw new LocalError("QUEUE_FULL");
    return { message: await this.#client.send({ to, body, ...(id === undefined ? {} : { id }) }) };
  }

  async #journey(connection: number, { message, after }: CallOf<"journey">): Promise<object | undefined> {
    const journey = this.#client.journey(message);
    if (journey === undefined) throw new LocalError("UNKNOWN_MESSAGE");
    if (after === undefined || journey.delivery !== after) return shown(journey);
    const changed = await new Promise<Journey | undefined>((resolve) => {
      const id = toHex(message);
      const watches = this.#watches.get(id) ?? new Set();
      this.#watches.set(id, watches.add({ connection, after, resolve }));
    });
    return changed && shown(changed);
  }

  #progressed(journey: Journey): void {
    const id = toHex(journey.messageId);
    for (const watch of this.#watches.get(id) ?? []) {
      if (watch.after !== journey.delivery) this.#settle(id, watch, journey);
    }
  }

  #settle(id: string, watch: Watch, journey: Journey | undefined): void {
    const watches = this.#watches.get(id);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(id);
    watch.resolve(journey);
  }

  #status(): object {
    const { state, profile, epoch, mixes, operators, providers, ...rest } = this.#client.status();
    const { sentToday, receivedToday, loops, queuedFragments } = rest;
    const { address } = this.#client;
    return {
      address,
      state,
      profile,
      epoch,
      mixes,
      operators,
      providers,
      sentToday,
      receivedToday,
      loops,
      queuedFragments,
    };
  }
}

function shown({ messageId: message, ...rest }: Journey): object {
  return { message, ...rest };
}
