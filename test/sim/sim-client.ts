/** One user's program in a world: the transport client of production, and above it a reader that keeps what it gets. */

import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { seededStreams } from "#test/support/seeded-random.ts";
import { TransportClient } from "#transport/client/client.ts";
import type { ClientObserver, SignedUp, TransportClientOptions } from "#transport/client/types.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import type { RandomStreams } from "#transport/core/random.ts";
import { seconds } from "#transport/core/units.ts";
import { costly, MachineClock } from "./machine.ts";
import { addressOf, type Tap } from "./network-in-memory.ts";
import { Observer } from "./observer.ts";
import type { World } from "./world.ts";

export interface ClientOptions {
  readonly name: string;
  readonly provider: string;
  readonly observer?: ClientObserver;
  /** "slow": one thread whose work takes time, as an observer of a real computer sees it. It is unless given. */
  readonly machine?: "slow" | "quick";
  /** Told of the client of each of its programs before it starts. */
  readonly program?: (client: TransportClient) => void;
  /** What passes its sockets; kept in its `observer` unless given. Nobody is told with "none". */
  readonly tap?: Tap | "none";
  /** For planted faults. */
  readonly make?: (options: TransportClientOptions) => TransportClient;
  readonly streams?: RandomStreams;
}

export class SimClient {
  readonly name: string;
  readonly observer = new Observer();
  readonly store = new MemoryClientStore();
  /** What the reader has, by hexadecimal message id; a message offered twice is one message. */
  readonly received = new Map<string, Uint8Array>();
  /** Whether it says so when it has a message. */
  consumes = true;
  /** How often it was offered one. */
  offers = 0;
  readonly #world: World;
  readonly #seed: string;
  readonly #options: ClientOptions;
  #runs = 0;
  client!: TransportClient;

  constructor(world: World, seed: string, options: ClientOptions) {
    this.name = options.name;
    this.#world = world;
    this.#seed = seed;
    this.#options = options;
  }

  /** A new process on the old disk. */
  async start(): Promise<void> {
    const { suite, network, net } = this.#world;
    const { provider, observer, make, tap = this.observer.tap } = this.#options;
    const run = `${this.#seed}/${this.name}/${this.#runs++}`;
    const machine = new MachineClock(this.#world.clock);
    const isSlow = this.#options.machine !== "quick";
    const key = this.#world.deviceKey(this.name);
    const options: TransportClientOptions = {
      clock: this.#world.wrongly(this.name, machine),
      streams: this.#options.streams ?? seededStreams(run),
      suite: isSlow ? costly(suite, machine) : suite,
      network,
      dialer: net.dialer({
        name: `${this.name}/${this.#runs}`,
        machine: this.name,
        key,
        clock: machine,
        ...(tap === "none" ? {} : { tap }),
      }),
      provider: { address: addressOf(provider), linkKey: this.#world.providerKeys.get(provider) as Uint8Array },
      store: this.store,
      ...(observer === undefined ? {} : { observer }),
    };
    this.client = make === undefined ? new TransportClient(options) : make(options);
    if (isSlow) this.client.on("progress", () => machine.work(PROGRESS_COST));
    this.client.on("message", ({ messageId, body }) => {
      this.offers++;
      const id = Buffer.from(messageId).toString("hex");
      // Taking a message twice is taking it once; giving another under the same name would be a fault.
      const known = this.received.get(id);
      if (known !== undefined && !equalBytes(known, body)) throw new Error("two messages under one id");
      this.received.set(id, body);
      if (this.consumes) void this.client.consumed(messageId);
    });
    this.#options.program?.(this.client);
    await this.client.start();
  }

  async signUp(): Promise<SignedUp> {
    const signUp = this.client.signUp({ localPart: this.name, invite: "", certificate: new Uint8Array(64) });
    return this.#world.clock.runUntilSettled(signUp, seconds(30));
  }

  async stop(): Promise<void> {
    await this.client.stop();
  }

  get address(): string {
    return `${this.name}@${this.#options.provider}.example`;
  }

  texts(): string[] {
    return [...this.received.values()].map((body) => Buffer.from(body).toString());
  }
}

/** Milliseconds in which the program above takes note of a journey. */
const PROGRESS_COST = 2;
