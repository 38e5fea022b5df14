/** Does to a virtual network what the faults say, at their times. */

import { milliseconds, type Milliseconds } from "#transport/core/units.ts";
import { type Cast, type Fault, machinesOf } from "./faults.ts";
import type { World } from "./world.ts";

type Partition = readonly ReadonlySet<string>[];

export class FaultRunner {
  readonly #world: World;
  readonly #cast: Cast;
  readonly #shares = { loss: [] as number[], duplicates: [] as number[] };
  readonly #delays = new Map<string, number>();
  readonly #partitions = new Set<Partition>();
  /** How many crashes hold each machine down. */
  readonly #down = new Map<string, number>();
  /** Machines whose clock was wrong at some time: what they say of times says nothing. */
  readonly wrongClocks = new Set<string>();
  /** Told when a client's program is to be killed, and when to be started. */
  readonly #client: (name: string, state: "down" | "up") => void;

  constructor(o: { world: World; cast: Cast; client: (name: string, state: "down" | "up") => void }) {
    this.#world = o.world;
    this.#cast = o.cast;
    this.#client = o.client;
  }

  /** Throws when a fault names a machine that is not there. */
  schedule(faults: readonly Fault[], begin: Milliseconds): void {
    for (const fault of faults) {
      const { from, lasts } = fault.span ?? { from: 0, lasts: Number.POSITIVE_INFINITY };
      const { start, end } = this.#acts(fault);
      const at = (seconds: number): Milliseconds => milliseconds(begin + seconds * 1000);
      this.#world.clock.at(at(from), start);
      if (Number.isFinite(lasts)) this.#world.clock.at(at(from + lasts), end);
    }
    if (faults.some(({ kind }) => kind === "delay" || kind === "partition")) {
      this.#world.net.line = (from, to) => ({
        cut: this.#isCut(from, to),
        delay: (this.#delays.get(from) ?? 0) + (this.#delays.get(to) ?? 0),
      });
    }
  }

  isDown(name: string): boolean {
    return (this.#down.get(name) ?? 0) > 0;
  }

  #acts(fault: Fault): { start: () => void; end: () => void } {
    switch (fault.kind) {
      case "loss":
      case "duplicates":
        return this.#weather(fault.kind, fault.share);
      case "delay": {
        const machines = this.#named(fault.machines);
        const add = (ms: number) => (): void => {
          for (const name of machines) this.#delays.set(name, (this.#delays.get(name) ?? 0) + ms);
        };
        return { start: add(fault.ms), end: add(-fault.ms) };
      }
      case "partition": {
        const sets = fault.sets.map((names) => new Set(this.#named(names)));
        const start = (): void => {
          this.#partitions.add(sets);
          void this.#world.net.dropCutLinks();
        };
        return { start, end: () => void this.#partitions.delete(sets) };
      }
      case "crash": {
        const machines = this.#named(fault.machines);
        return {
          start: () => machines.forEach((name) => this.#crash(name)),
          end: () => machines.forEach((name) => this.#restart(name)),
        };
      }
      case "clock": {
        const machines = this.#named(fault.machines);
        for (const name of machines) this.wrongClocks.add(name);
        const set = (error: number) => (): void => {
          for (const name of machines) this.#world.clockOf(name).error = error;
        };
        return { start: set(fault.error * 1000), end: set(0) };
      }
    }
  }

  #weather(kind: "loss" | "duplicates", share: number): { start: () => void; end: () => void } {
    const active = this.#shares[kind];
    const apply = (): void => {
      this.#world.net.weather = { loss: shareOf(this.#shares.loss), duplicates: shareOf(this.#shares.duplicates) };
    };
    return {
      start: () => {
        active.push(share);
        apply();
      },
      end: () => {
        active.splice(active.indexOf(share), 1);
        apply();
      },
    };
  }

  #isCut(from: string, to: string): boolean {
    for (const sets of this.#partitions) {
      const side = sets.findIndex((set) => set.has(from));
      const other = sets.findIndex((set) => set.has(to));
      if (side >= 0 && other >= 0 && side !== other) return true;
    }
    return false;
  }

  #crash(name: string): void {
    const before = this.#down.get(name) ?? 0;
    this.#down.set(name, before + 1);
    if (before > 0) return;
    if (this.#cast.clients.includes(name)) this.#client(name, "down");
    else if (this.#cast.authorities.includes(name)) this.#world.killAuthority(this.#cast.authorities.indexOf(name));
    else void this.#world.killNode(name);
  }

  #restart(name: string): void {
    const left = (this.#down.get(name) ?? 1) - 1;
    this.#down.set(name, left);
    if (left > 0) return;
    if (this.#cast.clients.includes(name)) this.#client(name, "up");
    else if (this.#cast.authorities.includes(name)) this.#world.startAuthority(this.#cast.authorities.indexOf(name));
    else this.#world.startNode(name);
  }

  #named(words: readonly string[]): string[] {
    return words.flatMap((word) => machinesOf(word, this.#cast));
  }
}

/** Of frames that at least one of several causes strikes. */
const shareOf = (shares: readonly number[]): number => 1 - shares.reduce((rest, one) => rest * (1 - one), 1);
