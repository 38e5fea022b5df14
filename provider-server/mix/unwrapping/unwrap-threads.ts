/**
 * The threads in which a node unwraps packets, seen from its first thread: a packet goes in with the time of its arrival, what
 * came out of it comes back in no order. Nothing here decides anything about a packet. Spec: docs/spec/06-mix.md §2, §5
 */

import { Worker } from "node:worker_threads";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import type { SuiteName } from "#transport/core/parameters.ts";
import { type KeyPeriod, type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import type { Geometry } from "#transport/sphinx/geometry.ts";
import type { Unwrapped } from "#transport/sphinx/packet.ts";
import type { Log } from "../../observe/log.ts";
import { periodOf } from "../mix.ts";
import { mayTake, type Source } from "../sources.ts";
import { JobMemory } from "./job-memory.ts";
import { KeyTable } from "./key-table.ts";
import { LOOK_INTERVAL, RESTART_WAIT_MAX, RESTART_WAIT_MIN, STOP_TIME_MAX, UNWRAP_SLOTS } from "./limits.ts";
import { readResult } from "./result.ts";
import type { UnwrapWorkerData } from "./worker.ts";

export interface UnwrapThreadsDependencies {
  readonly threads: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeId: NodeId;
  readonly geometry: Geometry;
  /** A power of two; `UNWRAP_SLOTS` unless given. */
  readonly slots?: number;
  /** What came out; undefined for a packet that is refused. Packet and payload are lent until the function returns. */
  readonly onUnwrapped: (unwrapped: Unwrapped | undefined, came: Came & { readonly period: KeyPeriod }) => void;
  /** A thread ended with a packet in it. */
  readonly onLost: () => void;
  /** Tests end threads through this. */
  readonly startWorker?: (data: UnwrapWorkerData) => Worker;
}

/** When a packet came, and from whom. */
export interface Came {
  readonly arrival: Milliseconds;
  readonly source: Source;
}

export class UnwrapThreads {
  readonly #deps: UnwrapThreadsDependencies;
  readonly #suite: SuiteName;
  readonly #memory: JobMemory;
  readonly #keys = new KeyTable();
  readonly #threads: Thread[];
  /** Slots that nobody uses; the last one used comes first, for it is still in the processor's caches. */
  readonly #free: number[];
  /** Slots that are with the threads, oldest first, and what is known of each packet. */
  #away: number[] = [];
  readonly #came: Came[] = [];
  #cancelLook: Cancel | undefined;
  #isStopped = false;

  constructor(deps: UnwrapThreadsDependencies) {
    const { geometry, threads, slots = UNWRAP_SLOTS } = deps;
    this.#deps = deps;
    this.#suite = geometry.suite;
    this.#memory = JobMemory.create({ packetBytes: geometry.packetBytes, slots, threads });
    this.#free = Array.from({ length: slots }, (_, slot) => slot);
    this.#threads = Array.from({ length: threads }, (_, number) => ({
      number,
      worker: undefined,
      failures: 0,
      since: 0,
    }));
    for (const thread of this.#threads) this.#start(thread);
  }

  /** Packets that have not come back. */
  get waiting(): number {
    return this.#away.length;
  }

  /** Copies the packet, which has the network's size. Why it was not taken, if it was not: too many wait, or too many of its source. */
  submit(packet: Uint8Array, came: Came): "UNWRAP_BACKLOG" | "SOURCE_SHARE" | undefined {
    this.#look();
    if (!mayTake(came.source.waiting, this.#free.length))
      return this.#free.length === 0 ? "UNWRAP_BACKLOG" : "SOURCE_SHARE";
    const slot = this.#free.pop() as number;
    this.#memory.packet(slot).set(packet);
    this.#came[slot] = came;
    came.source.waiting++;
    this.#away.push(slot);
    this.#memory.offer(slot);
    this.#lookSoon();
    return undefined;
  }

  /** From now on packets of this period can be unwrapped. `privateKey` is copied. */
  putKey(period: KeyPeriod, privateKey: Uint8Array): void {
    this.#keys.put(period, privateKey);
    this.#memory.keysChanged();
  }

  /** Wipes the key at once where the threads share it; each then lets go of what it made from it. */
  eraseKey(period: KeyPeriod): void {
    this.#keys.erase(period);
    this.#memory.keysChanged();
  }

  /** Whether every thread that runs has let go of all keys that were erased. */
  get haveLetGo(): boolean {
    return this.#threads.every(({ number, worker }) => worker === undefined || this.#memory.hasCurrentKeys(number));
  }

  /** Ends the threads and wipes the keys; packets in them are lost. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelLook?.();
    this.#memory.stop();
    await Promise.all(this.#threads.map((thread) => this.#end(thread)));
    this.#keys.eraseAll();
    this.#away = [];
  }

  #look(): void {
    const { onUnwrapped, geometry, threads } = this.#deps;
    const stillAway: number[] = [];
    let looked = 0;
    // Taken in order, one by each thread: behind as many that are not done nobody has begun.
    for (; looked < this.#away.length && stillAway.length < threads; looked++) {
      const slot = this.#away[looked] as number;
      if (!this.#memory.isDone(slot)) {
        stillAway.push(slot);
        continue;
      }
      const packet = this.#memory.packet(slot);
      const unwrapped = readResult(this.#memory.result(slot), packet, geometry.headerBytes);
      onUnwrapped(unwrapped, { ...this.#settled(slot), period: periodOf(packet) });
      this.#free.push(slot);
    }
    if (looked > stillAway.length) this.#away.splice(0, looked, ...stillAway);
  }

  #settled(slot: number): Came {
    const came = this.#came[slot] as Came;
    came.source.waiting--;
    return came;
  }

  /** A message for each packet would cost more than it brings: a packet is ready long before it is due. */
  #lookSoon(): void {
    if (this.#cancelLook !== undefined || this.#isStopped || this.#away.length === 0) return;
    const { clock } = this.#deps;
    this.#cancelLook = clock.at(milliseconds(clock.now() + LOOK_INTERVAL), () => {
      this.#cancelLook = undefined;
      this.#look();
      this.#lookSoon();
    });
  }

  #start(thread: Thread): void {
    const { nodeId, startWorker = newWorker } = this.#deps;
    const { buffers, slotCount } = this.#memory;
    const worker = startWorker({
      thread: thread.number,
      suite: this.#suite,
      nodeId,
      jobs: buffers,
      slots: slotCount,
      keys: this.#keys.memory,
    });
    thread.worker = worker;
    thread.since = this.#deps.clock.now();
    let reason = "no reason given";
    worker.on("error", (error: Error) => (reason = error.message));
    worker.on("exit", () => this.#ended(thread, worker, reason));
  }

  /** The node goes on with the others, or with nobody until the next one is up: then packets find no slot. */
  #ended(thread: Thread, worker: Worker, reason: string): void {
    if (thread.worker !== worker || this.#isStopped) return;
    thread.worker = undefined;
    this.#takeBack(thread);
    const { clock, log } = this.#deps;
    if (clock.now() - thread.since > RESTART_WAIT_MAX) thread.failures = 0;
    const wait = Math.min(RESTART_WAIT_MAX, RESTART_WAIT_MIN * 2 ** thread.failures++);
    log.event(`a thread that unwraps has ended, another follows: ${reason}`, { thread: thread.number, wait });
    thread.cancelRestart = clock.at(milliseconds(clock.now() + wait), () => this.#start(thread));
  }

  #takeBack(thread: Thread): void {
    this.#look();
    const lost = this.#away.filter((slot) => this.#memory.wasTakenBy(slot, thread.number));
    this.#away = this.#away.filter((slot) => !lost.includes(slot));
    this.#free.push(...lost);
    for (const slot of lost) {
      this.#settled(slot);
      this.#deps.onLost();
    }
  }

  async #end(thread: Thread): Promise<void> {
    thread.cancelRestart?.();
    const { worker } = thread;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const { clock } = this.#deps;
    const cancel = clock.at(milliseconds(clock.now() + STOP_TIME_MAX), () => void worker.terminate());
    await ended;
    cancel();
    thread.worker = undefined;
  }
}

interface Thread {
  readonly number: number;
  worker: Worker | undefined;
  failures: number;
  since: number;
  cancelRestart?: Cancel;
}

const newWorker = (data: UnwrapWorkerData): Worker =>
  new Worker(new URL("./worker.ts", import.meta.url), { workerData: data, name: "unwrap" });
