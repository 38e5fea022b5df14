/**
 * What a node tells an observer in a test or a demonstration. Only code that constructs a node can give it one: the
 * configuration has no key for it and no observer is part of the server.
 */

import type { KeyPeriod, MailboxId, Milliseconds, NodeId, ReplayTag } from "#transport/core/units.ts";
import type { DropReason } from "./drop-reason.ts";

/** Where and when. `tag` is known to the packet's sender as well, and to nobody else. */
export interface PacketEvent {
  readonly node: NodeId;
  readonly at: Milliseconds;
  readonly tag: ReplayTag;
}

export interface Observer {
  /** A packet was unwrapped and had not been seen before; `arrived` is when its frame came off the link. */
  packetArrived?(event: PacketEvent & { readonly period: KeyPeriod }): void;
  /** It is held until `due`; `delay` is what its sender drew. */
  packetHeld?(
    event: PacketEvent & { readonly delay: Milliseconds; readonly due: Milliseconds; readonly next: NodeId },
  ): void;
  /** It was handed to the link to the next node; `sent` is false when the link could not take it. */
  packetLeft?(event: PacketEvent & { readonly due: Milliseconds; readonly next: NodeId; readonly sent: boolean }): void;
  /** Its way ends here. */
  packetDelivered?(event: PacketEvent & { readonly command: "mailbox" | "service" | "drop" | "reply" | "loop" }): void;
  /** Something was dropped, at any stage. */
  dropped?(event: { readonly node: NodeId; readonly at: Milliseconds; readonly reason: DropReason }): void;
  /** A mailbox entry became durable. */
  entryStored?(event: PacketEvent & { readonly mailbox: MailboxId }): void;
}
