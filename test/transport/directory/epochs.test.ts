/** Which list and which keys belong to which time, in numbers that a person can check. Spec: docs/spec/08-directory.md §2 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { epochNumber, keyPeriodNumber, milliseconds } from "#transport/core/units.ts";
import {
  clockDifferenceMax,
  epochOfKeyPeriod,
  keyErasedAt,
  keyGrace,
  keyPeriodAt,
  keyPeriodInUse,
  keyPeriodsAnnounced,
  keyPeriodsNeeded,
  keyPeriodStart,
  listEpochAt,
  replyBlockUntil,
  senderEpochAt,
  sendersChange,
  validity,
} from "#transport/directory/epochs.ts";

const MINUTE = 60_000;
const GENESIS = 1000 * MINUTE;
const at = (minute: number) => milliseconds(GENESIS + minute * MINUTE);
const minuteOf = (time: number): number => (time - GENESIS) / MINUTE;
const network = (epoch: Partial<Parameters["epoch"]> = {}) => ({
  genesis: milliseconds(GENESIS),
  parameters: { ...LIVE_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, ...epoch } },
});
const live = network();
/** As with keys that live as long as lists. */
const one = network({ keyPeriods: 1, keyLead: LIVE_PARAMETERS.epoch.lead });

test("live, keys change at each quarter of an hour and go five minutes later, lists at minute 50", () => {
  const found = [-5, 0, 14.999, 15, 49.999, 50, 59.999, 60].map((minute) => [
    listEpochAt(live, at(minute)),
    keyPeriodInUse(live, at(minute)),
  ]);
  // biome-ignore format: one row for each time
  assert.deepEqual(found, [[0, 0], [0, 0], [0, 0], [0, 1], [0, 3], [1, 3], [1, 3], [1, 4]]);
  assert.equal(minuteOf(keyPeriodStart(live, keyPeriodNumber(5))), 75);
  assert.equal(minuteOf(keyErasedAt(live, keyPeriodNumber(5))), 95);
  assert.equal(minuteOf(replyBlockUntil(live, keyPeriodNumber(5))), 92.5);
  assert.deepEqual(
    [3, 4, 7, 8].map((period) => epochOfKeyPeriod(live, keyPeriodNumber(period))),
    [0, 1, 1, 2],
  );
});

test("live, all senders change to a list at minute 20 of its epoch, to the first one at once", () => {
  const found = [-5, 0, 49, 50, 79.999, 80, 139.999, 140].map((minute) => senderEpochAt(live, at(minute)));
  assert.deepEqual(found, [0, 0, 0, 0, 0, 1, 1, 2]);
  assert.deepEqual(
    [0, 1, 2].map((epoch) => minuteOf(sendersChange(live, epochNumber(epoch)))),
    [0, 80, 140],
  );
});

test("a key lead lets senders change keys before the period begins", () => {
  const early = network({ keyLead: milliseconds(2 * MINUTE) });
  assert.equal(keyPeriodInUse(early, at(12.999)), 0);
  assert.equal(keyPeriodInUse(early, at(13)), 1);
  assert.equal(keyPeriodAt(early, at(13)), 0);
});

test("two clocks may differ by the lead, and by no more than what keys outlive their senders", () => {
  assert.deepEqual([keyGrace(live), clockDifferenceMax(live)], [5 * MINUTE, 5 * MINUTE]);
  assert.deepEqual([keyGrace(one), clockDifferenceMax(one)], [15 * MINUTE, 10 * MINUTE]);
});

test("a descriptor names nine keys live, twelve in the first epoch, and two where there is one for each epoch", () => {
  assert.deepEqual(keyPeriodsAnnounced(live, epochNumber(0)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual(keyPeriodsAnnounced(live, epochNumber(5)), [23, 24, 25, 26, 27, 28, 29, 30, 31]);
  assert.deepEqual(keyPeriodsAnnounced(one, epochNumber(0)), [0, 1, 2]);
  assert.deepEqual(keyPeriodsAnnounced(one, epochNumber(5)), [6, 7]);
});

test("live, a node that published an epoch earlier than others has no key in the first 20 minutes after its list's epoch", () => {
  const [list, next] = [epochNumber(7), epochNumber(8)];
  const announced = keyPeriodsAnnounced(live, epochNumber(list - 2));
  const has = (time: number): boolean => announced.includes(keyPeriodInUse(live, milliseconds(time)));
  const change = sendersChange(live, next);
  assert.deepEqual([sendersChange(live, list), change - 20 * MINUTE - 1, change - 20 * MINUTE, change - 1].map(has), [
    true,
    true,
    false,
    false,
  ]);
  assert.deepEqual([senderEpochAt(live, milliseconds(change - 1)), senderEpochAt(live, change)], [list, next]);
});

test("whoever uses a list, also one epoch longer than it was meant for, finds every key that it needs", () => {
  for (const keyPeriods of [1, 2, 3, 4, 5, 12]) {
    for (const keyLead of [0, 1, 2, 10]) {
      const of = network({ keyPeriods, keyLead: milliseconds(keyLead * MINUTE) });
      for (const epoch of [0, 1, 2, 7]) {
        const needed = new Set(keyPeriodsNeeded(of, epochNumber(epoch)));
        const announced = new Set(keyPeriodsAnnounced(of, epochNumber(Math.max(0, epoch - 1))));
        const [from, next] = [validity(of, epochNumber(epoch)), validity(of, epochNumber(epoch + 1))];
        const used = (end: number): Set<number> => {
          const periods = new Set<number>();
          const start = epoch === 0 ? from.validFrom - 20 * MINUTE : from.validFrom;
          for (let time: number = start; time < end; time += MINUTE / 2)
            periods.add(keyPeriodInUse(of, milliseconds(time)));
          return periods;
        };
        const text = `${keyPeriods} key periods, key lead ${keyLead} min, epoch ${epoch}`;
        assert.deepEqual(needed, used(next.validFrom), text);
        // With a key lead the last minutes are of keys of the epoch after the one that the list serves for.
        const all = used(from.validUntil - keyLead * MINUTE);
        for (const period of all) assert.ok(announced.has(keyPeriodNumber(period)), text);
        // The first descriptors are for two lists.
        if (epoch > 1) assert.deepEqual([...announced], [...all], `${text}: not one more`);
      }
    }
  }
});
