/**
 * Somebody on one client's line cuts it, or holds back what passes, at moments of his choice, and watches what the client does:
 * when it notices, when it dials again, what it sends then. docs/spec/05-link.md §4.1
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BlackHole } from "#test/support/black-hole.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { Observer } from "#test/sim/observer.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { TransportClient } from "#transport/client/client.ts";
import type { TransportClientOptions } from "#transport/client/types.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { POLL_FRAME_BYTES, sendFrameBytes } from "#transport/link/frame-table.ts";
import type { Dialer } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const SEND = sendFrameBytes(geometry({ suite: SIM_PARAMETERS.suite, packetBytes: SIM_PARAMETERS.packetBytes }));
const { sendRate, pollRate } = SIM_PARAMETERS.profiles.mail;

interface Adversary {
  readonly world: World;
  /** From now on nothing passes on the connection that there is. */
  readonly cut: () => void;
  /** Added to the way of each frame, both ways, from now on. */
  readonly delay: (ms: number) => void;
}

type Attack = (adversary: Adversary) => Promise<void>;

/** Noticed after half a minute, in which some hundred packets are lost. */
const cuts: Attack = async ({ world, cut }) => {
  cut();
  await world.clock.runFor(seconds(36));
};

const cutsTwice: Attack = async (adversary) => {
  await cuts(adversary);
  await cuts(adversary);
};

const delays: Attack = async ({ world, delay }) => {
  delay(3_000);
  await world.clock.runFor(seconds(10));
  delay(0);
  await world.clock.runFor(seconds(5));
  delay(45_000);
  await world.clock.runFor(seconds(40));
  delay(0);
};

for (const [what, attack, dials] of [
  ["cuts one client's line, and the next one", cutsTwice, 3],
  ["holds back one client's line, for seconds and for longer than the client waits", delays, 2],
] as const) {
  test(`who ${what} sees the same whether or not its user writes, and no burst after it`, async () => {
    const idle = await watch({ writes: false, attack });
    const busy = await watch({ writes: true, attack });
    assert.equal(Observer.difference(idle.observer, busy.observer), undefined);
    assert.ok(busy.carried > 5 && idle.carried === 0, `${busy.carried} fragments left`);
    assert.ok(idle.dialled.length >= dials, `dialled at ${idle.dialled.join(" ")}`);
    assert.deepEqual(idle.dialled, busy.dialled, "and dials again at the same times");
    assert.ok(most(idle.observer, SEND) <= limit(sendRate), "no burst of packets");
    assert.ok(most(idle.observer, POLL_FRAME_BYTES) <= limit(pollRate), "no burst of polls");
    assert.equal(busy.arrived, 2, "all that was won is that the mail came later");
  });
}

test("a client that hurries to dial again when there is mail is found out", async () => {
  const [idle, busy] = [
    await watch({ writes: false, attack: cuts, after: 5, make: hurries(false) }),
    await watch({ writes: true, attack: cuts, after: 5, make: hurries(true) }),
  ];
  assert.notEqual(Observer.difference(idle.observer, busy.observer), undefined);
});

interface Watched {
  readonly observer: Observer;
  /** Milliseconds since the network began. */
  readonly dialled: readonly number[];
  readonly carried: number;
  readonly arrived: number;
}

async function watch(o: {
  writes: boolean;
  attack: Attack;
  /** Seconds for what was lost to come again. */
  after?: number;
  make?: (options: TransportClientOptions) => TransportClient;
}): Promise<Watched> {
  const hole = new BlackHole();
  const dialled: number[] = [];
  let carried = 0;
  const made: { world?: World } = {};
  const world = await World.create({
    seed: "cut line",
    parameters: { ...SIM_PARAMETERS, minimumPool: 0 },
    suite: noCryptography(),
    nodeLink: (name, link) => {
      const { world: there } = made;
      if (there !== undefined && equalBytes(link.peer.key, there.deviceKey("alice")))
        dialled.push(there.clock.now() - there.network.genesis);
      return hole.meet(name, link);
    },
  });
  made.world = world;
  const alice = await world.join({
    name: "alice",
    provider: "a",
    observer: { fragmentSent: () => void carried++ },
    ...(o.make === undefined ? {} : { make: o.make }),
  });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  await world.clock.runUntil(milliseconds(world.network.genesis + 30_000));
  if (o.writes && record !== undefined) {
    for (const size of [500, 40_000]) {
      void alice.client.send({ to: record, body: new SeededRandom(`${size}`).bytes(size) });
    }
  }
  await world.clock.runFor(seconds(2));
  let delay = 0;
  world.net.line = (from, to) => ({ cut: false, delay: isHers(from, to) || isHers(to, from) ? delay : 0 });
  await o.attack({
    world,
    cut: () => hole.swallow({ listener: "a", key: world.deviceKey("alice") }),
    delay: (ms) => void (delay = ms),
  });
  await world.clock.runFor(seconds(o.after ?? 60));
  const seen = { observer: alice.observer, dialled, carried, arrived: bob.received.size };
  await world.stop();
  return seen;
}

const isHers = (one: string, other: string): boolean => one === "alice" && other === "a";

/** The most in one second, of frames that leave. */
function most(observer: Observer, length: number): number {
  const times = observer.out(length);
  return Math.max(...times.map((time, from) => times.filter((other, to) => to >= from && other < time + 1_000).length));
}

/** More than this of a Poisson stream in one second is seen once in some thousand years. */
function limit(rate: number): number {
  return Math.ceil(rate + 8 * Math.sqrt(rate));
}

/** "There is mail under way: try at once. Without any there is no hurry." */
const hurries =
  (hasMail: boolean) =>
  (options: TransportClientOptions): TransportClient => {
    const { clock, dialer } = options;
    let dials = 0;
    const unhurried: Dialer = {
      dial: async (target) => {
        const wait = dials++ === 0 || hasMail ? 0 : 400;
        if (wait > 0) await new Promise<void>((resolve) => void clock.at(milliseconds(clock.now() + wait), resolve));
        return dialer.dial(target);
      },
    };
    return new TransportClient({ ...options, dialer: unhurried });
  };
