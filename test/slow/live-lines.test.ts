/**
 * Whether the line of a program that runs shows that its user writes, or gets mail: a network of processes, a tap that counts
 * microseconds, a learned classifier; and a program with a planted fault, which it finds.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { watchLiveLines } from "#test/observer/live-lines.ts";
import { type LiveResult, tellBusyOnLine, wholeBlocks } from "#test/observer/live-windows.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { milliseconds, perSecond } from "#transport/core/units.ts";

const SLOT_MILLISECONDS = 300;
/** So slow that ten programs, eleven nodes and the tap leave two cores idle most of the time. */
const PACE = {
  sendRate: perSecond(1000 / SLOT_MILLISECONDS),
  pollRate: perSecond(1000 / SLOT_MILLISECONDS),
  meanDelay: milliseconds(300),
};
const PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  profiles: {
    mail: { ...DEMO_PARAMETERS.profiles.mail, ...PACE },
    chat: { ...DEMO_PARAMETERS.profiles.chat, ...PACE },
  },
  minimumPool: 1,
};
const PAIRS = 5;
const BLOCKS = 30;
const PLANTED_BLOCKS = 12;
/** Of what chance alone makes of the same windows. */
const DEVIATIONS_MAX = 4;
const PLANTED_AREA = 0.75;

test("the line of a program that runs does not show whether its user writes or reads", async (t) => {
  const results = await watch("live lines", BLOCKS, (line) => t.diagnostic(line));
  for (const { auc, chance } of results)
    assert.ok(Math.abs(auc - 0.5) < DEVIATIONS_MAX * chance, `area ${auc}, by chance 0.5 ± ${chance}`);
});

test("the line of one whose mail is worked on by the thread that sends shows it", async (t) => {
  const program = fileURLToPath(new URL("../observer/held-up-desktop.ts", import.meta.url));
  const results = await watch("held up", PLANTED_BLOCKS, (line) => t.diagnostic(line), program);
  for (const { auc } of results) assert.ok(auc > PLANTED_AREA, `area ${auc}`);
});

/** Writers and readers, each by windows of 8 s and by whole blocks. */
async function watch(
  seed: string,
  blocks: number,
  say: (line: string) => void,
  program?: string,
): Promise<LiveResult[]> {
  const { log, mails, writers, readers } = await watchLiveLines({
    parameters: PARAMETERS,
    pairs: PAIRS,
    blocks,
    seed,
    ...(program === undefined ? {} : { program }),
  });
  say(`${mails} mails`);
  return Object.entries({ writers, readers }).flatMap(([who, windows]) =>
    [windows, wholeBlocks(windows)].map((some) => {
      const result = tellBusyOnLine({ log, windows: some, slot: SLOT_MILLISECONDS, seed });
      const { auc, chance, busy, idle } = result;
      say(
        `${who}, ${busy} windows busy and ${idle} idle: area ${auc.toFixed(3)}, by chance 0.5 ± ${chance.toFixed(3)}`,
      );
      return result;
    }),
  );
}
