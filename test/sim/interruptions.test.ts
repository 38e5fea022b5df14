/**
 * What happens to a laptop: its lid is closed, the line goes, or swallows everything without a word, the clock is set, the program
 * is restarted. None of it may set off a burst, and what is seen from outside stays the same whether or not its user writes.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransportClientOptions } from "#transport/client/types.ts";
import { TransportClient } from "#transport/client/client.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { POLL_FRAME_BYTES, sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { SendClock, type SendClockOptions } from "#transport/traffic/send-clock.ts";
import { BlackHole } from "#test/support/black-hole.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { Observer } from "./observer.ts";
import type { ClientOptions, SimClient } from "./sim-client.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

const SEND = sendFrameBytes(geometry({ suite: SIM_PARAMETERS.suite, packetBytes: SIM_PARAMETERS.packetBytes }));
const { sendRate, pollRate } = SIM_PARAMETERS.profiles.mail;

interface Means {
  readonly sleeper: Sleeper;
  readonly hole: BlackHole;
}

type Event = (world: World, alice: SimClient, means: Means) => Promise<void>;

/** Each begins 20 s into the watch, after mail was written, and ends before the last 60 s. */
const EVENTS: readonly [string, Event][] = [
  [
    "sleeps for a minute with the line gone",
    async (world, _, { sleeper }) => {
      sleeper.isAsleep = true;
      await world.killNode("a");
      await world.clock.runFor(seconds(60));
      world.startNode("a");
      sleeper.wake();
    },
  ],
  [
    "loses the line three times",
    async (world) => {
      for (let n = 0; n < 3; n++) {
        await world.killNode("a");
        await world.clock.runFor(seconds(4));
        world.startNode("a");
        await world.clock.runFor(seconds(9));
      }
    },
  ],
  [
    "has its line swallow everything without a word",
    async (world, alice, { hole }) => {
      const end = world.clock.now() + 75_000;
      hole.swallow({ listener: "a", key: world.deviceKey("alice") });
      const noticed = await timeUntil(world, () => alice.client.status().state === "provider-down");
      assert.ok(noticed >= 30_000 && noticed < 32_000, `noticed, and said, after ${noticed} ms`);
      const back = await timeUntil(world, () => alice.client.status().state === "mixing");
      assert.ok(back < 10_000, `on the network again ${back} ms later`);
      await world.clock.runUntil(milliseconds(end));
    },
  ],
  [
    "is asleep while its line forgets it",
    async (world, alice, { sleeper, hole }) => {
      const end = world.clock.now() + 120_000;
      sleeper.isAsleep = true;
      await world.clock.runFor(seconds(30));
      hole.swallow({ listener: "a", key: world.deviceKey("alice") });
      await world.clock.runFor(seconds(30));
      sleeper.wake();
      const back = await timeUntil(world, () => alice.client.status().state === "provider-down");
      assert.ok(back < 32_000, `noticed ${back} ms after it woke`);
      await world.clock.runUntil(milliseconds(end));
    },
  ],
  [
    "has its clock put forward by an hour, and back",
    async (world) => {
      world.clockOf("alice").error = 3_600_000;
      await world.clock.runFor(seconds(15));
      world.clockOf("alice").error = 0;
      await world.clock.runFor(seconds(15));
    },
  ],
  [
    "has its clock put back by an hour, and forward",
    async (world) => {
      world.clockOf("alice").error = -3_600_000;
      await world.clock.runFor(seconds(15));
      world.clockOf("alice").error = 0;
      await world.clock.runFor(seconds(15));
    },
  ],
  [
    "is killed and started again",
    async (world, alice) => {
      alice.store.refusal = new Error("killed");
      const stopped = alice.stop();
      // Whatever ending takes, the new process begins at one time.
      await world.clock.runFor(seconds(5));
      await stopped;
      alice.store.refusal = undefined;
      await world.clock.runUntilSettled(alice.start(), seconds(30));
    },
  ],
];

