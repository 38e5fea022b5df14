/** The socket that local programs connect to: many connections, their calls handed over one at a time. Spec: docs/spec/16-local-client.md §1-2 */

import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { Connection } from "./connection.ts";
import { LocalError, type Refusal, refusalOf } from "./errors.ts";
import { CONNECTIONS_MAX } from "./limits.ts";
import { type Call, encodeAnswer, type Outcome } from "./protocol.ts";

export interface ServerHandlers {
  /** One call for each `more`. */
  onCall(connection: number, call: Call): void;
  /** A connection of which there were calls has ended. */
  onGone(connection: number): void;
}

interface Peer {
  readonly connection: Connection;
  readonly socket: Socket;
  /** Calls that were not handed over yet. */
  readonly waiting: Call[];
  hasCalled: boolean;
}

export class LocalServer {
  readonly #handlers: ServerHandlers;
  readonly #server = createServer((socket) => this.#connected(socket));
  readonly #peers = new Map<number, Peer>();
  /** Connections with waiting calls, each once: they take turns. */
  readonly #turns: number[] = [];
  #sockets = 0;
  #newest = 0;
  #wanted = 0;

  constructor(handlers: ServerHandlers) {
    this.#handlers = handlers;
    // Without descriptors none can be accepted; those that are connected go on.
    this.#server.on("error", () => undefined);
  }

  /** What lies there is replaced: whoever calls knows that the process that made it is gone. Rejects with the system's error. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    chmodSync(path, 0o600);
  }

  /** One call more may be handed over. Nothing is before the first of these. */
  more(): void {
    this.#wanted++;
    this.#handOver();
  }

  answer(connection: number, id: number, outcome: Outcome): void {
    this.#peers.get(connection)?.connection.answer(id, outcome);
  }

  /** Ends every connection; the socket's file is gone when it resolves. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const { socket } of this.#peers.values()) socket.destroy();
    });
  }

  #connected(socket: Socket): void {
    // A program that is killed resets its connection: its end is all there is to know.
    socket.on("error", () => undefined);
    if (this.#sockets >= CONNECTIONS_MAX) {
      const error = refusalOf(new LocalError("TOO_MANY_PROGRAMS")) as Refusal;
      socket.end(encodeAnswer(null, { error }), () => socket.destroy());
      return;
    }
    this.#sockets++;
    const number = this.#newest++;
    const wire = {
      write: (bytes: Uint8Array) => socket.write(bytes),
      end: (bytes: Uint8Array) => void socket.end(bytes, () => socket.destroy()),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    };
    const waiting: Call[] = [];
    const connection = new Connection({ wire, onCall: (call) => this.#called(number, call) });
    this.#peers.set(number, { connection, socket, waiting, hasCalled: false });
    socket.on("data", (bytes: Buffer) => connection.received(bytes));
    socket.on("drain", () => connection.drained());
    socket.on("close", () => this.#gone(number));
  }

  #called(number: number, call: Call): void {
    const peer = this.#peers.get(number);
    if (peer === undefined) return;
    if (peer.waiting.push(call) === 1) this.#turns.push(number);
    this.#handOver();
  }

  #handOver(): void {
    while (this.#wanted > 0) {
      const number = this.#turns.shift();
      if (number === undefined) return;
      const peer = this.#peers.get(number);
      const call = peer?.waiting.shift();
      if (peer === undefined || call === undefined) continue;
      if (peer.waiting.length > 0) this.#turns.push(number);
      peer.hasCalled = true;
      this.#wanted--;
      this.#handlers.onCall(number, call);
    }
  }

  /** What it asked and was not begun is not begun any more. */
  #gone(number: number): void {
    this.#sockets--;
    const peer = this.#peers.get(number);
    this.#peers.delete(number);
    if (peer?.hasCalled === true) this.#handlers.onGone(number);
  }
}
