/** Which nodes this authority lets in: the operator's list, by identity key. Spec: docs/spec/08-directory.md §5 */

import { toHex } from "#transport/core/bytes.ts";
import type { NodeDescriptor, NodeRole } from "#transport/directory/model.ts";

export interface AdmittedNode {
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array;
  /** What the node must say of itself; whatever is left out it may choose. */
  readonly role?: NodeRole;
  readonly operator?: string;
  readonly domain?: string;
}

export class Admission {
  readonly #nodes: ReadonlyMap<string, AdmittedNode>;

  constructor(nodes: readonly AdmittedNode[]) {
    this.#nodes = new Map(nodes.map((node) => [toHex(node.identityKey), node]));
  }

  /** Why the node is not let in, if it is not. */
  refusal(descriptor: NodeDescriptor): string | undefined {
    const node = this.#nodes.get(toHex(descriptor.identityKey));
    if (node === undefined) return "the node is not admitted";
    if (node.role !== undefined && node.role !== descriptor.role) return "the node is admitted in another role";
    if (node.operator !== undefined && node.operator !== descriptor.operator) return "the node is of another operator";
    if (node.domain !== undefined && node.domain !== descriptor.domain)
      return "the node is admitted for another domain";
    return undefined;
  }
}
