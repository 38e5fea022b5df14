/** Frames as values: encoding and decoding of everything a link carries. Spec: docs/spec/05-link.md §3 */

import { Reader, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import {
  type Epoch,
  epochNumber,
  type Milliseconds,
  milliseconds,
  type NodeId,
  nodeId,
  type SurbId,
  surbId,
} from "../core/units.ts";
import {
  type Direction,
  entryFrameBytes,
  FRAME_LENGTH_BYTES,
  FRAME_TYPES,
  type FrameSizes,
  frameTable,
  SIGNATURE_MESSAGE_BYTES_MAX,
  STATUS_BYTES_MAX,
  STATUS_TEXT_BYTES_MAX,
} from "./frame-table.ts";
import { CONSENSUS_PART_BYTES, CONTROL_BYTES, DESCRIPTOR_BYTES_MAX } from "./limits.ts";
import type { Protocol } from "./link.ts";
import { paddedLength } from "./padding.ts";

export type Frame =
  /** Node to node: one Sphinx packet. */
  | { readonly type: "packet"; readonly packet: Uint8Array }
  /** Node to the node that dialled it, at a fixed pace: the link is up, and this end of it is at work. */
  | { readonly type: "alive" }
  /** Client to entry provider: a packet and the mix that it goes to first. */
  | { readonly type: "send"; readonly firstHop: NodeId; readonly packet: Uint8Array }
  /** Client to provider: everything up to `cursor` is stored here; give me the next. 0 at the start. */
  | { readonly type: "poll"; readonly cursor: number }
  /** The consensus of an epoch, the newest one, or the network file. */
  | { readonly type: "getConsensus"; readonly epoch: WantedDocument }
  | { readonly type: "control"; readonly body: Uint8Array }
  /** Provider to client, exactly one for each POLL. With kind "none" or "no-account" the cursor is 0 and id and body are random. */
  | {
      readonly type: "entry";
      readonly cursor: number;
      readonly kind: EntryKind;
      readonly surbId: SurbId;
      readonly body: Uint8Array;
    }
  /** One piece of a document. `time` is the provider's clock; an answer of empty pieces says that there is none. */
  | {
      readonly type: "consensusPart";
      readonly time: Milliseconds;
      readonly index: number;
      readonly count: number;
      readonly part: Uint8Array;
    }
  | { readonly type: "controlAnswer"; readonly body: Uint8Array }
  | { readonly type: "publishDescriptor"; readonly descriptor: Uint8Array }
  /** "time" asks for no document: the answer is a short one. */
  | { readonly type: "fetchConsensus"; readonly epoch: WantedDocument | "time" }
  | { readonly type: "vote"; readonly vote: Uint8Array }
  | { readonly type: "signature"; readonly signature: Uint8Array }
  /**
   * `time` is the authority's clock; empty bytes say that there is no such consensus. The frame is as long as one with `room`
   * bytes would be, if that is longer.
   */
  | { readonly type: "consensus"; readonly time: Milliseconds; readonly bytes: Uint8Array; readonly room?: number }
  /** How a request ended; the reason is for the log. */
  | { readonly type: "status"; readonly accepted: boolean; readonly reason: string };

export type WantedDocument = Epoch | "current" | "network";
/** A notice is from another device of the account. "no-account" is "none" to a device that has no account, or none any more. */
export type EntryKind = "none" | "fragment" | "reply" | "notice" | "no-account";

/** Throws RangeError for parts that are not of their length. */
export function encodeFrame(frame: Frame, sizes: FrameSizes): Uint8Array {
  const writer = new Writer().u8(FRAME_TYPES[frame.type]);
  switch (frame.type) {
    case "packet":
      return writer.raw(exactly(frame.packet, sizes.packetBytes)).finish();
    case "alive":
      return writer.finish();
    case "send":
      return writer.raw(frame.firstHop).raw(exactly(frame.packet, sizes.packetBytes)).finish();
    case "poll":
      return writer.u64(frame.cursor).finish();
    case "getConsensus":
      return writer.u32(epochField(frame.epoch)).finish();
    case "control":
    case "controlAnswer":
      return padded(writer, frame.body, CONTROL_BYTES).finish();
    case "entry":
      return writeEntry(new Uint8Array(entryFrameBytes(sizes)), frame, sizes);
    case "consensusPart":
      writer.u64(frame.time).u16(frame.index).u16(frame.count);
      return padded(writer, frame.part, CONSENSUS_PART_BYTES).finish();
    case "publishDescriptor":
      return withRoom(writer, frame.descriptor, DESCRIPTOR_BYTES_MAX).finish();
    case "fetchConsensus":
      return withRoom(writer, new Writer().u32(questionField(frame.epoch)).finish(), EPOCH_BYTES).finish();
    case "vote":
      return withRoom(writer, frame.vote, roomOf(frame.vote.length)).finish();
    case "signature":
      return withRoom(writer, frame.signature, SIGNATURE_MESSAGE_BYTES_MAX).finish();
    case "consensus": {
      const room = roomOf(TIME_BYTES + Math.max(frame.bytes.length, frame.room ?? 0));
      return withRoom(writer, new Writer().u64(frame.time).raw(frame.bytes).finish(), room).finish();
    }
    case "status":
      return withRoom(writer, encodeStatus(frame.accepted, frame.reason), STATUS_BYTES_MAX).finish();
  }
}

export type EntryFrame = Extract<Frame, { readonly type: "entry" }>;

/** Writes the whole of an ENTRY frame over `into`, which has its length; `body` may lie there already. Throws as `encodeFrame`. */
export function writeEntry(into: Uint8Array, entry: Omit<EntryFrame, "type">, sizes: FrameSizes): Uint8Array {
  const head = new Writer().u8(FRAME_TYPES.entry).u64(entry.cursor).u8(ENTRY_KINDS.indexOf(entry.kind));
  const start = head.raw(entry.surbId).finish();
  exactly(into, start.length + sizes.payloadBytes).set(start);
  into.set(exactly(entry.body, sizes.payloadBytes), start.length);
  return into;
}

/** Throws MALFORMED for a frame that does not belong on this side of this protocol, or is not of its length. */
export function decodeFrame(
  bytes: Uint8Array,
  context: { protocol: Protocol; direction: Direction; sizes: FrameSizes },
): Frame {
  const type = bytes[0];
  const length = type === undefined ? undefined : frameTable(context).get(type);
  if (type === undefined || length === undefined) throw new TransportError("MALFORMED");
  if ("exact" in length && bytes.length !== length.exact) throw new TransportError("MALFORMED");
  const reader = new Reader(bytes);
  reader.u8();
  const frame =
    "exact" in length
      ? decodeFixed(type, reader, context.sizes)
      : decodeDirectory(type, contentOf(reader.bytes32(length.atMost)));
  reader.end();
  return frame;
}

/** Epoch fields that ask for the newest consensus, and for the network file. */
const CURRENT = 0xffff_ffff;
const NETWORK = 0xffff_fffe;
const TIME = 0xffff_fffd;
const ENTRY_KINDS: readonly EntryKind[] = ["none", "fragment", "reply", "notice", "no-account"];

function decodeFixed(type: number, reader: Reader, sizes: FrameSizes): Frame {
  switch (type) {
    case FRAME_TYPES.packet:
      return { type: "packet", packet: reader.view(sizes.packetBytes) };
    case FRAME_TYPES.alive:
      return { type: "alive" };
    case FRAME_TYPES.send:
      return { type: "send", firstHop: nodeId(reader.take(32)), packet: reader.view(sizes.packetBytes) };
    case FRAME_TYPES.poll:
      return { type: "poll", cursor: reader.u64() };
    case FRAME_TYPES.getConsensus:
      return { type: "getConsensus", epoch: epochOf(reader.u32()) };
    case FRAME_TYPES.control:
      return { type: "control", body: unpadded(reader, CONTROL_BYTES) };
    case FRAME_TYPES.controlAnswer:
      return { type: "controlAnswer", body: unpadded(reader, CONTROL_BYTES) };
    case FRAME_TYPES.entry: {
      const cursor = reader.u64();
      const kind = ENTRY_KINDS[reader.u8()];
      if (kind === undefined) throw new TransportError("MALFORMED");
      return { type: "entry", cursor, kind, surbId: surbId(reader.take(16)), body: reader.view(sizes.payloadBytes) };
    }
    case FRAME_TYPES.consensusPart: {
      const time = milliseconds(reader.u64());
      const index = reader.u16();
      const count = reader.u16();
      if (index >= count) throw new TransportError("MALFORMED");
      return { type: "consensusPart", time, index, count, part: unpadded(reader, CONSENSUS_PART_BYTES) };
    }
    default:
      throw new TransportError("MALFORMED");
  }
}

function decodeDirectory(type: number, body: Uint8Array): Frame {
  switch (type) {
    case FRAME_TYPES.publishDescriptor:
      return { type: "publishDescriptor", descriptor: body };
    case FRAME_TYPES.fetchConsensus: {
      const reader = new Reader(body);
      const field = reader.u32();
      reader.end();
      return { type: "fetchConsensus", epoch: field === TIME ? "time" : epochOf(field) };
    }
    case FRAME_TYPES.vote:
      return { type: "vote", vote: body };
    case FRAME_TYPES.signature:
      return { type: "signature", signature: body };
    case FRAME_TYPES.consensus: {
      const reader = new Reader(body);
      return { type: "consensus", time: milliseconds(reader.u64()), bytes: reader.take(reader.remaining) };
    }
    case FRAME_TYPES.status: {
      const reader = new Reader(body);
      const accepted = reader.u8();
      const reason = reader.text16(STATUS_TEXT_BYTES_MAX);
      reader.end();
      if (accepted > 1) throw new TransportError("MALFORMED");
      return { type: "status", accepted: accepted === 1, reason };
    }
    default:
      throw new TransportError("MALFORMED");
  }
}

const EPOCH_BYTES = 4;
const TIME_BYTES = 8;

/** How much content a frame has room for whose body is of a length on the scale. */
const roomOf = (contentBytes: number): number => paddedLength(FRAME_LENGTH_BYTES + contentBytes) - FRAME_LENGTH_BYTES;

/** In bytes, what a CONSENSUS frame's body takes where the longest document there is has so many. */
export const documentAnswerBytes = (documentBytes: number): number =>
  FRAME_LENGTH_BYTES + roomOf(TIME_BYTES + documentBytes);

/** The frame's length, then as `padded`: the length that is seen is the room's, not the content's. */
function withRoom(writer: Writer, content: Uint8Array, room: number): Writer {
  return padded(writer.u32(FRAME_LENGTH_BYTES + room), content, room);
}

/** The content of a body with room: the padding is not looked at. Throws MALFORMED. */
function contentOf(body: Uint8Array): Uint8Array {
  return new Reader(body).bytes32(body.length);
}

/** Length, content, zeros: inside TLS nobody sees where the content ends. */
function padded(writer: Writer, content: Uint8Array, size: number): Writer {
  if (content.length > size) throw new RangeError(`content of ${content.length} bytes, room for ${size}`);
  return writer
    .u32(content.length)
    .raw(content)
    .raw(new Uint8Array(size - content.length));
}

function unpadded(reader: Reader, size: number): Uint8Array {
  const length = reader.u32();
  if (length > size) throw new TransportError("MALFORMED");
  const content = reader.take(length);
  reader.view(size - length);
  return content;
}

function encodeStatus(accepted: boolean, reason: string): Uint8Array {
  const text = utf8(reason);
  if (text.length > STATUS_TEXT_BYTES_MAX) throw new RangeError("status text too long");
  return new Writer()
    .u8(accepted ? 1 : 0)
    .bytes16(text)
    .finish();
}

function epochField(wanted: WantedDocument): number {
  if (wanted === "current") return CURRENT;
  return wanted === "network" ? NETWORK : wanted;
}

const questionField = (wanted: WantedDocument | "time"): number => (wanted === "time" ? TIME : epochField(wanted));

function epochOf(field: number): WantedDocument {
  if (field === CURRENT) return "current";
  return field === NETWORK ? "network" : epochNumber(field);
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
  return bytes;
}
