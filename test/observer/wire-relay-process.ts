/** The tap in a process of its own, so that nothing that a test does delays what it writes down. Log: docs/spec/14-observer-log.md */

import { closeSync, openSync, writeSync } from "node:fs";
import { endWithParent, obey, tellReady } from "#test/demo/parent.ts";
import { LogWriter } from "./log.ts";
import { WireRelay } from "./wire-relay.ts";

const file = openSync(process.argv[2] as string, "w");
const log = new LogWriter({ unit: "tls", sink: (text) => void writeSync(file, text) });
// The system's time in steps of a microsecond, which Date.now() rounds to a thousand.
const relay = new WireRelay({ log, now: () => performance.timeOrigin + performance.now() });

endWithParent(async () => {
  await relay.close();
  log.end();
  closeSync(file);
});
obey({ stand: (node: { name: string; listens: string }) => relay.stand(node) });
tellReady(undefined);