for (const [what, event] of EVENTS) {
  test(`a computer that ${what} looks the same whether or not its user writes, and catches nothing up`, async () => {
    const idle = await watch({ seed: what, writes: false, event });
    const busy = await watch({ seed: what, writes: true, event });
    assert.equal(Observer.difference(idle.observer, busy.observer), undefined);
    assert.ok(busy.carried > 5, `${busy.carried} fragments left`);
    assert.equal(busy.arrived, 2, "and the mail arrives");
    assert.ok(mostIn(idle.observer, SEND, 1_000) <= limit(sendRate), "no burst of packets");
    assert.ok(mostIn(idle.observer, POLL_FRAME_BYTES, 1_000) <= limit(pollRate), "no burst of polls");
  });
}

test("a client that makes up for the slots of a lost line is found out", async () => {
  const [, event] = EVENTS[1] as (typeof EVENTS)[number];
  const idle = await watch({ seed: "catches up", writes: false, event, make: catchesUp });
  const busy = await watch({ seed: "catches up", writes: true, event, make: catchesUp });
  assert.notEqual(Observer.difference(idle.observer, busy.observer), undefined);
});

test("a client that starts at another time when it has mail is found out", async () => {
  const [, event] = EVENTS[6] as (typeof EVENTS)[number];
  const idle = await watch({ seed: "loads first", writes: false, event, make: loadsFirst });
  const busy = await watch({ seed: "loads first", writes: true, event, make: loadsFirst });
  assert.notEqual(Observer.difference(idle.observer, busy.observer), undefined);
});

test("a line between two mixes that swallows everything without a word is dialled anew within 35 seconds, and mail arrives", async () => {
  const hole = new BlackHole();
  const world = await World.create({
    seed: "mixes",
    parameters: { ...SIM_PARAMETERS, minimumPool: 0 },
    suite: noCryptography(),
    nodeLink: (name, link) => hole.meet(name, link),
  });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  await world.clock.runUntil(milliseconds(world.network.genesis + 30_000));
  const [first, second] = layersOf(world);
  const [from, to] = [first?.[0], second?.[0]];
  assert.ok(from !== undefined && to !== undefined && record !== undefined);
  const line = { listener: to.name, key: from.linkKey };

  const died = world.clock.now();
  hole.swallow(line);
  for (let n = 0; n < 12; n++) {
    void alice.client.send({ to: record, body: new SeededRandom(`mail ${n}`).bytes(500) });
    await world.clock.runFor(seconds(1));
  }
  await timeUntil(world, () => hole.passedSince(line) > 0);
  const anew = world.clock.now() - died;
  // Noticed after 25 to 35 s, dialled after half a second, and then a packet has to come.
  assert.ok(anew >= 25_000 && anew < 45_000, `the first packet came ${anew} ms after the line had died`);
  const lost = hole.swallowed(line);
  assert.ok(lost > 5, `${lost} packets were lost on the dead line`);
  await timeUntil(world, () => bob.received.size === 12);
  assert.equal(hole.swallowed(line), lost, "nothing goes into the dead line any more");
  assert.ok(world.clock.now() - died < 180_000, "what was lost came again");
  await world.stop();
});

/** Milliseconds; five minutes at most. */
async function timeUntil(world: World, isSo: () => boolean): Promise<number> {
  const begin = world.clock.now();
  while (!isSo() && world.clock.now() - begin < 300_000) await world.clock.runFor(milliseconds(250));
  return world.clock.now() - begin;
}

/** The mixes of each layer. */
function layersOf(world: World): { name: string; linkKey: Uint8Array }[][] {
  const layers = world.provider("a").mix.current()?.consensus.layers ?? [];
  return layers.map((mixes) =>
    mixes.map(({ nodeId, linkKey }) => ({
      name: world.mixNames.find((name) => equalBytes(world.node(name)?.nodeId ?? NOBODY, nodeId)) ?? "",
      linkKey,
    })),
  );
}

const NOBODY = new Uint8Array(32);

interface Watched {
  readonly observer: Observer;
  readonly arrived: number;
  readonly carried: number;
}

