/** The instructions for one hop, as bytes. Spec: docs/spec/03-sphinx.md §3 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import {
  MAILBOX_ID_BYTES,
  type Milliseconds,
  milliseconds,
  NODE_ID_BYTES,
  type NodeId,
  nodeId,
  SURB_ID_BYTES,
  type SurbId,
  surbId,
} from "../core/units.ts";
import { FINAL_BYTES, type Geometry, MAC_BYTES } from "./geometry.ts";
import type { FinalCommand } from "./packet.ts";

export type Routing = ForwardRouting | FinalRouting;

export interface ForwardRouting {
  readonly command: "forward";
  readonly delay: Milliseconds;
  readonly next: NodeId;
  readonly nextMac: Uint8Array;
  readonly nextCiphertext: Uint8Array;
}

export interface FinalRouting {
  readonly command: FinalCommand;
  readonly recipient: Uint8Array;
  readonly surbId: SurbId;
}

/** `geometry.forwardBytes` for a forward block, `FINAL_BYTES` for any other. */
export function encodeRouting(routing: Routing): Uint8Array {
  const writer = new Writer().u8(COMMAND_CODES[routing.command]);
  return routing.command === "forward"
    ? writer.u32(routing.delay).raw(routing.next).raw(routing.nextMac).raw(routing.nextCiphertext).finish()
    : writer.raw(routing.recipient).raw(routing.surbId).finish();
}

/**
 * Reads the block at the start of a decrypted routing block; the byte strings are copies, except `nextCiphertext`, a view.
 * Throws MALFORMED for an unknown command.
 */
export function decodeRouting(geometry: Geometry, bytes: Uint8Array): Routing {
  const command = COMMANDS.get(bytes[0] as number);
  if (command === undefined) throw new TransportError("MALFORMED");
  const reader = new Reader(bytes.subarray(1, command === "forward" ? geometry.forwardBytes : FINAL_BYTES));
  const routing: Routing =
    command === "forward"
      ? {
          command,
          delay: milliseconds(reader.u32()),
          next: nodeId(reader.take(NODE_ID_BYTES)),
          nextMac: reader.view(MAC_BYTES),
          nextCiphertext: reader.view(geometry.ciphertextBytes),
        }
      : { command, recipient: reader.take(MAILBOX_ID_BYTES), surbId: surbId(reader.take(SURB_ID_BYTES)) };
  reader.end();
  return routing;
}

export const COMMAND_CODES = {
  forward: 0x01,
  mailbox: 0x10,
  service: 0x11,
  drop: 0x12,
  reply: 0x13,
  loop: 0x14,
} as const satisfies Record<"forward" | FinalCommand, number>;

const COMMANDS = new Map(
  Object.entries(COMMAND_CODES).map(([name, code]) => [code as number, name as keyof typeof COMMAND_CODES]),
);
