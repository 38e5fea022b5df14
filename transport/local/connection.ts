/**
 * One program's connection: lines in, answers out, both bounded. While the program does not read its answers, or large bodies of
 * its calls are in work, nothing more is read from it. Spec: docs/spec/16-local-client.md §2
 */

import { TransportError } from "../core/errors.ts";
import { LocalError, type Refusal, refusalOf } from "./errors.ts";
import { CALLS_OPEN_MAX, OPEN_BYTES_PAUSE } from "./limits.ts";
import { Lines } from "./lines.ts";
import { type Call, decodeCall, encodeAnswer, type Outcome } from "./protocol.ts";

/** The part of a socket that is used here. */
export interface Wire {
  /** False when it waits in memory: `Connection.drained` says when it has left. */
  write(bytes: Uint8Array): boolean;
  /** The last words; then the connection ends. */
  end(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
}

export class Connection {
  readonly #wire: Wire;
  readonly #onCall: (call: Call) => void;
  readonly #lines = new Lines();
  /** Open calls by id, and how many bytes their bodies have. */
  readonly #open = new Map<number, { readonly bytes: number; readonly isNext: boolean }>();
  #openBytes = 0;
  #isDrained = true;
  #isPaused = false;
  #hasEnded = false;

  constructor(o: { wire: Wire; onCall: (call: Call) => void }) {
    this.#wire = o.wire;
    this.#onCall = o.onCall;
  }

  received(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    try {
      for (const line of this.#lines.take(bytes)) this.#begin(decodeCall(line));
    } catch (error) {
      // What is no line of ours may be anything: nothing behind it can be trusted to be what it looks like.
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      this.end(refusal);
    }
    this.#flow();
  }

  drained(): void {
    this.#isDrained = true;
    this.#flow();
  }

  answer(id: number, outcome: Outcome): void {
    const open = this.#open.get(id);
    if (open === undefined || this.#hasEnded) return;
    this.#open.delete(id);
    this.#openBytes -= open.bytes;
    this.#write(encodeAnswer(id, outcome));
    this.#flow();
  }

  /** One clear error, then nothing more. */
  end(refusal: Refusal): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#wire.end(encodeAnswer(null, { error: refusal }));
  }

  #begin(call: Call): void {
    const { id } = call;
    if (this.#open.has(id))
      throw new TransportError("MALFORMED", `id: the call ${id} of this connection is still open`);
    const isNext = call.call === "next";
    if (this.#open.size >= CALLS_OPEN_MAX || (isNext && [...this.#open.values()].some((open) => open.isNext))) {
      return this.#write(encodeAnswer(id, { error: refusalOf(new LocalError("TOO_MANY_CALLS")) as Refusal }));
    }
    const bytes = "body" in call ? call.body.length : 0;
    this.#open.set(id, { bytes, isNext });
    this.#openBytes += bytes;
    this.#onCall(call);
  }

  #write(bytes: Uint8Array): void {
    if (!this.#wire.write(bytes)) this.#isDrained = false;
  }

  #flow(): void {
    const shallPause = !this.#isDrained || this.#openBytes > OPEN_BYTES_PAUSE;
    if (this.#hasEnded || shallPause === this.#isPaused) return;
    this.#isPaused = shallPause;
    if (shallPause) this.#wire.pause();
    else this.#wire.resume();
  }
}
