/**
 * Four people write to each other while several machines at a time are hurt, any of the network's and two people's, in every way
 * that `chaos` knows, one fault upon another. They are drawn from a seed (STARLING_SEED); what the machines do in between, it cannot
 * fix. When it is over every mail that its writer was told is queued arrives, once. Real processes, each on a machine of its own,
 * real TLS, cover on. Needs root on Linux.
 */

import { test } from "node:test";
import { FAULTS, type Victim } from "#test/chaos/faults.ts";
import { recoveryBar } from "#test/chaos/recovery-bars.ts";
import { PARAMETERS, Scene } from "#test/chaos/scene.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex } from "#transport/core/bytes.ts";
import { exponential, pick } from "#transport/core/random.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { milliseconds } from "#transport/core/units.ts";

/** Machines that are hurt at once. */
const AT_ONCE = 3;
const STORM_MILLISECONDS = 480_000;
const MEAN_CALM_MILLISECONDS = 4_000;
/** After it: an agreement that was missed, twice, and then as long as after any fault. */
const AFTERWARDS_MILLISECONDS =
  2 * PARAMETERS.epoch.duration + recoveryBar("provider", { lasts: STORM_MILLISECONDS }, PARAMETERS);

const seed = process.env["STARLING_SEED"] ?? toHex(new SystemRandom().bytes(8));

test(`several faults at a time, one upon another: no mail is lost or doubled, seed ${seed}`, (t) =>
  Scene.play(async (scene) => {
    const { correspondence } = scene;
    const began = Date.now();
    const sound = new Set<Victim>(scene.victims);
    let faults = 0;
    const makeTrouble = async (random: SeededRandom): Promise<void> => {
      while (Date.now() - began < STORM_MILLISECONDS) {
        await pause(exponential(random, milliseconds(MEAN_CALM_MILLISECONDS)));
        const victim = pick(random, [...sound]);
        sound.delete(victim);
        const fault = pick(random, FAULTS);
        await fault.begin(victim);
        await pause(fault.lasts);
        await fault.end(victim);
        sound.add(victim);
        faults++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => makeTrouble(new SeededRandom(`${seed} ${i}`))));
    await correspondence.end(AFTERWARDS_MILLISECONDS);
    t.diagnostic(`${faults} faults, ${correspondence.accepted.length} mails`);
    await correspondence.assertSound();
  }));

const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait));
