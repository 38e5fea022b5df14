/**
 * Everything that looks at a simulation while it runs: told of packets, frames, reply blocks and departures as they happen, and
 * asked to look at sums and queues after each step. Docs: docs/simulator.md §4
 */

import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { REPLIES_PER_DEVICE_MAX } from "#provider-server/mailbox/limits.ts";
import { KIND_CODES } from "#provider-server/mailbox/mailbox-tables.ts";
import { fromHex } from "#transport/core/bytes.ts";
import type { ClientObserver } from "#transport/client/types.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Calm } from "./calm.ts";
import type { FaultRunner } from "./fault-runner.ts";
import { type Cast, type Fault, parseFaults } from "./faults.ts";
import { Invariants } from "./invariants.ts";
import { ListLedger } from "./list-ledger.ts";
import type { Passage } from "./network-in-memory.ts";
import { BEGIN, type NetworkPlan } from "./network-plan.ts";
import type { SimOptions } from "./options.ts";
import { PacketLedger } from "./packet-ledger.ts";
import { Places } from "./places.ts";
import { RecoveryLedger } from "./recovery-ledger.ts";
import { type Times, timesOf } from "./recovery-times.ts";
import { RepetitionLedger } from "./repetition-ledger.ts";
import { ReplyLedger } from "./reply-ledger.ts";
import type { Users } from "./users.ts";
import type { World } from "./world.ts";

/** Of steps of a second each: how often those sums are made that take longer. */
const LOOK_LONG_EVERY = 60;

export interface WatchOptions {
  readonly options: SimOptions;
  readonly plan: NetworkPlan;
  readonly world: () => World;
  readonly faults: () => FaultRunner;
}

export class Watch {
  readonly invariants: Invariants;
  readonly replies: ReplyLedger;
  readonly repetition: RepetitionLedger;
  readonly #options: WatchOptions;
  readonly #times: Times;
  readonly #packets: PacketLedger;
  readonly #places = new Places();
  /** By the first bytes of a node's id. */
  readonly #machines = new Map<string, string>();
  readonly #clients = new Map<string, string>();
  #lists: ListLedger | undefined;
  #recovery: RecoveryLedger | undefined;
  #steps = 0;

