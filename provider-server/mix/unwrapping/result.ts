/** What came out of a packet, as bytes beside it in shared memory: kind u8 ‖ delay u32 ‖ tag 16 ‖ id 32 ‖ SURB id 16. */

import { milliseconds, nodeId, replayTag, surbId } from "#transport/core/units.ts";
import type { Unwrapped } from "#transport/sphinx/packet.ts";
import { COMMAND_CODES } from "#transport/sphinx/routing.ts";

/** Where a packet was unwrapped in place, only what stands beside it is written. */
export function writeResult(result: Uint8Array, unwrapped: Unwrapped | undefined): void {
  if (unwrapped === undefined) {
    result[0] = REFUSED;
    return;
  }
  result[0] = unwrapped.kind === "forward" ? COMMAND_CODES.forward : COMMAND_CODES[unwrapped.command];
  result.set(unwrapped.tag, TAG);
  if (unwrapped.kind === "forward") {
    new DataView(result.buffer, result.byteOffset).setUint32(DELAY, unwrapped.delay);
    result.set(unwrapped.next, ID);
  } else {
    result.set(unwrapped.recipient, ID);
    result.set(unwrapped.surbId, SURB_ID);
  }
}

/**
 * `packet` is the slot's: the result's packet or payload is a view of it, everything else a copy. Undefined for a packet that was
 * refused, and for bytes that are no result.
 */
export function readResult(result: Uint8Array, packet: Uint8Array, headerBytes: number): Unwrapped | undefined {
  const code = result[0] as number;
  if (code === REFUSED) return undefined;
  const tag = replayTag(new Uint8Array(result.subarray(TAG, ID)));
  const id = new Uint8Array(result.subarray(ID, SURB_ID));
  if (code === COMMAND_CODES.forward) {
    const delay = milliseconds(new DataView(result.buffer, result.byteOffset).getUint32(DELAY));
    return { kind: "forward", tag, next: nodeId(id), delay, packet };
  }
  const command = FINAL_COMMANDS[code];
  if (command === undefined) return undefined;
  const surb = surbId(new Uint8Array(result.subarray(SURB_ID, END)));
  const payload = packet.subarray(headerBytes);
  return { kind: "deliver", tag, command, recipient: id, surbId: surb, payload };
}

type FinalCommand = Exclude<keyof typeof COMMAND_CODES, "forward">;

const REFUSED = 0;
const DELAY = 1;
const TAG = 5;
const ID = TAG + 16;
const SURB_ID = ID + 32;
const END = SURB_ID + 16;

const FINAL_COMMANDS: Readonly<Record<number, FinalCommand | undefined>> = Object.fromEntries(
  Object.entries(COMMAND_CODES)
    .filter(([name]) => name !== "forward")
    .map(([name, code]) => [code, name as FinalCommand]),
);
