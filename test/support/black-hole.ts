/**
 * Lines that swallow everything and tell nobody, as after a router has lost its table or a cable is out further on: what was sent
 * has left, nothing of it comes, no answer and no end. Stands at the listening end of links; new links are well.
 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Link } from "#transport/link/link.ts";

/** All links so far that were dialled with a key to a machine. */
export interface Line {
  readonly listener: string;
  readonly key: Uint8Array;
}

export class BlackHole {
  readonly #links = new Set<HoledLink>();

  /** The link as the machine that was dialled is to see it. */
  meet(listener: string, link: Link): Link {
    const holed = new HoledLink(listener, link);
    this.#links.add(holed);
    return holed;
  }

  /** From now on nothing passes on the links that there are. */
  swallow(line: Line): void {
    for (const link of this.#of(line)) link.isDead = true;
  }

  /** Frames of the dialer that nobody got. */
  swallowed(line: Line): number {
    return this.#of(line).reduce((sum, { swallowed }) => sum + swallowed, 0);
  }

  /** Frames that came on links that were made after those that are dead. */
  passedSince(line: Line): number {
    const dead = this.#of(line).findLastIndex(({ isDead }) => isDead);
    return this.#of(line).reduce((sum, { passed }, index) => sum + (index > dead ? passed : 0), 0);
  }

  #of({ listener, key }: Line): HoledLink[] {
    return [...this.#links].filter((link) => link.listener === listener && equalBytes(link.peer.key, key));
  }
}

class HoledLink implements Link {
  readonly protocol: Link["protocol"];
  readonly peer: Link["peer"];
  readonly listener: string;
  readonly #link: Link;
  isDead = false;
  swallowed = 0;
  passed = 0;

  constructor(listener: string, link: Link) {
    this.listener = listener;
    this.#link = link;
    this.protocol = link.protocol;
    this.peer = link.peer;
  }

  get writable(): boolean {
    return this.#link.writable;
  }

  send(frame: Uint8Array, onTaken?: () => void): boolean {
    return this.isDead || this.#link.send(frame, onTaken);
  }

  onFrame(handler: (frame: Uint8Array) => void, options?: { readonly lent?: boolean }): void {
    this.#link.onFrame((frame) => {
      if (this.isDead) this.swallowed++;
      else this.passed++;
      if (!this.isDead) handler(frame);
    }, options);
  }

  onClose(handler: (reason: string) => void): void {
    this.#link.onClose((reason) => {
      if (!this.isDead) handler(reason);
    });
  }

  close(): void {
    // The other end of a dead line does not hear of it.
    if (!this.isDead) this.#link.close();
  }
}
