/** Writes the observer's log of a simulation to a file, as it goes on. Format: docs/spec/14-observer-log.md */

import { closeSync, openSync, writeSync } from "node:fs";
import { LogWriter } from "#test/observer/log.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import { type MailboxId, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Passage } from "./network-in-memory.ts";

const PROTOCOLS: Readonly<Record<Passage["protocol"], string>> = {
  "starling-client/2": "client",
  "starling-node/2": "node",
  "starling-directory/2": "directory",
};

export class AdversaryLog {
  readonly #file: number;
  readonly #writer: LogWriter;
  readonly #begin: Milliseconds;
  readonly #links = new Map<string, number>();
  readonly #mailboxes = new Map<string, number>();
  /** By client: the mailbox that it polls. */
  readonly #owned = new Map<string, number>();

  constructor(o: { path: string; begin: Milliseconds }) {
    this.#file = openSync(o.path, "w");
    this.#begin = o.begin;
    this.#writer = new LogWriter({ sink: (text) => void writeSync(this.#file, text), unit: "frame" });
  }

  /** To be told before anything comes into it. */
  mailbox(o: { id: MailboxId; owner: string; provider: string }): void {
    const number = this.#writer.mailbox({ provider: o.provider, owner: o.owner });
    this.#mailboxes.set(hex(o.id), number);
    this.#owned.set(o.owner, number);
  }

  passed({ at, arrives, from, to, protocol, direction, frame }: Passage): void {
    const [dialer, listener] = direction === "fromDialer" ? [from, to] : [to, from];
    const name = `${protocol} ${dialer} ${listener}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = this.#writer.link({ protocol: PROTOCOLS[protocol], dialer, listener });
      this.#links.set(name, link);
    }
    // An entry is seen where its reader's machine stands, everything else where it leaves.
    const isSeenAtEnd = protocol === "starling-client/2" && direction === "toDialer";
    const seen = isSeenAtEnd ? arrives : at;
    if (seen === undefined || seen < this.#begin) return;
    const arrow = direction === "fromDialer" ? ">" : "<";
    this.#writer.record({ at: seen - this.#begin, link, direction: arrow, length: frame.length });
    const isPoll = protocol === "starling-client/2" && frame[0] === FRAME_TYPES.poll && arrives !== undefined;
    const mailbox = isPoll ? this.#owned.get(from) : undefined;
    if (mailbox !== undefined && isPoll) this.#event("poll", arrives, mailbox);
  }

  stored(id: MailboxId, at: Milliseconds): void {
    const mailbox = this.#mailboxes.get(hex(id));
    if (mailbox !== undefined && at >= this.#begin) this.#event("arrival", at, mailbox);
  }

  close(): void {
    this.#writer.end();
    closeSync(this.#file);
  }

  #event(kind: "arrival" | "poll", at: Milliseconds, mailbox: number): void {
    this.#writer.event({ at: milliseconds(at - this.#begin), kind, mailbox });
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
