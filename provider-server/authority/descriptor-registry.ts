/** The newest descriptor of every admitted node, on disk. Spec: docs/spec/08-directory.md §5 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import { TransportError, type TransportErrorCode } from "#transport/core/errors.ts";
import type { Epoch, Milliseconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { decodeDescriptor, nodeIdIn, verifyDescriptor } from "#transport/directory/descriptor.ts";
import { epochAt } from "#transport/directory/epochs.ts";
import { DESCRIPTOR_CLOCK_SLACK } from "#transport/directory/limits.ts";
import type { Network, SignedDescriptor } from "#transport/directory/model.ts";
import type { Admission } from "./admission.ts";
import type { AuthorityStore } from "./authority-store.ts";
import { BEING_LOOKED_UP } from "./domain-checks.ts";
import { DESCRIPTORS_PER_EPOCH_MAX } from "./limits.ts";
import type { CountReason, DescriptorReason, DomainReason } from "./reasons.ts";
import { flawOf } from "./tally.ts";
import { keepsTokenKeys } from "./token-keys.ts";

export class DescriptorRegistry {
  readonly #network: Network;
  readonly #suite: Suite;
  readonly #admission: Admission;
  readonly #store: AuthorityStore;
  readonly #nodes = new Map<string, SignedDescriptor>();
  /** How many were taken of each node in one epoch. */
  readonly #taken = new Map<string, number>();
  #takenEpoch: Epoch | undefined;

  /** `onDrop` hears why something on the disk is not taken over. */
  constructor(o: {
    network: Network;
    suite: Suite;
    admission: Admission;
    store: AuthorityStore;
    onDrop?: (reason: DescriptorReason) => void;
  }) {
    this.#network = o.network;
    this.#suite = o.suite;
    this.#admission = o.admission;
    this.#store = o.store;
    for (const bytes of o.store.descriptors()) {
      const reason = this.#restore(bytes);
      if (reason !== undefined) o.onDrop?.(reason);
    }
  }

  /** Why a descriptor is not taken, if it is not. Taking the same one twice is no mistake. */
  publish(bytes: Uint8Array, now: Milliseconds): DescriptorReason | DomainReason | undefined {
    // Anybody can sign for a key of their own: whom nobody admitted costs no check of a signature, however many they send.
    const said = nodeIdIn(bytes);
    if (said === undefined) return "not a descriptor";
    if (!this.#admission.isListed(said)) return "the node is not admitted";
    const id = toHex(said);
    const held = this.#nodes.get(id);
    if (held !== undefined && equalBytes(held.bytes, bytes)) return undefined;
    const refusal = this.#refusalUnchecked(bytes, held, now);
    if (refusal !== undefined) return refusal;
    const read = this.#verify(bytes);
    if ("refusal" in read) return read.refusal;
    const { descriptor } = read;
    if (held !== undefined && !keepsTokenKeys(this.#network, held, descriptor)) {
      return "the provider changed a token key within its period";
    }
    // A domain that is only being looked up may be confirmed before the vote.
    const domain = this.#admission.domainRefusal(descriptor);
    if (domain !== undefined && domain !== BEING_LOOKED_UP) return domain;
    // Only the node itself can use up what it has: nothing is counted that it did not sign.
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1);
    this.#store.putDescriptor(id, bytes);
    this.#nodes.set(id, descriptor);
    return undefined;
  }

  /** Whether it is that of a node here. */
  hasLinkKey(linkKey: Uint8Array): boolean {
    return [...this.#nodes.values()].some((node) => equalBytes(node.linkKey, linkKey));
  }

  /** Why it is not taken whoever signed it, if it is not: without a check of a signature, and without anything kept. */
  #refusalUnchecked(
    bytes: Uint8Array,
    held: SignedDescriptor | undefined,
    now: Milliseconds,
  ): DescriptorReason | undefined {
    const claimed = this.#read(() => decodeDescriptor(bytes, this.#suite));
    // Only whoever signed it can make us believe in a newer version.
    if ("refusal" in claimed) return claimed.code === "VERSION_NEWER" ? undefined : claimed.refusal;
    const { descriptor } = claimed;
    const refusal = this.#admission.refusal(descriptor);
    if (refusal !== undefined) return refusal;
    if (descriptor.publishedAt > now + DESCRIPTOR_CLOCK_SLACK) return "the descriptor is from the future";
    if (held !== undefined && held.publishedAt >= descriptor.publishedAt) return "a newer descriptor is known";
    const taken = this.#takenIn(epochAt(this.#network, now)).get(toHex(descriptor.nodeId)) ?? 0;
    return taken >= DESCRIPTORS_PER_EPOCH_MAX ? "too many descriptors of the node in this epoch" : undefined;
  }

  #takenIn(epoch: Epoch): ReadonlyMap<string, number> {
    if (epoch !== this.#takenEpoch) this.#taken.clear();
    this.#takenEpoch = epoch;
    return this.#taken;
  }

  /** What this authority would have in the consensus of `epoch`. `onLeftOut` hears of each other node it knows, and why not. */
  nodesFor(
    epoch: Epoch,
    onLeftOut?: (node: SignedDescriptor, reason: CountReason | DomainReason) => void,
  ): SignedDescriptor[] {
    const context = { network: this.#network, epoch, suite: this.#suite };
    return [...this.#nodes.values()].filter((node) => {
      const reason = flawOf(node, context) ?? this.#admission.domainRefusal(node);
      if (reason !== undefined) onLeftOut?.(node, reason);
      return reason === undefined;
    });
  }

  /** From disk: written when it was good; the operator's list may have changed since. Why it is not taken over, if it is not. */
  #restore(bytes: Uint8Array): DescriptorReason | undefined {
    const read = this.#verify(bytes);
    if ("refusal" in read) return read.refusal;
    const refusal = this.#admission.refusal(read.descriptor);
    if (refusal !== undefined) return refusal;
    this.#admission.domainRefusal(read.descriptor);
    this.#nodes.set(toHex(read.descriptor.nodeId), read.descriptor);
    return undefined;
  }

  #verify(bytes: Uint8Array): Read {
    return this.#read(() => verifyDescriptor(bytes, this.#suite));
  }

  #read(read: () => SignedDescriptor): Read {
    try {
      return { descriptor: read() };
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      return { refusal: DESCRIPTOR_REFUSALS[error.code] ?? "not a descriptor", code: error.code };
    }
  }
}

type Read =
  | { readonly descriptor: SignedDescriptor }
  | { readonly refusal: DescriptorReason; readonly code: TransportErrorCode };

const DESCRIPTOR_REFUSALS: Partial<Record<TransportErrorCode, DescriptorReason>> = {
  REFUSED: "the node did not sign the descriptor",
  VERSION_NEWER: "the descriptor is of a newer version than this authority reads",
};
