/**
 * Which nodes this authority lets in: the operator's list, by node id, which is the hash of both halves of a node's key. A
 * provider's domain is either the operator's own word in that list or what the DNS says. Spec: docs/spec/08-directory.md §5
 */

import { toHex } from "#transport/core/bytes.ts";
import type { NodeDescriptor, NodeRole } from "#transport/directory/model.ts";
import type { DomainChecks } from "./domain-checks.ts";
import type { DescriptorReason, DomainReason } from "./reasons.ts";

export interface AdmittedNode {
  /** 32 bytes, as the command keygen prints it. */
  readonly nodeId: Uint8Array;
  /** What the node must say of itself; whatever is left out it may choose, but for a provider's domain. */
  readonly role?: NodeRole;
  readonly operator?: string;
  /** The operator's own word that the domain is this node's; left out, the DNS has to say so. */
  readonly domain?: string;
}

export class Admission {
  readonly #nodes: ReadonlyMap<string, AdmittedNode>;
  readonly #domains: DomainChecks | undefined;

  /** Without `domains` only providers come in whose domain stands in the list. */
  constructor(nodes: readonly AdmittedNode[], domains?: DomainChecks) {
    this.#nodes = new Map(nodes.map((node) => [toHex(node.nodeId), node]));
    this.#domains = domains;
  }

  /** Whether a node of this id is on the operator's list. */
  isListed(nodeId: Uint8Array): boolean {
    return this.#nodes.has(toHex(nodeId));
  }

  /** Why the node is not let in, if it is not, by the operator's list alone. */
  refusal(descriptor: NodeDescriptor): DescriptorReason | undefined {
    const node = this.#nodes.get(toHex(descriptor.nodeId));
    if (node === undefined) return "the node is not admitted";
    if (node.role !== undefined && node.role !== descriptor.role) return "the node is admitted in another role";
    if (node.operator !== undefined && node.operator !== descriptor.operator) return "the node is of another operator";
    if (node.domain !== undefined && node.domain !== descriptor.domain)
      return "the node is admitted for another domain";
    if (this.#isByDns(descriptor) && this.#domains === undefined)
      return "no domain is admitted for the node, and no DNS resolver is configured";
    return undefined;
  }

  /** Why its domain keeps a node of the list out for now, if it does. Begins to ask about a domain that is new. */
  domainRefusal(descriptor: NodeDescriptor): DomainReason | undefined {
    if (!this.#isByDns(descriptor)) return undefined;
    this.#domains?.watch(descriptor.nodeId, descriptor.domain);
    return this.#domains?.refusal(descriptor.nodeId, descriptor.domain);
  }

  #isByDns(descriptor: NodeDescriptor): boolean {
    return descriptor.role === "provider" && this.#nodes.get(toHex(descriptor.nodeId))?.domain === undefined;
  }
}
