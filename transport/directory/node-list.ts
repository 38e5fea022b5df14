/** Lists of descriptors inside votes and consensuses: in ascending order of node id, each node once. Spec: docs/spec/08-directory.md §5 */

import { type Reader, toHex, type Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Suite } from "../crypto/suite.ts";
import { DESCRIPTOR_BYTES_MAX } from "../link/limits.ts";
import { decodeDescriptor } from "./descriptor.ts";
import { NODES_MAX } from "./limits.ts";
import type { NodeDescriptor } from "./model.ts";

export function encodeNodes(writer: Writer, nodes: readonly NodeDescriptor[]): void {
  writer.u16(nodes.length);
  for (const node of byNodeId(nodes)) writer.bytes16(node.bytes);
}

/** Throws MALFORMED. Descriptors' own signatures are not checked here. */
export function decodeNodes(reader: Reader, suite: Suite): NodeDescriptor[] {
  const count = reader.u16();
  if (count > NODES_MAX) throw new TransportError("MALFORMED");
  const nodes: NodeDescriptor[] = [];
  let last = "";
  for (let i = 0; i < count; i++) {
    const node = decodeDescriptor(reader.bytes16(DESCRIPTOR_BYTES_MAX), suite);
    const id = toHex(node.nodeId);
    if (id <= last) throw new TransportError("MALFORMED");
    nodes.push(node);
    last = id;
  }
  return nodes;
}

export function byNodeId(nodes: readonly NodeDescriptor[]): NodeDescriptor[] {
  return nodes.toSorted((a, b) => (toHex(a.nodeId) < toHex(b.nodeId) ? -1 : 1));
}
