/**
 * Four people write to each other without a pause while one machine after another is killed, put to sleep, cut off, given a
 * slow or full disk or a wrong clock: a mix, an authority, a provider, a reader. Real processes, each on a machine of its own
 * (network namespace, disk, clock), real TLS, cover on. No mail that its writer was told is queued may be lost or doubled, and none
 * may be late for longer after a fault than follows from the parameters (test/chaos/recovery-bars.ts).
 * Needs root on Linux.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Correspondence } from "#test/chaos/correspondence.ts";
import { FAULTS, type Victim } from "#test/chaos/faults.ts";
import { recoveryBar } from "#test/chaos/recovery-bars.ts";
import { Machines, type TestMachine } from "#test/chaos/machines.ts";
import { type DemoNetwork, startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { settleIn } from "#test/demo/story.ts";
import { Member } from "#test/integration/support/member.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { seconds } from "#transport/core/units.ts";

/** The demo's, at twice as many epochs. */
const PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  epoch: { duration: seconds(60), lead: seconds(20), overlap: seconds(45), keyPeriods: 2, keyLead: seconds(10) },
};
const MAILS_MIN = 1_000;
const MEAN_INTERVAL_MILLISECONDS = 900;
/** Between two faults: mails that the last one held up come in. */
const CALM_MILLISECONDS = 12_000;
/** What was lost is asked for and sent again after random waits, twice over if need be. */
const LAST_MILLISECONDS = 420_000;

test("a thousand mails under every fault of every role: none is lost, none is doubled", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-chaos-"));
  mkdirSync(join(folder, "logs"));
  const machines = new Machines(folder);
  const made = new Map<string, TestMachine>();
  const machineOf = (name: string): TestMachine => {
    const machine = made.get(name) ?? machines.add(name);
    made.set(name, machine);
    return machine;
  };
  const members: Member[] = [];
  let network: DemoNetwork | undefined;
  let isClean = false;
  try {
    network = await startNetwork({ folder, observations: new Observations(), parameters: PARAMETERS, machineOf });
    for (const [name, domain] of PEOPLE) {
      members.push(new Member({ name, domain, folder, onEvent: () => undefined, machine: machineOf(name) }));
    }
    await Promise.all([network.flowing(), ...members.map((member) => member.desktop.ready())]);
    for (const member of members) await settleIn(member, network);
    const correspondence = new Correspondence({
      people: members,
      meanInterval: MEAN_INTERVAL_MILLISECONDS,
      random: new SystemRandom(),
    });
    await correspondence.start();

    const hurt: { what: string; bar: number; from: number; to: number }[] = [];
    for (const victim of victims(network, members, machineOf)) {
      for (const fault of FAULTS) {
        const what = `${victim.name}: ${fault.name}`;
        const from = Date.now();
        await fault.begin(victim);
        await pause(fault.lasts);
        await fault.end(victim);
        hurt.push({ what, bar: recoveryBar(victim.role, fault, PARAMETERS), from, to: Date.now() });
        await pause(CALM_MILLISECONDS);
      }
    }
    while (correspondence.accepted.length < MAILS_MIN) await pause(CALM_MILLISECONDS);
    await correspondence.end(LAST_MILLISECONDS);

    const slow: string[] = [];
    for (const { what, bar, from, to } of hurt) {
      const during = correspondence.accepted.filter(({ at }) => at >= from - CALM_MILLISECONDS && at < to);
      const last = Math.max(0, ...during.map(({ arrivedAt = Number.POSITIVE_INFINITY }) => arrivedAt - to));
      const told = `${what}: ${during.length} mails, the last one in ${inSeconds(last)} s after its end, bar ${inSeconds(bar)} s`;
      t.diagnostic(told);
      if (last > bar) slow.push(told);
    }
    const waits = correspondence.accepted
      .map(({ at, arrivedAt = Number.NaN }) => arrivedAt - at)
      .toSorted((a, b) => a - b);
    const at = (share: number): string => ((waits[Math.floor(share * waits.length)] ?? Number.NaN) / 1000).toFixed(1);
    t.diagnostic(`${waits.length} mails: median ${at(0.5)} s, 95 % within ${at(0.95)} s, all within ${at(0.9999)} s`);

    const { lost, doubled, unsigned } = await correspondence.count();
    assert.deepEqual(lost, [], "lost");
    assert.deepEqual(doubled, [], "doubled");
    assert.deepEqual(unsigned, [], "signatures that do not hold");
    assert.deepEqual(slow, [], "recovered too late");
    isClean = true;
  } finally {
    await Promise.all(members.map((member) => member.stop()));
    await network?.stop();
    machines.remove();
    if (isClean) rmSync(folder, { recursive: true, force: true });
    else t.diagnostic(`What each process said is in ${join(folder, "logs")}.`);
  }
});

const PEOPLE = [
  ["Alice", "a.example"],
  ["Bob", "b.example"],
  ["Carol", "a.example"],
  ["Dan", "b.example"],
] as const;

function victims(
  network: DemoNetwork,
  members: readonly Member[],
  machineOf: (name: string) => TestMachine,
): readonly Victim[] {
  const node = (role: Victim["role"], name: string): Victim => {
    const running = () => {
      const child = network.processes.get(name);
      assert.ok(child, `${name} runs`);
      return child;
    };
    return {
      role,
      name,
      machine: machineOf(name),
      kill: () => running().crash(),
      stop: () => running().stop(),
      start: () => network.restart(name),
      pause: () => running().pause(),
      resume: () => running().resume(),
    };
  };
  const bob = members[1] as Member;
  const reader: Victim = {
    role: "reader",
    name: bob.name,
    machine: machineOf(bob.name),
    kill: () => bob.desktop.crash(),
    stop: () => bob.desktop.stop(),
    start: () => bob.comeBack(),
    pause: () => bob.desktop.pause(),
    resume: () => bob.desktop.resume(),
  };
  return [node("mix", "mix-1"), node("authority", "authority-2"), node("provider", "b.example"), reader];
}

const inSeconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait));
