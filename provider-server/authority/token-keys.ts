/**
 * Whether a provider keeps to the token keys that it named. Whoever shows another key in each list of nodes can tell tokens
 * apart by when they were ordered. Pure. Spec: docs/spec/08-directory.md §5, 13-tokens.md §2
 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import type { Network, NodeDescriptor } from "#transport/directory/model.ts";
import { tokenPeriodAt } from "#transport/tokens/period.ts";

type Named = Pick<NodeDescriptor, "tokenKeys" | "publishedAt">;

/** Every key that `before` names stands in `after`, unless its period was over when `after` was made. */
export function keepsTokenKeys(network: Network, before: Named, after: Named): boolean {
  const now = tokenPeriodAt(network, after.publishedAt);
  return [...before.tokenKeys].every(([period, key]) => {
    const later = after.tokenKeys.get(period);
    return period < now || (later !== undefined && equalBytes(later, key));
  });
}

/** Equal for two descriptors of one provider that name the same keys. */
export const tokenKeysOf = ({ tokenKeys }: Named): readonly (readonly [number, string])[] =>
  [...tokenKeys].toSorted(([a], [b]) => a - b).map(([period, key]) => [period, toHex(key)]);
