/**
 * How many links each sender keeps: whoever stays makes room for whoever comes, and takes it from nobody else. An honest question
 * is over in seconds. Spec: docs/spec/08-directory.md §5.3
 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Network } from "#transport/directory/model.ts";
import type { Link, PeerIdentity } from "#transport/link/link.ts";
import type { Sender } from "./allowances.ts";
import { AUTHORITY_STRANGERS_MAX, AUTHORITY_STRANGERS_MIN, STRANGERS_ANSWERS_BYTES_MAX } from "./limits.ts";

export class LinkRoom {
  readonly #network: Network;
  readonly #strangersMax: number;
  readonly #answerBytes: () => number;
  /** Oldest first. */
  readonly #links = new Map<Sender, Set<Link>>();

  /** `answerBytes`: the longest answer that may wait on a link. */
  constructor(o: { network: Network; answerBytes: () => number; strangersMax?: number | undefined }) {
    this.#network = o.network;
    this.#answerBytes = o.answerBytes;
    this.#strangersMax = o.strangersMax ?? AUTHORITY_STRANGERS_MAX;
  }

  /** Closes its sender's oldest link if there are too many; says whose it is. */
  add(link: Link): Sender {
    const sender = senderOf(this.#network, link.peer);
    const links = this.#links.get(sender) ?? new Set();
    this.#links.set(sender, links);
    const [oldest] = links;
    if (oldest !== undefined && links.size >= this.#most(sender)) {
      links.delete(oldest);
      oldest.close();
    }
    links.add(link);
    link.onClose(() => links.delete(link));
    return sender;
  }

  #most(sender: Sender): number {
    if (sender !== "anyone") return linksOfAuthorityMax(this.#network);
    const fitting = Math.floor(STRANGERS_ANSWERS_BYTES_MAX / this.#answerBytes());
    return Math.min(this.#strangersMax, Math.max(AUTHORITY_STRANGERS_MIN, fitting));
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
