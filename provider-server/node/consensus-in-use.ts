/** The consensus to choose paths from and to give to clients. Spec: docs/spec/06-mix.md §6 */

import { TransportError } from "#transport/core/errors.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import type { Directory } from "#transport/directory/directory.ts";
import type { Consensus } from "#transport/directory/model.ts";

/** Undefined while there is none that is in force. */
export function consensusInUse(directory: Directory, now: Milliseconds): Consensus | undefined {
  try {
    return directory.at(now);
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}
