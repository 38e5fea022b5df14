/** Puts one message together again from fragments in any order. Spec: docs/spec/02-fragment.md §5 */

import { concat, equalBytes } from "../core/bytes.ts";
import type { Primitives } from "../crypto/suite.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { DIGEST_BYTES, dataBytes, type Fragment } from "./fragment.ts";
import { fragmentCount, messageDigest } from "./split.ts";

export type Added =
  /** Seen before, or the message is complete already. */
  | "duplicate"
  | "accepted"
  /** This was the last fragment needed, and the digest holds. */
  | "complete"
  /** It contradicts the first fragment or the network's rules; or, as the last one needed, the digest did not hold. */
  | "refused";

/**
 * Holds only what has arrived: a fragment that claims a message of 25 MiB reserves nothing. When the digest of a full set
 * does not hold, nobody can tell which fragment was false, so all are let go and a retransmission starts afresh.
 */
export class Reassembly {
  readonly #deps: ReassemblyDeps;
  /** By index; a fragment that only pads is an empty part. */
  readonly #parts = new Map<number, Uint8Array>();
  #first: Fragment | undefined;
  #needed = 0;
  #received = 0;
  #body: Uint8Array | undefined;

  constructor(deps: ReassemblyDeps) {
    this.#deps = deps;
  }

  add(fragment: Fragment): Added {
    if (!this.#fits(fragment)) return "refused";
    if (this.#body !== undefined || this.#parts.has(fragment.index)) return "duplicate";
    this.#first ??= fragment;
    this.#parts.set(fragment.index, fragment.data);
    if (fragment.index < this.#needed) this.#received++;
    if (this.#received < this.#needed) return "accepted";

    const body = this.#join(fragment);
    this.#parts.clear();
    if (body === undefined) {
      this.#first = undefined;
      this.#received = 0;
      return "refused";
    }
    this.#body = body;
    return "complete";
  }

  /** Undefined until an `add` said "complete". */
  body(): Uint8Array | undefined {
    return this.#body;
  }

  /** Of the fragments that carry a part of the message: how many are here, and how many there are. */
  get progress(): { readonly received: number; readonly needed: number } {
    return { received: this.#received, needed: this.#needed };
  }

  #fits(fragment: Fragment): boolean {
    const { geometry, step, messageBytesMax } = this.#deps;
    const { index, total, messageBytes } = fragment;
    if (this.#first !== undefined && !sameMessage(this.#first, fragment)) return false;
    if (messageBytes > messageBytesMax || index >= total) return false;
    const count = fragmentCount({ geometry, step, messageBytes });
    if (total !== count.total || fragment.data.length !== dataBytes(geometry, messageBytes, index)) return false;
    this.#needed = count.needed;
    return true;
  }

  #join({ kind, messageId }: Fragment): Uint8Array | undefined {
    const parts = Array.from({ length: this.#needed }, (_, index) => this.#parts.get(index) as Uint8Array);
    const joined = concat(...parts);
    const body = joined.subarray(DIGEST_BYTES);
    const digest = messageDigest(this.#deps.suite, { kind, messageId, body });
    return equalBytes(digest, joined.subarray(0, DIGEST_BYTES)) ? body : undefined;
  }
}

export interface ReassemblyDeps {
  readonly suite: Primitives;
  readonly geometry: Geometry;
  readonly step: number;
  readonly messageBytesMax: number;
}

function sameMessage(a: Fragment, b: Fragment): boolean {
  return (
    a.kind === b.kind &&
    a.total === b.total &&
    a.messageBytes === b.messageBytes &&
    equalBytes(a.messageId, b.messageId)
  );
}
