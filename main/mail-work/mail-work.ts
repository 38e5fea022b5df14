/**
 * The mail thread as the program sees it. OpenPGP and MIME hold a thread up for seconds; on the one whose clocks say when
 * packets leave, that would show on the wire (docs/spec/04-traffic.md §6).
 *
 * Heavy work waits for its turn here and not in the thread, so that a mail that ends the thread takes no other along: its own
 * call gets INTERNAL, and the next one starts a new thread. Large buffers change hands with every call.
 */

import { Worker } from "node:worker_threads";
import { wipe } from "#transport";
import { MainError } from "../error.ts";
import { Thread } from "../thread/thread.ts";
import type { Parsed } from "../mime/parse.ts";
import type { KeyPair } from "../pgp/certificate.ts";
import type { Inspected, Opened, OpenJob, ReadCertificate, SealJob } from "./jobs.ts";
import { HEAP_MEBIBYTES_MAX } from "./limits.ts";
import type { TaskName } from "./worker.ts";

export interface MailWorkOptions {
  /** The owner's private key, asked for whenever a thread begins. The copy is wiped here. Absent: there is none yet. */
  readonly ownKey?: () => Promise<Uint8Array>;
  /** Tests watch the thread through this. */
  readonly startWorker?: () => Worker;
}

export class MailWork {
  readonly #options: MailWorkOptions;
  #thread: Promise<Thread> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(options: MailWorkOptions = {}) {
    this.#options = options;
  }

  generateKeys(o: { address: string; now: number }): Promise<KeyPair> {
    return this.#call("generateKeys", o) as Promise<KeyPair>;
  }

  prolong(o: { certificate: Uint8Array; address: string; now: number }): Promise<KeyPair | undefined> {
    return this.#call("prolong", o) as Promise<KeyPair | undefined>;
  }

  /** Does not wait for heavy work that waits for its turn. */
  readCertificate(o: { bytes: Uint8Array; address: string; now: number }): Promise<ReadCertificate | undefined> {
    return this.#call("readCertificate", o) as Promise<ReadCertificate | undefined>;
  }

  /** Takes the attachments' bytes. Throws MESSAGE_TOO_LARGE, KEY_EXPIRED, NOT_PRIVATE. */
  seal(o: SealJob): Promise<Uint8Array[]> {
    return this.#inTurn("seal", o) as Promise<Uint8Array[]>;
  }

  /** Takes the message and gives it back. */
  inspect(o: { message: Uint8Array; receivedAt: number }): Promise<Inspected> {
    return this.#inTurn("inspect", o) as Promise<Inspected>;
  }

  /** Takes the message and gives it back. */
  open(o: OpenJob): Promise<Opened> {
    return this.#inTurn("open", o) as Promise<Opened>;
  }

  /** Takes the bytes. */
  parseFile(o: { bytes: Uint8Array; receivedAt: number }): Promise<Parsed | undefined> {
    return this.#inTurn("parseFile", o) as Promise<Parsed | undefined>;
  }

  /** Resolves when nothing waits for its turn, and all that was asked by now is answered; the end of a thread that is closed as well. */
  async idle(): Promise<void> {
    await this.#turn;
    await Promise.allSettled([...this.#calls, this.#closing]);
  }

  /** Finishes what was asked before; then the thread is gone, and the key with it. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await this.#turn;
    const thread = await this.#thread?.catch(() => undefined);
    await thread?.close();
  }

  #inTurn(name: TaskName, input: unknown): Promise<unknown> {
    const done = this.#turn.then(() => this.#call(name, input));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #call(name: TaskName, input: unknown): Promise<unknown> {
    const answer = this.#running().then((thread) => thread.call(name, [input], { handOver: true }));
    this.#calls.add(answer);
    const forget = (): void => void this.#calls.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  #running(): Promise<Thread> {
    if (this.#thread !== undefined) return this.#thread;
    if (this.#closing !== undefined) return Promise.reject(new MainError("LOCKED"));
    const starting = this.#start();
    this.#thread = starting;
    const forget = (): void => {
      if (this.#thread === starting) this.#thread = undefined;
    };
    starting.then((thread) => thread.ended.then(forget), forget);
    return starting;
  }

  async #start(): Promise<Thread> {
    const exited = (): MainError =>
      this.#closing !== undefined
        ? new MainError("LOCKED")
        : new MainError("INTERNAL", { detail: "the mail thread ended" });
    const thread = new Thread((this.#options.startWorker ?? startWorker)(), { exited });
    await thread.opened;
    const key = await this.#options.ownKey?.();
    if (key === undefined) return thread;
    const unlocked = thread.call("unlock", [key]); // copied
    wipe(key);
    await unlocked;
    return thread;
  }
}

const startWorker = (): Worker =>
  new Worker(new URL("./worker.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX },
  });
