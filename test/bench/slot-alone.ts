/** CPU time of what the protocol asks of a client, alone and in this process: what measurements of whole clients are a multiple of. */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { cpuOf } from "./cpu-time.ts";
import { slotWork } from "./slot-work.ts";

/** Microseconds of each part of `SlotWork`. */
export interface SlotAlone {
  readonly slotUs: number;
  readonly openUs: number;
  readonly encapsulationsUs: number;
}

/** With the native suite and the live parameters. */
export async function slotAlone(): Promise<SlotAlone> {
  const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
  const { wrap, open, encapsulate } = slotWork(suite, new SystemRandom());
  return { slotUs: cpuOf(wrap), openUs: cpuOf(open), encapsulationsUs: cpuOf(encapsulate) };
}
