/** What every role starts from: cryptography that was tried, the network, this daemon's keys. docs/operating.md §5 */

import { writeSync } from "node:fs";
import type { Clock } from "#transport/core/clock.ts";
import type { SuiteName } from "#transport/core/parameters.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { Log } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import type { Config } from "./config.ts";
import { type NodeKeys, readKeyFile } from "./key-file.ts";
import { readNetwork } from "./network.ts";
import { checkPackets, checkPrimitives } from "./self-check.ts";

export interface Loaded {
  readonly clock: Clock;
  readonly suite: Suite;
  readonly network: Network;
  readonly keys: NodeKeys;
  readonly log: Log;
  /** Counts whether or not anybody asks. */
  readonly figures: Metrics;
}

/**
 * Tries the primitives before anything relies on them: already the network file is believed because of its signatures. Throws
 * SELF_TEST, CONFIG, KEY_FILE. `suiteOf`: tests plant broken ones.
 */
export async function load(config: Config, suiteOf: (name: SuiteName) => Promise<Suite> = native): Promise<Loaded> {
  const clock = new SystemClock();
  const figures = new Metrics({ clock, role: config.role });
  const log = new Log({ clock, sink: toStandardError, metrics: figures });
  const first = await suiteOf("xwing");
  checkPrimitives(first);
  const keys = readKeyFile(config.keyFile);
  const network = readNetwork(config.networkFile, first);
  const { suite: name } = network.parameters;
  const suite = name === first.name ? first : await suiteOf(name);
  if (suite !== first) checkPrimitives(suite);
  if (config.role !== "authority") checkPackets(suite, { network, random: new SystemRandom() });
  return { clock, suite, network, keys, log, figures };
}

const native = (name: SuiteName): Promise<Suite> => loadSuite(name, "native");

/** A line that a full disk or a broken pipe refuses is lost, and the next is tried: no daemon ends of its log. */
function toStandardError(line: string): void {
  try {
    writeSync(STANDARD_ERROR, `${new Date().toISOString()} ${line}\n`);
  } catch {
    // There is nowhere to say so.
  }
}

const STANDARD_ERROR = 2;
