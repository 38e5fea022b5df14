/**
 * How many links each kind of sender keeps, and how many answers wait on them: the other authorities, the network's nodes, and
 * everybody else have room of their own, and whoever comes takes it from nobody of another kind. An honest question is over in
 * seconds, but for a list over a slow line. Spec: docs/spec/08-directory.md §5.3
 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import { answerTime } from "#transport/directory/limits.ts";
import type { Network } from "#transport/directory/model.ts";
import type { Link, PeerIdentity } from "#transport/link/link.ts";
import type { Sender } from "./allowances.ts";
import {
  AUTHORITY_NODE_LINKS_MAX,
  AUTHORITY_STRANGERS_MAX,
  LINKS_OF_NODE_MAX,
  NODES_ANSWERS_BYTES_MAX,
  SHORT_ANSWER_BYTES,
  STRANGERS_ANSWERS_BYTES_MAX,
} from "./limits.ts";

/** What a room keeps of those who are no authorities: links, and bytes of the long answers that wait on them. */
export interface RoomLimits {
  readonly strangers: number;
  readonly strangersBytes: number;
  readonly nodes: number;
  readonly nodesBytes: number;
}

/** One link that has a place. */
export interface Guest {
  readonly sender: Sender;
  /** An answer of so many bytes is about to wait on the link: whether there is room for it, made by ending others if need be. */
  serve(bytes: number): boolean;
  /** The answer has left. */
  isServed(): void;
}

export class LinkRoom {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #isNode: (linkKey: Uint8Array) => boolean;
  readonly #limits: RoomLimits;
  readonly #places = new Map<Sender | "node", Set<Place>>();

  /** `isNode`: whether a link key is that of a node that the authority knows. */
  constructor(o: {
    network: Network;
    clock: Clock;
    isNode: (linkKey: Uint8Array) => boolean;
    limits?: Partial<RoomLimits> | undefined;
  }) {
    this.#network = o.network;
    this.#clock = o.clock;
    this.#isNode = o.isNode;
    this.#limits = { ...DEFAULT_LIMITS, ...o.limits };
  }

  /** Ends another link of its sender's, or of its kind, if there are too many. */
  add(link: Link): Guest {
    const sender = senderOf(this.#network, link.peer);
    const kind = sender === "anyone" && this.#isNode(link.peer.key) ? "node" : sender;
    const places = this.#places.get(kind) ?? new Set();
    this.#places.set(kind, places);
    const place: Place = { link, key: toHex(link.peer.key), asked: 0, waiting: 0, since: this.#clock.now() };
    places.add(place);
    link.onClose(() => places.delete(place));
    if (kind === "node") {
      const own = [...places].filter(({ key }) => key === place.key);
      if (own.length > LINKS_OF_NODE_MAX) end(places, leastLoss(own, place));
      if (places.size > this.#limits.nodes) end(places, leastLoss([...places], place));
    } else if (kind === "anyone") {
      if (places.size > this.#limits.strangers) end(places, leastLoss([...places], place));
    } else if (places.size > linksOfAuthorityMax(this.#network)) {
      // A vote takes minutes to come, and says nothing until it is whole: of an authority the oldest goes, whatever it does.
      end(places, [...places][0]);
    }
    return {
      sender,
      serve: (bytes) => this.#serve(places, place, bytes, kind),
      isServed: () => {
        place.waiting = 0;
      },
    };
  }

  #serve(places: Set<Place>, place: Place, bytes: number, kind: Sender | "node"): boolean {
    place.asked++;
    // An authority has few links, and a short answer is no more than the link itself costs.
    if (typeof kind === "number" || bytes <= SHORT_ANSWER_BYTES) return true;
    const now = this.#clock.now();
    const most = kind === "node" ? this.#limits.nodesBytes : this.#limits.strangersBytes;
    const served = [...places].filter((other) => other !== place && other.waiting > 0);
    // Of nodes first what they have asked twice, and what nobody waits for any more. Then whoever came first is served to its end:
    // were it not, in a large network with slow lines nobody would be. Strangers, who may be one, make room for each other.
    const mayEnd =
      kind === "anyone"
        ? served
        : served.filter((other) => other.key === place.key || now - other.since > answerTime(other.waiting));
    let waiting = served.reduce((sum, other) => sum + other.waiting, bytes);
    for (const other of mayEnd) {
      if (waiting <= most) break;
      waiting -= other.waiting;
      end(places, other);
    }
    if (waiting > most) return false;
    place.waiting = bytes;
    place.since = now;
    return true;
  }
}

interface Place {
  readonly link: Link;
  readonly key: string;
  /** Questions so far. */
  asked: number;
  /** Bytes of the answer that has not left yet. */
  waiting: number;
  /** Since when it waits. */
  since: Milliseconds;
}

const DEFAULT_LIMITS: RoomLimits = {
  strangers: AUTHORITY_STRANGERS_MAX,
  strangersBytes: STRANGERS_ANSWERS_BYTES_MAX,
  nodes: AUTHORITY_NODE_LINKS_MAX,
  nodesBytes: NODES_ANSWERS_BYTES_MAX,
};

/** Before one that is being served goes one that was, and before that one that asked nothing yet; of equal ones the oldest. */
function leastLoss(places: readonly Place[], newcomer: Place): Place | undefined {
  const others = places.filter((place) => place !== newcomer);
  return (
    others.find(({ asked, waiting }) => asked === 0 && waiting === 0) ??
    others.find(({ waiting }) => waiting === 0) ??
    others[0]
  );
}

function end(places: Set<Place>, place: Place | undefined): void {
  if (place === undefined) return;
  places.delete(place);
  // What waits on it goes with it: closed in peace it would lie here for another minute, and be counted no more.
  place.link.close({ isDead: true });
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
