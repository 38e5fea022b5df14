/** Lines out of what comes in pieces of any size, in memory bounded by the longest line. Spec: docs/spec/16-local-client.md §2 */

import { TransportError } from "../core/errors.ts";
import { LINE_BYTES_MAX } from "./limits.ts";

export class Lines {
  readonly #bytesMax: number;
  /** The beginning of a line whose end has not come; larger than what it holds, so that single bytes cost no copies. */
  #begun = NOTHING;
  #length = 0;

  constructor(o: { bytesMax: number } = { bytesMax: LINE_BYTES_MAX }) {
    this.#bytesMax = o.bytesMax;
  }

  /** Every line that ends in `piece`, without its line feed. Throws MALFORMED at one that is too long; then no other may come. */
  *take(piece: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, from)) {
      const rest = piece.subarray(from, end);
      from = end + 1;
      if (this.#length === 0) {
        this.#check(rest.length);
        yield rest;
      } else {
        this.#keep(rest);
        const line = this.#begun.subarray(0, this.#length);
        this.#begun = NOTHING;
        this.#length = 0;
        yield line;
      }
    }
    if (from < piece.length) this.#keep(piece.subarray(from));
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    this.#check(length);
    if (length > this.#begun.length) {
      const larger = new Uint8Array(Math.min(Math.max(2 * length, ROOM_BYTES_MIN), this.#bytesMax));
      larger.set(this.#begun.subarray(0, this.#length));
      this.#begun = larger;
    }
    this.#begun.set(bytes, this.#length);
    this.#length = length;
  }

  #check(length: number): void {
    if (length > this.#bytesMax) throw new TransportError("MALFORMED", `A line has at most ${this.#bytesMax} bytes.`);
  }
}

const LINE_FEED = 0x0a;
const NOTHING = new Uint8Array(0);
const ROOM_BYTES_MIN = 1024;
