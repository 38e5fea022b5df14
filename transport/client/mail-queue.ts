/**
 * The fragments of sent messages before the payload slots: which could take the next one, and how many slots it is until a
 * message is through. Spec: docs/spec/04-traffic.md §5
 */

import { toHex } from "../core/bytes.ts";
import { PLACE_BYTES } from "../box/place.ts";
import type { Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import type { RandomSource } from "../core/random.ts";
import type { MessageId, Milliseconds } from "../core/units.ts";
import { encodeFragment, type Fragment } from "../fragment/fragment.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { type Contender, turnsUntilThrough } from "./fair-turns.ts";
import { isKeyTooOld } from "./key-age.ts";
import { FRAGMENTS_READY } from "./limits.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Payload, PayloadContender, PayloadSource, Sent } from "./payload.ts";
import type { Places } from "./places.ts";
import type { Item } from "./ready-fragments.ts";
import { destinationOf, isSamePlace } from "./recipient.ts";
import type { Recipient } from "./store.ts";

/** Younger than whatever waits, with room for those just before it. */
const YOUNGEST = Number.MAX_SAFE_INTEGER;

export interface MailQueueDeps {
  readonly clock: Clock;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly padding: RandomSource;
  readonly places: Places;
  /** All sent messages, by hexadecimal id. */
  readonly items: ReadonlyMap<string, Item>;
  /** A slot that one of them had taken is over. */
  readonly onChange: (item: Item) => void;
  readonly onSent: (sent: { id: MessageId; index: number } & Sent) => void;
}

export class MailQueue implements PayloadSource {
  readonly #deps: MailQueueDeps;

  constructor(deps: MailQueueDeps) {
    this.#deps = deps;
  }

  *contenders(now: Milliseconds): Iterable<PayloadContender> {
    for (const item of this.#deps.items.values()) {
      const index =
        item.ready.size === 0 ? undefined : item.outgoing.waiting(now, FRAGMENTS_READY).find((i) => item.ready.has(i));
      if (index === undefined || this.waitsForKey(item.outgoing, now)) continue;
      const { left, to } = item.outgoing;
      // It leaves the place in the next quiet moment.
      if (to.place !== undefined && !this.#deps.places.isUsable(to.place)) continue;
      yield { left, order: item.order, provider: destinationOf(to).provider, take: () => this.#take(item, index) };
    }
  }

  /** Fragments that wait for slots. */
  get length(): number {
    let length = 0;
    for (const { outgoing } of this.#deps.items.values()) length += outgoing.left;
    return length;
  }

  /** Whether its reader's key has become too old to be sealed to: its private half would be gone before it is collected. */
  waitsForKey({ to, left }: Outgoing, now: Milliseconds): boolean {
    return left > 0 && isKeyTooOld(to, this.#deps.parameters, now);
  }

  /**
   * How many payload slots until the last fragment of a message has left. Messages that wait for a key take none; receipts and
   * requests, one packet each, are left out.
   */
  slotsUntilThrough(message: Outgoing): number {
    const wanted = this.#deps.items.get(toHex(message.message.id));
    if (wanted?.outgoing !== message) return message.left;
    return turnsUntilThrough({ left: message.left, order: wanted.order }, this.#waitingBeside(message));
  }

  /** The same for the last of some new messages of equal length. */
  slotsForNew({ fragments, copies }: { fragments: number; copies: number }): number {
    const newest = Array.from({ length: copies }, (_, i) => ({ left: fragments, order: YOUNGEST - i }));
    const [last, ...before] = newest as [Contender, ...Contender[]];
    return turnsUntilThrough(last, [...before, ...this.#waitingBeside()]);
  }

  #waitingBeside(message?: Outgoing): Contender[] {
    const now = this.#deps.clock.now();
    return [...this.#deps.items.values()]
      .filter(({ outgoing }) => outgoing !== message && outgoing.left > 0 && !this.waitsForKey(outgoing, now))
      .map(({ outgoing, order }) => ({ left: outgoing.left, order }));
  }

  #take(item: Item, index: number): Payload {
    const { outgoing } = item;
    const data = item.ready.get(index) as Uint8Array;
    item.ready.delete(index);
    outgoing.taken(index);
    const { to } = outgoing;
    return {
      cargo: "fragment",
      content: {
        destination: { command: "mailbox", recipient: destinationOf(to).recipient },
        plaintext: encodeFragment(this.#deps.geometry, fragmentOf(outgoing, index, data), this.#deps.padding),
        mailboxKey: to.mailboxKey,
      },
      settled: (sent) => this.#settled({ item, index, to }, sent),
    };
  }

  #settled({ item, index, to }: { item: Item; index: number; to: Recipient }, sent: Sent | undefined): void {
    const { outgoing } = item;
    // Of a packet to a place that the message has left meanwhile nobody will be asked.
    if (sent === undefined || !isSameWay(to, outgoing.to)) outgoing.lost(index);
    else outgoing.sent(index, sent);
    if (sent !== undefined) this.#deps.onSent({ id: outgoing.message.id, index, ...sent });
    this.#deps.onChange(item);
  }
}

const isSameWay = ({ place: a }: Recipient, { place: b }: Recipient): boolean =>
  a === undefined || b === undefined ? a === b : isSamePlace(a, b);

function fragmentOf(outgoing: Outgoing, index: number, data: Uint8Array): Fragment {
  const { id, bytes, fragments } = outgoing.message;
  return { kind: "message", messageId: id, index, total: fragments.length, messageBytes: PLACE_BYTES + bytes, data };
}
