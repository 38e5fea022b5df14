/** Lists of descriptors inside votes and consensuses: in ascending order of node id, each node once. Spec: docs/spec/08-directory.md §5 */

import { type Reader, toHex, type Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Suite } from "../crypto/suite.ts";
import { DESCRIPTOR_BYTES_MAX } from "../link/limits.ts";
import { decodeDescriptor, decodeListed } from "./descriptor.ts";
import { NODES_MAX } from "./limits.ts";
import type { NodeDescriptor, SignedDescriptor } from "./model.ts";

/** A consensus lists what nodes say; that each said it, its signers have checked. */
export function encodeNodes(writer: Writer, nodes: readonly NodeDescriptor[]): void {
  writer.u16(nodes.length);
  for (const node of byNodeId(nodes)) writer.bytes16(node.listed);
}

/** Throws MALFORMED. */
export function decodeNodes(reader: Reader, suite: Suite): NodeDescriptor[] {
  return decodeList(reader, (bytes) => decodeListed(bytes, suite));
}

/** A vote has the nodes' signatures too, for the other authorities to check. */
export function encodeSignedNodes(writer: Writer, nodes: readonly SignedDescriptor[]): void {
  writer.u16(nodes.length);
  for (const node of byNodeId(nodes)) writer.bytes16(node.bytes);
}

/** Throws MALFORMED. The signatures are not checked here. */
export function decodeSignedNodes(reader: Reader, suite: Suite): SignedDescriptor[] {
  return decodeList(reader, (bytes) => decodeDescriptor(bytes, suite));
}

export function byNodeId<T extends NodeDescriptor>(nodes: readonly T[]): T[] {
  return nodes.toSorted((a, b) => (toHex(a.nodeId) < toHex(b.nodeId) ? -1 : 1));
}

function decodeList<T extends NodeDescriptor>(reader: Reader, decode: (bytes: Uint8Array) => T): T[] {
  const count = reader.u16();
  if (count > NODES_MAX) throw new TransportError("MALFORMED");
  const nodes: T[] = [];
  let last = "";
  for (let i = 0; i < count; i++) {
    const node = decode(reader.bytes16(DESCRIPTOR_BYTES_MAX));
    const id = toHex(node.nodeId);
    if (id <= last) throw new TransportError("MALFORMED");
    nodes.push(node);
    last = id;
  }
  return nodes;
}
