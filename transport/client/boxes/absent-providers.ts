/** Which providers of boxes are in no list of nodes, and since when: for two epochs, and their boxes are told to nobody. Spec: docs/spec/17-boxes.md §5 */

import { toHex } from "../../core/bytes.ts";
import type { NodeId } from "../../core/units.ts";
import type { Consensus } from "../../directory/model.ts";
import { ABSENT_EPOCHS_MAX } from "./limits.ts";

export class AbsentProviders {
  /** By hexadecimal id the epoch of the first list without it. In memory only. */
  readonly #since = new Map<string, number>();

  /** There is a new list. */
  listed(
    { providers, epoch }: Pick<Consensus, "providers" | "epoch">,
    boxes: readonly { readonly providerId: NodeId }[],
  ): void {
    const listed = new Set(providers.map(({ nodeId }) => toHex(nodeId)));
    for (const id of listed) this.#since.delete(id);
    for (const { providerId } of boxes) {
      const id = toHex(providerId);
      if (!listed.has(id) && !this.#since.has(id)) this.#since.set(id, epoch);
    }
  }

  has(provider: NodeId, consensus: Pick<Consensus, "epoch"> | undefined): boolean {
    const since = this.#since.get(toHex(provider));
    return since !== undefined && consensus !== undefined && consensus.epoch - since >= ABSENT_EPOCHS_MAX;
  }
}