  constructor(o: WatchOptions) {
    this.#options = o;
    const { options, plan, world, faults } = o;
    const { parameters } = plan;
    this.#times = timesOf(parameters, options.profile);
    const now = (): number => world().clock.now();
    const machineOf = (node: Uint8Array): string => this.#machines.get(keyOf(node)) ?? "";
    const isClockWrong = (name: string): boolean => faults().wrongClocks.has(name);
    const invariants = new Invariants({
      sizes: geometry(parameters),
      now: () => world().clock.now(),
      begin: BEGIN,
      wrongClocks: (node) => isClockWrong(machineOf(node)),
    });
    this.invariants = invariants;
    this.#packets = new PacketLedger({ invariants, now, machineOf, tokens: parameters.tokens.perProvider > 0 });
    this.repetition = new RepetitionLedger({ invariants, times: this.#times, now, isClockWrong });
    this.replies = new ReplyLedger({
      invariants,
      places: this.#places,
      now,
      machineOf,
      isClockWrong,
      firstMixes: () => {
        const lists = world().nodeNames.map((name) => world().node(name)?.consensuses.newest);
        return lists.find((list) => list !== undefined)?.layers[0]?.map(({ nodeId }) => machineOf(nodeId)) ?? [];
      },
      isStored: (provider, surbId) => {
        const sql = "SELECT count(*) AS count FROM entries WHERE kind = ? AND surb_id = ?";
        return world().database(provider).prepare(sql).get(KIND_CODES.reply, fromHex(surbId))?.["count"] !== 0;
      },
      isCrowded: (provider) => {
        const sql = "SELECT 1 FROM entries WHERE kind = ? GROUP BY device_key HAVING count(*) >= ?";
        const full = world().database(provider).prepare(sql).get(KIND_CODES.reply, REPLIES_PER_DEVICE_MAX);
        return full !== undefined;
      },
      answerMost: { service: this.#times.answer, box: this.#times.boxAnswer },
      delayMost: delayOf(parseFaults(options.faults)),
    });
  }

  /** Without what lies in queues: how long everything may take after the last fault. */
  get recoveryTime(): number {
    return this.#recovery?.longest ?? this.#times.recovery;
  }

  /** What every node tells. */
  observer(): NodeObserver {
    const all = [this.invariants.observer, this.#packets.observer, this.replies.observer];
    return {
      packetArrived: (event) => {
        for (const one of all) one.packetArrived?.(event);
      },
      packetHeld: (event) => {
        for (const one of all) one.packetHeld?.(event);
      },
      packetLeft: (event) => {
        for (const one of all) one.packetLeft?.(event);
      },
      packetDelivered: (event) => {
        for (const one of all) one.packetDelivered?.(event);
      },
      entryStored: (event) => {
        for (const one of all) one.entryStored?.(event);
      },
      dropped: (event) => {
        this.#packets.observer.dropped?.(event);
        this.#places.dropped(
          this.#machines.get(keyOf(event.node)) ?? "",
          this.#options.world().clock.now(),
          event.reason,
        );
      },
    };
  }

  /** What the client of this name tells. */
  client(name: string, provider: string): ClientObserver {
    this.#clients.set(name, provider);
    return {
      fragmentSent: (sent) => this.repetition.sent(name, sent),
      replyBlock: (event) => this.replies.event(name, provider, event),
    };
  }

  /** Before anything runs. */
  begin(cast: Cast): void {
    const { options } = this.#options;
    const world = this.#options.world();
    const { clock, net, network, nodeNames: nodes } = world;
    const now = (): number => clock.now();
    for (const name of nodes) this.#machines.set(keyOf(world.node(name)?.nodeId as Uint8Array), name);
    const calm = new Calm(parseFaults(options.faults), cast);
    const { invariants } = this;
    const shared = { invariants, calm, times: this.#times, network, begin: BEGIN, now, nodes };
    this.#recovery = new RecoveryLedger(shared);
    this.#lists = new ListLedger({
      ...shared,
      authorities: world.authorityNames,
      clients: this.#clients,
      authorityEpochs: () => world.authorityEpochs(),
      isUp: (name) => world.node(name) !== undefined,
      nodeEpoch: (name) => world.node(name)?.consensuses.newest?.epoch,
      clientEpoch: (name) => world.clientStore(name)?.listEpoch,
    });
    net.onPassage = (passage) => this.passed(passage);
    net.onComing = (coming) => this.#packets.coming(coming);
    net.onLostWithLink = (from) => this.#places.lostOnLine(from, clock.now());
    world.onNodeGone = (name) => {
      this.#packets.gone(name);
      this.#places.gone(name, clock.now());
    };
  }

  passed(passage: Passage): void {
    this.#packets.passed(passage);
    if (passage.arrives === undefined) this.#places.lostOnLine(passage.from, passage.at);
  }

  clientEnds(name: string): void {
    this.replies.clientEnds(name);
    this.repetition.clientEnds(name);
  }

  clientBegins(name: string): void {
    this.replies.clientBegins(name);
  }

  /** After each step of a second. */
  look(users: Users): void {
    const world = this.#options.world();
    const held = new Map<string, number>();
    for (const name of world.nodeNames) {
      const node = world.node(name);
      if (node !== undefined) held.set(name, node.held);
    }
    this.#packets.look(held, world.net.tally);
    this.#lookAtPools(held);
    if (++this.#steps % LOOK_LONG_EVERY !== 0) return;
    this.#lookAtQueues(users);
    this.replies.look();
    this.#lists?.look();
    this.#recovery?.look(users.fates.values());
    for (const writer of new Set(users.unsettled.map(({ writing }) => writing.from))) {
      const { client } = users.people[writer] as Users["people"][number];
      this.repetition.look(client.name, client.client.journeys());
    }
  }

  #lookAtPools(held: ReadonlyMap<string, number>): void {
    const bound = this.#poolBound();
    for (const name of this.#options.world().mixNames) {
      const packets = held.get(name);
      if (packets === undefined || this.#options.faults().wrongClocks.has(name)) continue;
      this.invariants.bounded(`packets in ${name}`, packets, bound);
    }
  }

  #lookAtQueues(users: Users): void {
    const world = this.#options.world();
    const { users: count } = this.#options.options;
    this.invariants.bounded(
      "tasks of the virtual clock",
      world.clock.pending,
      200 * count + 20 * this.#poolBound() + 10_000,
    );
    let inWork = 0;
    for (const { fragments } of users.unsettled) inWork += fragments;
    for (const name of world.providerNames) {
      const row = world.database(name).prepare("SELECT count(*) AS count FROM entries").get();
      this.invariants.bounded(`entries at ${name}`, Number(row?.["count"] ?? 0), 30 * count + 3 * inWork + 1_000);
    }
  }

  /** Three times what the rates say, for a layer that has lost some of its mixes, and room for chance. */
  #poolBound(): number {
    const { parameters, mixesPerLayer } = this.#options.plan;
    const { mail } = parameters.profiles;
    const { users, profile } = this.#options.options;
    const rate = 1.5 * users * parameters.profiles[profile].sendRate;
    // Under the slot clock everybody sends in the first part of the same slot.
    const held = parameters.clock === "slot" ? users : rate * (mail.meanDelay / 1000);
    const expected = held / mixesPerLayer + parameters.minimumPool + 10;
    return 3 * expected + 10 * Math.sqrt(expected) + 50;
  }
}

/** What lines take at most beyond their own time, in milliseconds. */
const delayOf = (faults: readonly Fault[]): number =>
  faults.reduce((sum, fault) => sum + (fault.kind === "delay" ? fault.ms : 0), 0);

const keyOf = (node: Uint8Array): string => Buffer.from(node.buffer, node.byteOffset, 8).toString("latin1");
