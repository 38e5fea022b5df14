/** A mix's packet handling in a process of its own, to be killed: a packet in hexadecimal per line, its outcome per line. */

import { createInterface } from "node:readline";
import { PeriodKeys } from "#provider-server/mix/period-keys.ts";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { processPacket } from "#provider-server/mix/mix.ts";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { keyPeriodNumber, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const suite = await loadSuite("x25519", "native");
const sphinx = new Sphinx({ suite, geometry: geometry({ suite: "x25519", packetBytes: 4096 }) });
const keys = new PeriodKeys({
  suite,
  random: new SystemRandom(),
  store: new FilePeriodStore(process.argv[2] as string),
  replayCapacity: 1000,
  onErasedEarly: () => undefined,
});
const context = {
  unwrap: sphinx.unwrap.bind(sphinx),
  keys,
  nodeId: nodeId(new Uint8Array(32).fill(1)),
  now: milliseconds(0),
  latest: keyPeriodNumber(5),
  delayMax: milliseconds(60_000),
};

process.stdout.write(`${toHex(keys.ensure(keyPeriodNumber(5)))}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const outcome = processPacket(fromHex(line), context);
  process.stdout.write(`${outcome.kind === "drop" ? outcome.reason : outcome.kind}\n`);
}
