/**
 * Thousands of people's clients and the whole network between them, packet by packet: production classes on a virtual clock.
 * Docs: docs/simulator.md
 */

import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { type MailboxId, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { AdversaryLog } from "./adversary-log.ts";
import { FaultRunner } from "./fault-runner.ts";
import { type Cast, faultsEnd, parseFaults } from "./faults.ts";
import type { Invariants } from "./invariants.ts";
import { Meter, quantiles } from "./meter.ts";
import { BEGIN, BOOTSTRAP, networkPlan } from "./network-plan.ts";
import type { SimOptions } from "./options.ts";
import { PLANTS } from "./plants.ts";
import type { SimReport } from "./report.ts";
import { stagesOf } from "./stages.ts";
import { TraceHash } from "./trace-hash.ts";
import { Users } from "./users.ts";
import { Watch } from "./watch.ts";
import { Workload } from "./workload.ts";
import { World } from "./world.ts";

/** How often the sums and queues are looked at. */
const LOOK_EVERY: Milliseconds = seconds(1);

export interface SimulationOptions {
  /** Nobody writes: one half of a pair. */
  readonly idle?: boolean;
}

export interface SimulationResult {
  readonly report: SimReport;
  /** What each client's line showed, as a hash of times, directions and lengths; only in a pair. */
  readonly traces: ReadonlyMap<string, string>;
}

export async function simulate(
  options: SimOptions,
  { idle = false }: SimulationOptions = {},
): Promise<SimulationResult> {
  const simulation = new Simulation(options, await suiteOf(options), idle);
  return simulation.run();
}

async function suiteOf({ suite }: SimOptions): Promise<Suite> {
  return suite === "none" ? noCryptography() : loadSuite(suite, "native");
}

class Simulation {
  readonly #options: SimOptions;
  readonly #suite: Suite;
  readonly #idle: boolean;
  readonly #plan: ReturnType<typeof networkPlan>;
  readonly #drops = new Map<string, number>();
  readonly #traces = new Map<string, TraceHash>();
  readonly #end: Milliseconds;
  #isMeasuring = false;
  readonly #watch: Watch;
  #meter!: Meter;
  #log: AdversaryLog | undefined;
  #world!: World;
  #users!: Users;
  #faults!: FaultRunner;

  constructor(options: SimOptions, suite: Suite, idle: boolean) {
    this.#options = options;
    this.#suite = suite;
    this.#idle = idle;
    this.#plan = networkPlan(options);
    this.#end = milliseconds(BEGIN + options.hours * 3_600_000);
    const planted = options.plant === undefined ? undefined : PLANTS[options.plant];
    const parameters = planted?.world?.(BEGIN, this.#plan.parameters).parameters ?? this.#plan.parameters;
    this.#watch = new Watch({
      options,
      plan: { ...this.#plan, parameters },
      world: () => this.#world,
      faults: () => this.#faults,
    });
  }

  get #invariants(): Invariants {
    return this.#watch.invariants;
  }

  async run(): Promise<SimulationResult> {
    const startedAt = performance.now();
    await this.#prepare();
    const { clock, network } = this.#world;
    await clock.runUntil(milliseconds(network.genesis + 3_000));
    await this.#signUp();
    await clock.runUntil(BEGIN);
    await this.#measure();
    if (this.#invariants.violations.length === 0 && !this.#idle) await this.#grace();
    const report = this.#report(startedAt);
    await this.#world.stop();
    return { report, traces: new Map([...this.#traces].map(([name, trace]) => [name, trace.text])) };
  }

  async #prepare(): Promise<void> {
    const { seed, plant, observe } = this.#options;
    const { parameters, mixesPerLayer, providers, warmUp } = this.#plan;
    const planted = plant === undefined ? undefined : PLANTS[plant];
    this.#world = await World.build({
      seed,
      parameters,
      suite: this.#suite,
      mixes: 3 * mixesPerLayer,
      providers: Array.from({ length: providers }, (_, i) => `provider${i}`),
      genesis: milliseconds(BEGIN - warmUp),
      bootstrap: BOOTSTRAP,
      taskLimit: Number.POSITIVE_INFINITY,
      observer: this.#observer(),
      ...planted?.world?.(BEGIN, parameters),
    });
    const world = this.#world;
    const cast = castOf(this.#options, world);
    this.#faults = new FaultRunner({ world, cast, client: (name, state) => this.#clientIs(name, state) });
    this.#watch.begin(cast);
    if (observe !== undefined && !this.#idle) this.#log = new AdversaryLog({ path: observe, begin: BEGIN });
  }

  #clientIs(name: string, state: "down" | "up"): void {
    const self = Number(name.slice(1));
    if (state === "down") {
      this.#watch.clientEnds(name);
      void this.#users.kill(self);
    } else {
      this.#watch.clientBegins(name);
      void this.#users.restart(self);
    }
  }

  #observer(): NodeObserver {
    const observer = this.#watch.observer();
    return {
      ...observer,
      dropped: (event) => {
        const { reason } = event;
        observer.dropped?.(event);
        if (TOKEN_DROPS.has(reason)) this.#invariants.requested(`a node dropped a request: ${reason}`);
        if (this.#isMeasuring && reason !== "COVER") this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
      },
      entryStored: (event) => {
        observer.entryStored?.(event);
        this.#log?.stored(event.mailbox, this.#world.clock.now());
      },
    };
  }

  /** One after another, as quickly as providers take them. */
  async #signUp(): Promise<void> {
    const { seed, users, mails, profile, hours, pair, plant, tokens } = this.#options;
    const world = this.#world;
    const duration = milliseconds(hours * 3_600_000);
    const workload = this.#idle ? undefined : new Workload({ seed, users, mails, profile, duration });
    this.#users = new Users({
      world,
      workload,
      scale: this.#plan.scale,
      begin: BEGIN,
      looked: (name, error) => {
        if (isOutOfTokens(error)) this.#invariants.requested(`${name} has none left for a look-up`);
        else if (tokens) this.#invariants.requested();
      },
    });
    const { providerNames, clock } = world;
    const { signUpTime, warmUp } = this.#plan;
    const since = clock.now();
    const joined: Promise<void>[] = [];
    for (let i = 0; i < users; i++) {
      const name = `u${i}`;
      const provider = providerNames[i % providerNames.length] as string;
      const client = this.#users.add({
        name,
        provider,
        machine: pair ? "slow" : "quick",
        tap: pair ? this.#tap(name) : "none",
        observer: this.#watch.client(name, provider),
        ...(i === 0 && plant !== undefined ? PLANTS[plant]?.client : {}),
      });
      const joins = async (): Promise<void> => {
        await client.start();
        await client.client.signUp({ localPart: name, invite: "", certificate: new Uint8Array(64) });
        if (profile !== "mail") await client.client.setProfile(profile);
        const id = client.client.account?.mailboxId as MailboxId;
        this.#log?.mailbox({ id, owner: name, provider });
      };
      joined.push(
        new Promise((resolve, reject) => {
          clock.at(milliseconds(since + (i / users) * signUpTime), () => void joins().then(resolve, reject));
        }),
      );
    }
    await clock.runUntilSettled(Promise.all(joined), warmUp);
  }

  async #measure(): Promise<void> {
    const world = this.#world;
    const { faults, plant } = this.#options;
    const stages = stagesOf(world);
    this.#meter = new Meter({ stageOf: (machine) => stages.get(machine) ?? "" });
    world.net.onPassage = (passage) => {
      this.#watch.passed(passage);
      this.#invariants.passed(passage);
      if (this.#isMeasuring) this.#meter.passed(passage);
      if (this.#isMeasuring) this.#log?.passed(passage);
    };
    this.#faults.schedule(parseFaults(faults), BEGIN);
    if (plant !== undefined) PLANTS[plant]?.act?.(world, BEGIN);
    this.#isMeasuring = true;
    this.#users.begin();
    await this.#runUntil(() => world.clock.now() < this.#end);
    this.#isMeasuring = false;
    this.#log?.close();
  }

  async #grace(): Promise<void> {
    const { clock } = this.#world;
    const { faults, grace } = this.#options;
    const patience = grace === undefined ? this.#watch.recoveryTime : grace * 1000;
    const calm = Math.max(this.#end, BEGIN + faultsEnd(parseFaults(faults)) * 1000) + this.#backlogTime();
    // People answer what they read now: each answer has as long as any other message.
    const isOver = (): boolean => clock.now() >= Math.max(calm, this.#users.lastAcceptedAt) + patience;
    const isSettled = (): boolean => {
      const { fates, waiting } = this.#users;
      return waiting === 0 && [...fates.values()].every((f) => f.deliveredAt !== undefined || f.failedAt !== undefined);
    };
    await this.#runUntil(() => !isOver() && !isSettled());
    const unsettled = this.#users.unsettled.map(({ writing, acceptedAt }) => {
      return `from u${writing.from} to u${writing.to}, written at ${acceptedAt - BEGIN} ms`;
    });
    this.#invariants.settled([...unsettled, ...this.#users.corrupted], this.#users.fates.size);
  }

  /** Who has written more than there are slots needs them first: half as long again as the longest queue takes. */
  #backlogTime(): number {
    const { sendRate, payloadShare } = this.#plan.parameters.profiles[this.#options.profile];
    const queued = this.#users.people.map(({ client }) => client.client.status().queuedFragments);
    return (1_500 * Math.max(...queued)) / (sendRate * payloadShare);
  }

  /** In steps, with a look at the queues after each; ends at the first violation. */
  async #runUntil(goesOn: () => boolean): Promise<void> {
    const { clock } = this.#world;
    while (goesOn() && this.#invariants.violations.length === 0) {
      await clock.runFor(LOOK_EVERY);
      if (this.#isMeasuring) this.#meterPools();
      this.#watch.look(this.#users);
    }
  }

  #meterPools(): void {
    for (const name of this.#world.mixNames) {
      const node = this.#world.node(name);
      if (node !== undefined) this.#meter.held(name, node.held);
    }
  }

  #tap(name: string): (sighting: { at: number; direction: "out" | "in"; length: number }) => void {
    const trace = new TraceHash();
    this.#traces.set(name, trace);
    return ({ at, direction, length }) => {
      if (at < this.#end) trace.add(at - BEGIN, direction === "out" ? 1 : 2, length);
    };
  }

  #report(startedAt: number): SimReport {
    const { parameters, mixesPerLayer, providers } = this.#plan;
    const { clock } = this.#world;
    const { profile, hours } = this.#options;
    const { sendRate, pollRate, meanDelay } = parameters.profiles[profile];
    const fates = [...this.#users.fates.values()];
    const count = (of: (fate: (typeof fates)[number]) => boolean): number => fates.filter(of).length;
    const times = (of: (fate: (typeof fates)[number]) => boolean): number[] =>
      fates.filter(of).flatMap(({ readAt, acceptedAt }) => (readAt === undefined ? [] : [readAt - acceptedAt]));
    const wallSeconds = (performance.now() - startedAt) / 1000;
    return {
      options: this.#options,
      network: {
        mixesPerLayer,
        providers,
        suite: this.#options.suite === "none" ? "none (test/support/no-cryptography.ts)" : this.#options.suite,
        packetBytes: parameters.packetBytes,
        sendRate,
        pollRate,
        meanDelayMs: meanDelay,
        minimumPool: parameters.minimumPool,
        boxReplies: parameters.boxReplies,
      },
      messages: {
        written: fates.length,
        toBoxes: count(({ isToBox }) => isToBox),
        read: count(({ readAt }) => readAt !== undefined),
        delivered: count(({ deliveredAt }) => deliveredAt !== undefined),
        reportedLost: count(({ failedAt }) => failedAt !== undefined),
        unsettled: this.#users.unsettled.length,
        fragments: fates.reduce((sum, { fragments }) => sum + fragments, 0),
        lookups: this.#users.lookups.total,
        lookupsMost: this.#users.lookups.most,
        beyondTokens: this.#users.lookups.beyondTokens,
      },
      latencyMs: quantiles(times(() => true)),
      boxLatencyMs: quantiles(times(({ isToBox }) => isToBox)),
      rates: this.#meter.rates(hours * 3_600_000),
      pools: this.#meter.pools(),
      losses: { frames: this.#meter.lost.frames, drops: Object.fromEntries(this.#drops) },
      invariants: {
        checks: Object.fromEntries(this.#invariants.checks),
        replyBlocks: Object.fromEntries(this.#watch.replies.counts),
        departuresMost: this.#watch.repetition.most,
        violations: this.#invariants.violations.slice(0, 10),
      },
      run: {
        virtualSeconds: (clock.now() - BEGIN + this.#plan.warmUp) / 1000,
        wallSeconds,
        events: clock.ran,
        eventsPerSecond: clock.ran / wallSeconds,
        memoryMB: process.memoryUsage().rss / 1e6,
        sampledUsers: undefined,
      },
    };
  }
}

/** An honest client's tokens are good, and checked before anything waits. */
const TOKEN_DROPS: ReadonlySet<string> = new Set<DropReason>(["TOKEN_INVALID", "TOKEN_SPENT", "TOKENS_BUSY"]);
const isOutOfTokens = (error: unknown): boolean => error instanceof TransportError && error.code === "NO_TOKENS";

export function castOf({ users }: SimOptions, world: World): Cast {
  return {
    mixes: world.mixNames,
    providers: world.providerNames,
    authorities: world.authorityNames,
    clients: Array.from({ length: users }, (_, i) => `u${i}`),
  };
}
