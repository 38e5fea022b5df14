/**
 * Which frames a link carries each way, and how long each is. The first byte says the type and the type says the length;
 * whatever is not in the table closes the link. Spec: docs/spec/05-link.md §3
 */

import { SURB_ID_BYTES } from "../core/units.ts";
import {
  CONSENSUS_PART_BYTES,
  CONTROL_BYTES,
  DESCRIPTOR_BYTES_MAX,
  DIRECTORY_MESSAGE_BYTES_MAX,
  VOTE_BYTES_MAX,
} from "./limits.ts";
import type { Protocol } from "./link.ts";

/** First bytes. 0x0_ between nodes, 0x1_ from clients, 0x2_ to clients, 0x3_ to authorities, 0x4_ from authorities. */
export const FRAME_TYPES = {
  packet: 0x01,
  alive: 0x02,
  send: 0x10,
  poll: 0x11,
  getConsensus: 0x12,
  control: 0x13,
  entry: 0x20,
  consensusPart: 0x21,
  controlAnswer: 0x22,
  publishDescriptor: 0x30,
  fetchConsensus: 0x31,
  vote: 0x32,
  signature: 0x33,
  consensus: 0x40,
  status: 0x41,
} as const;

/** What the sizes of a network's frames follow from: its packet, and the part of it that ends in a mailbox. */
export interface FrameSizes {
  readonly packetBytes: number;
  readonly payloadBytes: number;
}

/** The whole frame's length, or for the directory protocol the most that may follow type and 32-bit length. */
export type FrameLength = { readonly exact: number } | { readonly atMost: number };
export type FrameTable = ReadonlyMap<number, FrameLength>;
/** Which way a frame goes: from the side that dialled, or to it. */
export type Direction = "fromDialer" | "toDialer";

export function frameTable(options: { protocol: Protocol; direction: Direction; sizes: FrameSizes }): FrameTable {
  const { protocol, direction, sizes } = options;
  return TABLES[protocol][direction](sizes);
}

/** Whether some bytes are exactly one frame of a link: of a type that may pass, and as long as its type says. */
export function isFrame(table: FrameTable, bytes: Uint8Array): boolean {
  const rule = bytes.length === 0 ? undefined : table.get(bytes[0] as number);
  if (rule === undefined) return false;
  if ("exact" in rule) return bytes.length === rule.exact;
  return bytes.length <= FRAME_TYPE_BYTES + FRAME_LENGTH_BYTES + rule.atMost;
}

export const FRAME_TYPE_BYTES = 1;
export const FRAME_LENGTH_BYTES = 4;
export const NODE_ID_IN_FRAME_BYTES = 32;
export const STATUS_TEXT_BYTES_MAX = 512;
/** STATUS = accepted ‖ reason. */
export const STATUS_BYTES_MAX = 1 + 2 + STATUS_TEXT_BYTES_MAX;
/** SIGNATURE = epoch ‖ hash ‖ position ‖ signature, 3,410 bytes, and room for what may come. */
export const SIGNATURE_MESSAGE_BYTES_MAX = 4096;

/** SEND = type ‖ first hop's node id ‖ packet. */
export const sendFrameBytes = (sizes: FrameSizes): number =>
  FRAME_TYPE_BYTES + NODE_ID_IN_FRAME_BYTES + sizes.packetBytes;
/** POLL = type ‖ cursor. */
export const POLL_FRAME_BYTES = FRAME_TYPE_BYTES + 8;
/** GET_CONSENSUS = type ‖ epoch. */
export const GET_CONSENSUS_FRAME_BYTES = FRAME_TYPE_BYTES + 4;
/** CONTROL and its answer = type ‖ length ‖ body and padding. */
export const CONTROL_FRAME_BYTES = FRAME_TYPE_BYTES + FRAME_LENGTH_BYTES + CONTROL_BYTES;
/** ENTRY = type ‖ cursor ‖ kind ‖ SURB id ‖ body. */
export const entryFrameBytes = (sizes: FrameSizes): number =>
  FRAME_TYPE_BYTES + 8 + 1 + SURB_ID_BYTES + sizes.payloadBytes;
/** CONSENSUS_PART = type ‖ time ‖ index ‖ count ‖ length ‖ piece and padding. */
export const CONSENSUS_PART_FRAME_BYTES = FRAME_TYPE_BYTES + 8 + 2 + 2 + FRAME_LENGTH_BYTES + CONSENSUS_PART_BYTES;

const TABLES: Record<Protocol, Record<Direction, (sizes: FrameSizes) => FrameTable>> = {
  "starling-node/2": {
    fromDialer: (sizes) => new Map([[FRAME_TYPES.packet, { exact: FRAME_TYPE_BYTES + sizes.packetBytes }]]),
    // Packets go one way: each node dials the nodes it sends to. All that comes back is that somebody is there.
    toDialer: () => new Map([[FRAME_TYPES.alive, { exact: FRAME_TYPE_BYTES }]]),
  },
  "starling-client/2": {
    fromDialer: (sizes) =>
      new Map([
        [FRAME_TYPES.send, { exact: sendFrameBytes(sizes) }],
        [FRAME_TYPES.poll, { exact: POLL_FRAME_BYTES }],
        [FRAME_TYPES.getConsensus, { exact: GET_CONSENSUS_FRAME_BYTES }],
        [FRAME_TYPES.control, { exact: CONTROL_FRAME_BYTES }],
      ]),
    toDialer: (sizes) =>
      new Map([
        [FRAME_TYPES.entry, { exact: entryFrameBytes(sizes) }],
        [FRAME_TYPES.consensusPart, { exact: CONSENSUS_PART_FRAME_BYTES }],
        [FRAME_TYPES.controlAnswer, { exact: CONTROL_FRAME_BYTES }],
      ]),
  },
  // What passes here is public; of lengths there are few (padding.ts), each over a length of the content and the content.
  "starling-directory/2": {
    fromDialer: () =>
      new Map([
        [FRAME_TYPES.publishDescriptor, { atMost: FRAME_LENGTH_BYTES + DESCRIPTOR_BYTES_MAX }],
        [FRAME_TYPES.fetchConsensus, { atMost: FRAME_LENGTH_BYTES + 4 }],
        [FRAME_TYPES.vote, { atMost: VOTE_BYTES_MAX }],
        [FRAME_TYPES.signature, { atMost: FRAME_LENGTH_BYTES + SIGNATURE_MESSAGE_BYTES_MAX }],
      ]),
    toDialer: () =>
      new Map([
        [FRAME_TYPES.consensus, { atMost: DIRECTORY_MESSAGE_BYTES_MAX }],
        [FRAME_TYPES.status, { atMost: FRAME_LENGTH_BYTES + STATUS_BYTES_MAX }],
      ]),
  },
};
