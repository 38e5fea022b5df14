/** The times that the simulator and the chaos test allow for recovery are those that the documents state. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FAULTS } from "#test/chaos/faults.ts";
import { recoveryBar } from "#test/chaos/recovery-bars.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { seconds } from "#transport/core/units.ts";
import { timesOf } from "./recovery-times.ts";

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");

test("a simulation's recovery times are those of docs/simulator.md", () => {
  const text = page("simulator");
  const [mail, chat] = [timesOf(LIVE_PARAMETERS, "mail"), timesOf(LIVE_PARAMETERS, "chat")];
  assert.ok(text.includes(`${minutes(mail.recovery)} minutes in the mail profile, ${minutes(chat.recovery)} in chat`));
  assert.ok(text.includes(`at every node ${mail.nodeHasList / 1000} s after`));
  assert.ok(text.includes(`at every client ${mail.clientHasList / 60_000} minutes after`));
  assert.equal(mail.repeatLeast, 47_400);
  assert.ok(mail.clientHasList < LIVE_PARAMETERS.epoch.duration, "each epoch's list is there before the next one's");
});

test("the chaos test's bars are those of docs/benchmarks.md, and grow with the network's waits", () => {
  const text = page("benchmarks");
  const parameters = { ...DEMO_PARAMETERS, epoch: { ...DEMO_PARAMETERS.epoch, duration: seconds(60) } };
  const roles = ["mix", "authority", "provider", "reader"] as const;
  for (const role of roles) {
    const bars = FAULTS.map((fault) => Math.round(recoveryBar(role, fault, parameters) / 1000));
    const [least, most] = [Math.min(...bars), Math.max(...bars)];
    assert.ok(text.includes(least === most ? `(${least})` : `(${least} to ${most})`), `${role}: ${least} to ${most}`);
    for (const fault of FAULTS) {
      assert.ok(recoveryBar(role, fault, LIVE_PARAMETERS) > recoveryBar(role, fault, parameters));
    }
  }
});

const minutes = (time: number): string => (time / 60_000).toFixed(1);
