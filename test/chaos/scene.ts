/** A network of real processes, each on a machine of its own, and four people who write to each other; and who of them can be hurt. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoNetwork, startNetwork } from "#test/demo/network.ts";
import { AUTHORITY_NAMES, NODE_NAMES } from "#test/demo/network-files.ts";
import { Observations } from "#test/demo/observations.ts";
import { settleIn } from "#test/demo/story.ts";
import { Member } from "#test/integration/support/member.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { seconds } from "#transport/core/units.ts";
import { Correspondence } from "./correspondence.ts";
import type { Victim } from "./faults.ts";
import { Machines, type TestMachine } from "./machines.ts";

/** The demo's, at twice as many epochs. */
export const PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  epoch: { duration: seconds(60), lead: seconds(20), overlap: seconds(45), keyPeriods: 2, keyLead: seconds(10) },
};
/** Between two mails of all people together. */
const MEAN_INTERVAL_MILLISECONDS = 1_200;

const PEOPLE = [
  ["Alice", "a.example"],
  ["Bob", "b.example"],
  ["Carol", "a.example"],
  ["Dan", "b.example"],
] as const;

export class Scene {
  readonly correspondence: Correspondence;
  readonly #network: DemoNetwork;
  readonly #members: readonly Member[];
  readonly #machines: ReadonlyMap<string, TestMachine>;

  private constructor(network: DemoNetwork, members: readonly Member[], machines: ReadonlyMap<string, TestMachine>) {
    this.#network = network;
    this.#members = members;
    this.#machines = machines;
    this.correspondence = new Correspondence({
      people: members,
      meanInterval: MEAN_INTERVAL_MILLISECONDS,
      random: new SystemRandom(),
    });
  }

  /** Everybody writes before `play` begins; all is ended after it, and removed unless it failed. */
  static async play(play: (scene: Scene) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "starling-chaos-"));
    mkdirSync(join(folder, "logs"));
    const all = new Machines(folder);
    const machines = new Map<string, TestMachine>();
    const machineOf = (name: string): TestMachine => {
      const machine = machines.get(name) ?? all.add(name);
      machines.set(name, machine);
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
      const scene = new Scene(network, members, machines);
      await scene.correspondence.start();
      await play(scene);
      isClean = true;
    } catch (error) {
      throw new Error(`What each process said is in ${join(folder, "logs")}.`, { cause: error });
    } finally {
      await Promise.all(members.map((member) => member.stop()));
      await network?.stop();
      all.remove();
      if (isClean) rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Every process of the network, and the programs of two people. */
  get victims(): readonly Victim[] {
    return [...AUTHORITY_NAMES, ...NODE_NAMES, "Alice", "Bob"].map((name) => this.victim(name));
  }

  victim(name: string): Victim {
    const member = this.#members.find((one) => one.name === name);
    const running = () => {
      const process = member?.desktop ?? this.#network.processes.get(name);
      assert.ok(process, `${name} runs`);
      return process;
    };
    return {
      role: member === undefined ? roleOf(name) : "reader",
      name,
      machine: this.machine(name),
      kill: () => running().crash(),
      stop: () => running().stop(),
      start: () => (member === undefined ? this.#network.restart(name) : member.comeBack()),
      pause: () => running().pause(),
      resume: () => running().resume(),
    };
  }

  machine(name: string): TestMachine {
    const machine = this.#machines.get(name);
    assert.ok(machine, `${name} has a machine`);
    return machine;
  }
}

const roleOf = (name: string): Victim["role"] =>
  name.startsWith("authority-") ? "authority" : name.startsWith("mix-") ? "mix" : "provider";
