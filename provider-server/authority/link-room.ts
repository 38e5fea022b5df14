/**
 * How many links each sender keeps: whoever stays makes room for whoever comes, and takes it from nobody else. An honest question
 * is over in seconds. Spec: docs/spec/08-directory.md §5.3
 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Network } from "#transport/directory/model.ts";
import type { Link, PeerIdentity } from "#transport/link/link.ts";
import type { Sender } from "./allowances.ts";
import { AUTHORITY_STRANGERS_MAX, STRANGERS_ANSWERS_BYTES_MAX } from "./limits.ts";

export class LinkRoom {
  readonly #network: Network;
  readonly #strangersMax: number;
  readonly #answerBytes: () => number;
  /** Oldest first. */
  readonly #links = new Map<Sender, Set<Link>>();

  /** `answerBytes`: the longest answer, of which one may wait on each link (serve-link.ts). */
  constructor(o: { network: Network; answerBytes: () => number; strangersMax?: number | undefined }) {
    this.#network = o.network;
    this.#answerBytes = o.answerBytes;
    this.#strangersMax = o.strangersMax ?? AUTHORITY_STRANGERS_MAX;
  }

  /** Ends its sender's oldest links if there are too many; says whose it is. */
  add(link: Link): Sender {
    const sender = senderOf(this.#network, link.peer);
    const links = this.#links.get(sender) ?? new Set();
    this.#links.set(sender, links);
    links.add(link);
    link.onClose(() => links.delete(link));
    this.trim(sender);
    return sender;
  }

  /** To be called before an answer, too: the list may have become longer since its sender's links came. */
  trim(sender: Sender): void {
    const links = this.#links.get(sender) ?? new Set();
    const most = this.#most(sender);
    for (const oldest of links) {
      if (links.size <= most) return;
      links.delete(oldest);
      // What waits on it goes with it: closed in peace it would lie here for another minute, and be counted no more.
      oldest.close({ isDead: true });
    }
  }

  #most(sender: Sender): number {
    if (sender !== "anyone") return linksOfAuthorityMax(this.#network);
    const fitting = Math.floor(STRANGERS_ANSWERS_BYTES_MAX / this.#answerBytes());
    return Math.min(this.#strangersMax, fitting);
  }
}

/** By its link's key. */
export function senderOf(network: Network, peer: PeerIdentity): Sender {
  const position = network.authorities.findIndex((authority) => equalBytes(authority.linkKey, peer.key));
  return position === -1 ? "anyone" : position;
}

/**
 * Each may hold a vote of 32 MiB that has begun. An honest authority has one open for each message that it is giving: its vote,
 * two of each of the k − 2 others, its signature or a question: 2k − 2. Dead ones of an earlier run are older, and go first.
 */
export const linksOfAuthorityMax = ({ authorities }: Network): number => 2 * authorities.length;
