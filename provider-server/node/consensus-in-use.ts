/** The consensus to choose paths from, and the one to give to clients. Spec: docs/spec/06-mix.md §6 */

import { TransportError } from "#transport/core/errors.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import type { Directory } from "#transport/directory/directory.ts";
import type { Consensus } from "#transport/directory/model.ts";

/** By which all send now; undefined while there is none that is in force. */
export const consensusInUse = (directory: Directory, now: Milliseconds): Consensus | undefined =>
  orNone(() => directory.at(now));

/** The newest in force, which clients have before they all change to it; undefined while there is none. */
export const newestConsensus = (directory: Directory, now: Milliseconds): Consensus | undefined =>
  orNone(() => directory.newestAt(now));

function orNone(find: () => Consensus): Consensus | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}
