/** Everything that may happen to a machine, one at a time, and how it ends. */

import type { TestMachine } from "./machines.ts";

/** A process that the tests can hurt. */
export interface Victim {
  readonly role: "authority" | "mix" | "provider" | "reader";
  readonly name: string;
  readonly machine: TestMachine;
  kill(): Promise<void>;
  /** Asks it to end, as an operator or a user does. */
  stop(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

export interface Fault {
  readonly name: string;
  /** Milliseconds between begin and end. */
  readonly lasts: number;
  begin(victim: Victim): Promise<void>;
  end(victim: Victim): Promise<void>;
}

const HOUR = 3_600_000;

export const FAULTS: readonly Fault[] = [
  {
    name: "kill -9, and started again",
    lasts: 5_000,
    begin: (victim) => victim.kill(),
    end: (victim) => victim.start(),
  },
  {
    name: "ended and started again",
    lasts: 5_000,
    begin: (victim) => victim.stop(),
    end: (victim) => victim.start(),
  },
  {
    name: "asleep",
    lasts: 25_000,
    begin: async (victim) => victim.pause(),
    end: async (victim) => victim.resume(),
  },
  {
    name: "cable pulled",
    lasts: 30_000,
    begin: async ({ machine }) => machine.cut(),
    end: async ({ machine }) => machine.join(),
  },
  {
    name: "slow disk",
    lasts: 25_000,
    begin: async ({ machine }) => machine.slowDisk(),
    end: async ({ machine }) => machine.quickDisk(),
  },
  {
    name: "full disk",
    lasts: 25_000,
    begin: async ({ machine }) => machine.fillDisk(),
    end: async ({ machine }) => machine.freeDisk(),
  },
  {
    name: "clock an hour ahead",
    lasts: 25_000,
    begin: async ({ machine }) => machine.setClock(HOUR),
    end: async ({ machine }) => machine.setClock(0),
  },
  {
    name: "clock an hour behind",
    lasts: 25_000,
    begin: async ({ machine }) => machine.setClock(-HOUR),
    end: async ({ machine }) => machine.setClock(0),
  },
];
