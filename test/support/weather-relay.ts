/**
 * Bad weather on real TCP connections: stands between two programs and gives every byte a delay that varies, a narrow line (of
 * another width in each direction), pauses, and now and then a reset. TCP loses no bytes, so what is lost is what a link does not take
 * while its line stands still, and what was on a line that was reset.
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import { parseAddress } from "#transport/link/address.ts";

/** One direction of a line. */
export interface Way {
  /** Milliseconds that every byte takes, and how much longer by chance; none overtakes another. */
  readonly delay: number;
  readonly jitter: number;
  readonly bytesPerSecond: number;
}

export interface Weather {
  readonly out: Way;
  readonly back: Way;
}

/** By the protocol of a connection. */
export type Forecast = Readonly<Record<"client" | "node", Weather>>;

/** What a line itself holds before the sender's system must. */
const LINE_BYTES = 128 * 1024;

export class WeatherRelay {
  readonly #forecast: Forecast;
  readonly #random: RandomSource;
  readonly #fronts: Server[] = [];
  readonly #lines = new Map<string, Set<Line>>();
  /** Bytes that were passed on, and lines that were reset. */
  bytes = 0;
  resets = 0;

  constructor(options: { forecast: Forecast; random: RandomSource }) {
    this.#forecast = options.forecast;
    this.#random = options.random;
  }

  /** The address to announce for the node that listens at `listens`. */
  async stand({ name, listens }: { name: string; listens: string }): Promise<string> {
    const lines = new Set<Line>();
    this.#lines.set(name, lines);
    const front = createServer((near) => {
      const line: Line = new Line({
        near,
        far: connect(parseAddress(listens)),
        forecast: this.#forecast,
        random: this.#random,
        passed: (bytes) => (this.bytes += bytes),
        ended: () => lines.delete(line),
      });
      lines.add(line);
    });
    this.#fronts.push(front);
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(front.address() as { port: number }).port}`;
  }

  /** Breaks all connections of a protocol into the node: what is on them is lost, both sides learn it. */
  reset(name: string, protocol: keyof Forecast): number {
    const lines = [...(this.#lines.get(name) ?? [])].filter((line) => line.protocol === protocol);
    for (const line of lines) line.reset();
    this.resets += lines.length;
    return lines.length;
  }

  /** Nothing passes the connections into the node for so many milliseconds; nobody is told. */
  pause(name: string, milliseconds: number): void {
    for (const line of this.#lines.get(name) ?? []) line.pause(milliseconds);
  }

  async close(): Promise<void> {
    for (const lines of this.#lines.values()) for (const line of lines) line.reset();
    await Promise.all(this.#fronts.map((front) => new Promise((resolve) => front.close(resolve))));
  }
}

interface LineOptions {
  readonly near: Socket;
  readonly far: Socket;
  readonly forecast: Forecast;
  readonly random: RandomSource;
  readonly passed: (bytes: number) => void;
  readonly ended: () => void;
}

class Line {
  protocol: keyof Forecast | undefined;
  readonly #options: LineOptions;
  readonly #ways: Direction[];
  #isOver = false;

  constructor(options: LineOptions) {
    this.#options = options;
    const { near, far } = options;
    near.once("data", (hello: Buffer) => {
      // Who speaks which protocol stands in the first record, unencrypted (RFC 7301 §3.1).
      this.protocol = hello.includes("starling-client/2") ? "client" : "node";
    });
    this.#ways = [this.#way(near, far, "out"), this.#way(far, near, "back")];
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.reset());
      socket.on("close", () => this.reset());
    }
  }

  pause(milliseconds: number): void {
    for (const way of this.#ways) way.pause(milliseconds);
  }

  reset(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const way of this.#ways) way.stop();
    this.#options.near.resetAndDestroy();
    this.#options.far.resetAndDestroy();
    this.#options.ended();
  }

  #way(from: Socket, to: Socket, direction: keyof Weather): Direction {
    const { random, forecast, passed } = this.#options;
    const state = (): Way => forecast[this.protocol ?? "node"][direction];
    return new Direction({ from, to, state, random, passed });
  }
}

interface DirectionOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly state: () => Way;
  readonly random: RandomSource;
  readonly passed: (bytes: number) => void;
}

/** Bytes in their order, each piece with the time at which it is there. */
class Direction {
  readonly #options: DirectionOptions;
  readonly #under: { readonly at: number; readonly chunk: Buffer | undefined }[] = [];
  #held = 0;
  /** When the line has taken what came before, and when the last of it is there. */
  #freeAt = 0;
  #lastAt = 0;
  #standsUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: DirectionOptions) {
    this.#options = options;
    options.from.on("data", (chunk: Buffer) => this.#take(chunk));
    options.from.on("end", () => this.#queue(undefined, this.#lastAt));
  }

  pause(milliseconds: number): void {
    this.#standsUntil = Math.max(this.#standsUntil, Date.now() + milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#under.length = 0;
  }

  #take(chunk: Buffer): void {
    const { state, random, from } = this.#options;
    const { delay, jitter, bytesPerSecond } = state();
    this.#freeAt = Math.max(this.#freeAt, Date.now()) + (1000 * chunk.length) / bytesPerSecond;
    this.#held += chunk.length;
    if (this.#held > LINE_BYTES) from.pause();
    this.#queue(chunk, this.#freeAt + delay + uniform(random) * jitter);
  }

  #queue(chunk: Buffer | undefined, at: number): void {
    this.#lastAt = Math.max(this.#lastAt, at);
    this.#under.push({ at: this.#lastAt, chunk });
    if (this.#under.length === 1) this.#arm();
  }

  /** One timer, for what comes first: nothing overtakes it. */
  #arm(): void {
    const [first] = this.#under;
    if (first === undefined) return;
    const wait = Math.max(first.at, this.#standsUntil) - Date.now();
    this.#timer = setTimeout(() => this.#arrive(), Math.max(0, wait));
  }

  #arrive(): void {
    const { from, to, passed } = this.#options;
    const now = Date.now();
    while (now >= this.#standsUntil && this.#under[0] !== undefined && this.#under[0].at <= now) {
      const { chunk } = this.#under.shift() as { chunk: Buffer | undefined };
      if (chunk === undefined) {
        to.end();
        continue;
      }
      this.#held -= chunk.length;
      passed(chunk.length);
      to.write(chunk);
    }
    if (this.#held <= LINE_BYTES) from.resume();
    this.#arm();
  }
}
