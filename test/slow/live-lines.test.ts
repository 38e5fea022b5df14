/**
 * Whether the line of a program that runs shows that its user writes, or gets mail: a network of processes, a tap that counts
 * microseconds, a learned classifier; and a program with a planted fault, which it finds.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { watchLiveLines } from "#test/observer/live-lines.ts";
import { tellBusyOnLine } from "#test/observer/live-windows.ts";
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
/** Four times what labels drawn anew make of the same 450 windows (0.038, docs/anonymity.md). */
const AREA_BAR = 0.15;
const PLANTED_AREA = 0.75;

test("the line of a program that runs does not show whether its user writes or reads", async (t) => {
  const { writers, readers } = await watch("live lines", BLOCKS, (line) => t.diagnostic(line));
  for (const { auc } of [writers, readers]) assert.ok(Math.abs(auc - 0.5) < AREA_BAR, `area ${auc}`);
});

test("the line of one whose mail is worked on by the thread that sends shows it", async (t) => {
  const program = fileURLToPath(new URL("../observer/held-up-desktop.ts", import.meta.url));
  const { writers, readers } = await watch("held up", PLANTED_BLOCKS, (line) => t.diagnostic(line), program);
  for (const { auc } of [writers, readers]) assert.ok(auc > PLANTED_AREA, `area ${auc}`);
});

async function watch(seed: string, blocks: number, say: (line: string) => void, program?: string) {
  const lines = await watchLiveLines({
    parameters: PARAMETERS,
    pairs: PAIRS,
    blocks,
    seed,
    ...(program === undefined ? {} : { program }),
  });
  const [writers, readers] = [lines.writers, lines.readers].map((windows) =>
    tellBusyOnLine({ log: lines.log, windows, slot: SLOT_MILLISECONDS, seed }),
  ) as [ReturnType<typeof tellBusyOnLine>, ReturnType<typeof tellBusyOnLine>];
  say(`${lines.mails} mails; writers ${JSON.stringify(writers)}; readers ${JSON.stringify(readers)}`);
  return { writers, readers };
}
