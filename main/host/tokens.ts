/** Who has been let in: one start token that works once, and the token of the one session it opens. */

import type { RandomSource } from "#transport";
import { tokenOf } from "./admit.ts";
import { TOKEN_BYTES } from "./limits.ts";

export class Tokens {
  readonly #random: RandomSource;
  #start: Uint8Array;
  #session: Uint8Array | undefined;

  constructor(random: RandomSource) {
    this.#random = random;
    this.#start = random.bytes(TOKEN_BYTES);
  }

  /** For the URL that opens a window. Another one after each use. */
  get start(): string {
    return Buffer.from(this.#start).toString("base64url");
  }

  /** For a new connection: the start token, or the session's after a reload. */
  get connecting(): readonly Uint8Array[] {
    return this.#session === undefined ? [this.#start] : [this.#start, this.#session];
  }

  /** For requests beside the connection. */
  get session(): readonly Uint8Array[] {
    return this.#session === undefined ? [] : [this.#session];
  }

  /** An admitted connection becomes the session. True when it used up the start token. */
  enter(offered: string): { session: string; usedStart: boolean } {
    const usedStart = tokenOf(offered, { tokens: [this.#start] }) !== undefined;
    if (usedStart) {
      this.#start = this.#random.bytes(TOKEN_BYTES);
      this.#session = this.#random.bytes(TOKEN_BYTES);
    }
    return { session: Buffer.from(this.#session ?? []).toString("base64url"), usedStart };
  }
}
