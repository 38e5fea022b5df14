/** What a node does with one packet, decided without clocks, links or files. Spec: docs/spec/06-mix.md §2 */

import {
  type KeyPeriod,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
  type NodeId,
  type ReplayTag,
  type SurbId,
} from "#transport/core/units.ts";
import type { MixKeys, Unwrapped } from "#transport/sphinx/packet.ts";
import type { DropReason } from "../observe/drop-reason.ts";

/** Every cause of a drop looks the same outside: nothing leaves. */
export function processPacket(packet: Uint8Array, context: PacketContext): Outcome {
  return decide(unwrapPacket(packet, context), periodOf(packet), context);
}

/** The first half, which needs nothing but keys: another thread may do it. Undefined for a packet that is refused. */
export function unwrapPacket(packet: Uint8Array, context: Unwrapping): Unwrapped | undefined {
  try {
    return context.unwrap(packet, context.keys, context.nodeId);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "UNWRAP_FAILED") return undefined;
    throw error;
  }
}

/** The second half. `period` is the one that the packet's header names. */
export function decide(unwrapped: Unwrapped | undefined, period: KeyPeriod, context: MixContext): Outcome {
  // Keys stand in the list hours before they are used: whoever sends for those to come would fill their sets, one after the other.
  const isEarly = period > context.latest;
  if (unwrapped === undefined || isEarly) return { kind: "drop", reason: "UNWRAP_FAILED" };
  // Remembered before anything else happens to the packet: whatever comes after, it is never accepted twice.
  const recorded = context.keys.record(period, unwrapped.tag);
  if (recorded !== "added") return { kind: "drop", reason: recorded === "seen" ? "REPLAY" : "REPLAY_SET_FULL" };
  if (unwrapped.kind === "deliver") return { ...unwrapped, period };
  if (unwrapped.delay > context.delayMax) return { kind: "drop", reason: "DELAY_TOO_LONG" };
  const { tag, next, delay } = unwrapped;
  return { kind: "hold", period, tag, next, delay, due: milliseconds(context.now + delay), packet: unwrapped.packet };
}

export interface Unwrapping {
  readonly unwrap: (packet: Uint8Array, keys: MixKeys, nodeId: NodeId) => Unwrapped;
  readonly keys: MixKeys;
  readonly nodeId: NodeId;
}

export type PacketContext = Unwrapping & MixContext;

export interface MixContext {
  readonly keys: { record(period: KeyPeriod, tag: ReplayTag): "added" | "seen" | "full" };
  /** When the packet's last byte came. */
  readonly now: Milliseconds;
  /** The latest key period whose keys a sender may use then. */
  readonly latest: KeyPeriod;
  /** The longest delay that a sender may draw: a longer one would only fill the queue. */
  readonly delayMax: Milliseconds;
}

export type Outcome =
  | {
      readonly kind: "hold";
      readonly period: KeyPeriod;
      readonly tag: ReplayTag;
      readonly next: NodeId;
      readonly delay: Milliseconds;
      readonly due: Milliseconds;
      readonly packet: Uint8Array;
    }
  | Delivery
  | { readonly kind: "drop"; readonly reason: DropReason };

/** A packet whose way ends at this node. */
export interface Delivery {
  readonly kind: "deliver";
  readonly period: KeyPeriod;
  readonly tag: ReplayTag;
  readonly command: "mailbox" | "service" | "drop" | "reply" | "loop";
  readonly recipient: Uint8Array;
  readonly surbId: SurbId;
  readonly payload: Uint8Array;
}

/** The period that a packet's header names (version u8 ‖ suite u8 ‖ period u32); it means something once the MAC has held. */
export function periodOf(packet: Uint8Array): KeyPeriod {
  return keyPeriodNumber(new DataView(packet.buffer, packet.byteOffset).getUint32(2));
}