async function watch(o: {
  seed: string;
  writes: boolean;
  event: Event;
  make?: (options: TransportClientOptions) => TransportClient;
}): Promise<Watched> {
  const hole = new BlackHole();
  const world = await World.create({
    seed: o.seed.slice(0, 24),
    parameters: { ...SIM_PARAMETERS, minimumPool: 0 },
    suite: noCryptography(),
    nodeLink: (name, link) => hole.meet(name, link),
  });
  let carried = 0;
  const sleeper = new Sleeper();
  const options: ClientOptions = {
    name: "alice",
    provider: "a",
    observer: { fragmentSent: () => void carried++ },
    make: (given) => {
      const awake = { ...given, clock: sleeper.watch(given.clock) };
      return o.make === undefined ? new TransportClient(awake) : o.make(awake);
    },
  };
  const alice = await world.join(options);
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  await world.clock.runUntil(milliseconds(world.network.genesis + 30_000));
  if (o.writes && record !== undefined) {
    for (const size of [500, 40_000]) {
      const body = new SeededRandom(`${o.seed} ${size}`).bytes(size);
      void alice.client.send({ to: record, body });
    }
  }
  await world.clock.runFor(seconds(2));
  await o.event(world, alice, { sleeper, hole });
  await world.clock.runFor(seconds(60));
  const seen = { observer: alice.observer, arrived: bob.received.size, carried };
  await world.stop();
  return seen;
}

/** More than this of a Poisson stream in one second is seen once in some thousand years. */
function limit(rate: number): number {
  return Math.ceil(rate + 8 * Math.sqrt(rate));
}

function mostIn({ sightings }: Observer, length: number, window: number): number {
  const times = sightings.filter((s) => s.direction === "out" && s.length === length).map(({ at }) => at);
  let most = 0;
  let from = 0;
  times.forEach((time, to) => {
    while ((times[from] as number) < time - window) from++;
    most = Math.max(most, to - from + 1);
  });
  return most;
}

/** A machine that can be asleep: what falls due meanwhile runs all at once when it wakes, as timers do. */
class Sleeper {
  isAsleep = false;
  readonly #due: (() => void)[] = [];

  watch(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      at: (time: Milliseconds, task: () => void): Cancel => {
        let isCancelled = false;
        const run = (): void => {
          if (!isCancelled) task();
        };
        const cancel = clock.at(time, () => (this.isAsleep ? void this.#due.push(run) : run()));
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }

  wake(): void {
    this.isAsleep = false;
    for (const run of this.#due.splice(0)) run();
  }
}

/** "The line was gone for a while, and there is mail: let it out now that it is back." */
class CatchesUp extends TransportClient {
  protected override makeSendClock(options: SendClockOptions): SendClock {
    let missed = 0;
    return new SendClock({
      ...options,
      write: (frame) => {
        const left = options.write(frame);
        if (!left) {
          missed++;
          return false;
        }
        for (; missed > 0 && this.status().queuedFragments > 0; missed--) {
          const extra = options.prepare("payload");
          extra?.settled(options.write(extra.frame));
        }
        return true;
      },
      // A slot that falls into an outage is prepared all the same, so that it counts as missed.
      prepare: (kind) => options.prepare(kind) ?? { frame: new Uint8Array(0), settled: () => undefined },
    });
  }
}

/** "First the queue, then the clocks": the more there is to load, the later they begin. */
class LoadsFirst extends TransportClient {
  readonly #options: TransportClientOptions;

  constructor(options: TransportClientOptions) {
    super(options);
    this.#options = options;
  }

  override async start(): Promise<void> {
    const { clock, store } = this.#options;
    const queued = await store.outgoing();
    const fragments = queued.reduce((sum, message) => sum + message.fragments.length, 0);
    await new Promise<void>((resolve) => {
      clock.at(milliseconds(clock.now() + 5 * fragments), resolve);
    });
    await super.start();
  }
}

const catchesUp = (options: TransportClientOptions): TransportClient => new CatchesUp(options);
const loadsFirst = (options: TransportClientOptions): TransportClient => new LoadsFirst(options);
