/**
 * Four people write to each other without a pause while one machine after another is killed, put to sleep, cut off, given a slow or
 * full disk or a wrong clock: a mix, an authority, a provider, a reader; and at last half of the network is cut off from the other.
 * Real processes, each on a machine of its own (network namespace, disk, clock), real TLS, cover on. No mail that its writer was told
 * is queued may be lost or doubled, and none may be late for longer after a fault than follows from the parameters
 * (test/chaos/recovery-bars.ts). The next fault comes when the mails of the last one are there: several at a time are in `storm`.
 * Needs root on Linux.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Correspondence } from "#test/chaos/correspondence.ts";
import { FAULTS } from "#test/chaos/faults.ts";
import { recoveryBar } from "#test/chaos/recovery-bars.ts";
import { PARAMETERS, Scene } from "#test/chaos/scene.ts";

const VICTIMS = ["mix-1", "authority-2", "b.example", "Bob"];
/** Half of the mixes, whichever layers they are in; one of three authorities, one of two providers, half of the people. */
const HALF = ["authority-1", "mix-1", "mix-3", "mix-5", "a.example", "Alice", "Carol"];
/** Longer than an epoch: one half alone agrees on a list. */
const HALVES_LAST_MILLISECONDS = 90_000;

const MAILS_MIN = 1_000;
/** At least, between two faults. */
const CALM_MILLISECONDS = 12_000;

test("a thousand mails under every fault of every role: none is lost, none is doubled, each comes in time", (t) =>
  Scene.play(async (scene) => {
    const { correspondence } = scene;
    const late: string[] = [];
    /** `bar`, in milliseconds: for what was written meanwhile or just before, from the end on. */
    const suffer = async (o: { what: string; bar: number; during: () => Promise<void> }): Promise<void> => {
      const from = Date.now() - CALM_MILLISECONDS;
      await o.during();
      const to = Date.now();
      await pause(CALM_MILLISECONDS);
      await correspondence.arrived({ from, to }, to + o.bar - Date.now());
      const mails = correspondence.written({ from, to });
      const last = Math.max(0, ...mails.map(({ arrivedAt = Number.POSITIVE_INFINITY }) => arrivedAt - to));
      const told = `${o.what}: ${mails.length} mails, the last one ${inSeconds(last)} s after its end, bar ${inSeconds(o.bar)} s`;
      t.diagnostic(told);
      if (last > o.bar) late.push(told);
    };

    for (const victim of VICTIMS.map((name) => scene.victim(name))) {
      for (const fault of FAULTS) {
        const during = async (): Promise<void> => {
          await fault.begin(victim);
          await pause(fault.lasts);
          await fault.end(victim);
        };
        await suffer({
          what: `${victim.name}: ${fault.name}`,
          bar: recoveryBar(victim.role, fault, PARAMETERS),
          during,
        });
      }
    }
    const machines = HALF.map((name) => scene.machine(name));
    const halves = async (): Promise<void> => {
      for (const machine of machines) machine.cut();
      await pause(HALVES_LAST_MILLISECONDS);
      for (const machine of machines) machine.join();
    };
    // Both providers may have missed a vote, and the lines of every reader are dialled again.
    const bar = recoveryBar("provider", { lasts: HALVES_LAST_MILLISECONDS }, PARAMETERS);
    await suffer({ what: "the network in halves", bar, during: halves });

    while (correspondence.accepted.length < MAILS_MIN) await pause(CALM_MILLISECONDS);
    await correspondence.end(recoveryBar("mix", { lasts: 0 }, PARAMETERS));
    t.diagnostic(waitsOf(correspondence));
    await correspondence.assertSound();
    assert.deepEqual(late, [], "recovered too late");
  }));

function waitsOf({ accepted }: Correspondence): string {
  const waits = accepted.map(({ at, arrivedAt = Number.NaN }) => arrivedAt - at).toSorted((a, b) => a - b);
  const at = (share: number): string => inSeconds(waits[Math.floor(share * waits.length)] ?? Number.NaN);
  return `${waits.length} mails: median ${at(0.5)} s, 95 % within ${at(0.95)} s, all within ${at(0.9999)} s`;
}

const inSeconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait));
