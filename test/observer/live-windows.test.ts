/** The eye on live lines, on logs of which the answer is known. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { uniform } from "#transport/core/random.ts";
import { type LiveWindow, tellBusyOnLine, writesByLink } from "./live-windows.ts";
import type { LinkRecord, ObserverLog } from "./log.ts";

const SLOT = 300;
const WINDOW = 8_000;
const BLOCKS = 120;
const FULL = 16_406;

test("records that are full belong to the write that goes on behind them", () => {
  const records: LinkRecord[] = [
    { at: 1, link: 0, direction: ">", length: FULL },
    { at: 2, link: 1, direction: ">", length: 30 },
    { at: 3, link: 0, direction: "<", length: 40 },
    { at: 4, link: 0, direction: ">", length: 500 },
  ];
  const lines = writesByLink(logOf(records));
  assert.deepEqual(lines.get(0), [
    { direction: "<", bytes: 40, start: 3, end: 3 },
    { direction: ">", bytes: FULL + 500, start: 1, end: 4 },
  ]);
  assert.deepEqual(lines.get(1), [{ direction: ">", bytes: 30, start: 2, end: 2 }]);
});

test("lines of one law are not told apart", () => {
  const { auc, busy, idle } = judge("the same", () => ({ held: 0, answers: 10 }));
  assert.equal(busy + idle, BLOCKS);
  assert.ok(Math.abs(auc - 0.5) < 0.2, `area ${auc}`);
});

test("answers that come half a millisecond later when there is mail are found", () => {
  const { auc } = judge("late answers", (isBusy) => ({ held: 0, answers: isBusy ? 10.5 : 10 }));
  assert.ok(auc > 0.9, `area ${auc}`);
});

test("a thread that is held up now and then is found by what it lets go at once", () => {
  const { auc } = judge("held up", (isBusy) => ({ held: isBusy ? 200 : 0, answers: 10 }));
  assert.ok(auc > 0.9, `area ${auc}`);
});

/** One line: a packet and a poll at random times of each slot's first eighth, and of the slot; `held`: in each second nothing leaves for so long. */
function judge(seed: string, law: (isBusy: boolean) => { readonly held: number; readonly answers: number }) {
  const random = new SeededRandom(seed);
  const records: LinkRecord[] = [];
  const windows: LiveWindow[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const from = block * WINDOW;
    const isBusy = uniform(random) < 0.5;
    const { held, answers } = law(isBusy);
    const leaves = (at: number): number => Math.max(at, Math.floor(at / 1000) * 1000 + held);
    for (let slot = from; slot < from + WINDOW; slot += SLOT) {
      const [packet, poll] = [leaves(slot + (uniform(random) * SLOT) / 8), leaves(slot + uniform(random) * SLOT)];
      records.push({ at: packet, link: 0, direction: ">", length: FULL });
      records.push({ at: packet + 0.1, link: 0, direction: ">", length: 12_000 });
      records.push({ at: poll, link: 0, direction: ">", length: 31 });
      records.push({ at: poll + answers + uniform(random), link: 0, direction: "<", length: 12_000 });
    }
    windows.push({ link: 0, from, until: from + WINDOW, isBusy, block });
  }
  const log = logOf(records.toSorted((a, b) => a.at - b.at));
  return tellBusyOnLine({ log, windows, slot: SLOT, seed });
}

const logOf = (records: readonly LinkRecord[]): ObserverLog => ({
  unit: "tls",
  links: [],
  mailboxes: [],
  records,
  events: [],
});
