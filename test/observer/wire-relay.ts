/**
 * Stands on the TCP connections into the nodes of a live network, as somebody who taps a cable: passes every byte on, opens nothing,
 * and writes down each TLS record's time, direction and length. Log: docs/spec/14-observer-log.md
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { parseAddress } from "#transport/link/address.ts";
import type { LogWriter } from "./log.ts";

/** Type u8, version u16, length u16: RFC 8446 §5.1. */
const RECORD_HEADER_BYTES = 5;

export class WireRelay {
  readonly #log: LogWriter;
  readonly #now: () => number;
  readonly #fronts: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** `now` in milliseconds. */
  constructor(options: { log: LogWriter; now: () => number }) {
    this.#log = options.log;
    this.#now = options.now;
  }

  /** The address to announce for the node that listens at `listens`. */
  async stand({ name, listens }: { name: string; listens: string }): Promise<string> {
    const front = createServer((near) => this.#relay(name, near, connect(parseAddress(listens))));
    this.#fronts.push(front);
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(front.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#fronts.map((front) => new Promise((resolve) => front.close(resolve))));
  }

  #relay(listener: string, near: Socket, far: Socket): void {
    const dialer = `${near.remoteAddress ?? "gone"}:${near.remotePort ?? 0}`;
    // Who speaks which protocol stands in the first record, unencrypted (RFC 7301 §3.1); what follows is logged under it.
    let link: number | undefined;
    const write = (direction: ">" | "<", length: number): void => {
      if (link !== undefined) this.#log.record({ at: this.#now(), link, direction, length });
    };
    const out = new RecordReader((length, record) => {
      link ??= this.#log.link({ protocol: protocolOf(record), dialer, listener });
      write(">", length);
    });
    const back = new RecordReader((length) => write("<", length));
    near.on("data", (chunk: Buffer) => out.take(chunk));
    far.on("data", (chunk: Buffer) => back.take(chunk));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

/** Cuts a stream of bytes into TLS records; keeps no byte but the first record's. */
export class RecordReader {
  readonly #onRecord: (length: number, record: Buffer) => void;
  #header = Buffer.alloc(0);
  #first: Buffer[] | undefined = [];
  /** Bytes of the record that have not come yet. */
  #missing = 0;
  #length = 0;

  /** Told of each record when its last byte has come: its length with its header; the first also with its bytes. */
  constructor(onRecord: (length: number, record: Buffer) => void) {
    this.#onRecord = onRecord;
  }

  take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#missing === 0) {
        const needed = RECORD_HEADER_BYTES - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, needed)]);
        rest = rest.subarray(needed);
        if (this.#header.length < RECORD_HEADER_BYTES) return;
        this.#missing = this.#header.readUInt16BE(3);
        this.#length = RECORD_HEADER_BYTES + this.#missing;
      }
      const part = rest.subarray(0, this.#missing);
      this.#first?.push(Buffer.from(part));
      this.#missing -= part.length;
      rest = rest.subarray(part.length);
      if (this.#missing === 0) this.#end();
    }
  }

  #end(): void {
    this.#header = Buffer.alloc(0);
    this.#onRecord(this.#length, Buffer.concat(this.#first ?? []));
    this.#first = undefined;
  }
}

/** By the ALPN name in a ClientHello. */
function protocolOf(hello: Buffer): string {
  const name = /starling-(client|node|directory)\/2/.exec(hello.toString("latin1"))?.[1];
  return name ?? "unknown";
}
