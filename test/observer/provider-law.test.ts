/** What comes into providers, drawn a window at a time, has the law of production's clients and of the full simulation's lines. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { below } from "#transport/core/random.ts";
import { meanInterval, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { CLOCKS, underClock } from "./experiments.ts";
import { startClient } from "./generator.ts";
import { background, BINS_PER_SLOT, drawCounts } from "./provider-bursts.ts";
import { chanceOfRight, nodePackets, type ProviderNetwork } from "./provider-law.ts";
import { QuickClock } from "./quick-clock.ts";
import { QuickRandom } from "./quick-random.ts";
import { mean } from "./statistics.ts";

const PROVIDERS = 2;
const SLOTS = 400;
const SLOT = meanInterval(LIVE_PARAMETERS.profiles.mail.sendRate);
/** Until mixes hold as much as ever, in slots. */
const WARM_UP = 5;

for (const clock of CLOCKS) {
  test(`windows' counts are those of production's clients (${clock} clock)`, () => {
    // Nodes' packets are a Poisson process in both: without them, what clients do is seen better.
    const parameters = { ...underClock(clock), minimumPool: 0, nodeLoopRate: perSecond(0) };
    const network = { parameters, users: 40, providers: PROVIDERS, mixesPerLayer: 2 };
    const experiment = { ...network, seed: "agree", cover: "on", packets: 1, trials: 1 } as const;
    const law = background(experiment);
    const bins = SLOTS * BINS_PER_SLOT;
    const drawn = drawCounts(experiment, law, { bins, random: new QuickRandom(`agree ${clock}`) });
    const sent = countsOfClients(network, law.bin);
    for (let provider = 0; provider < PROVIDERS; provider++) {
      for (let phase = 0; phase < BINS_PER_SLOT; phase++) {
        const [one, other] = [drawn, sent].map((rows) => everyFourth(rows[provider] as Float64Array, phase));
        agree(`provider ${provider}, quarter ${phase}`, one as number[], other as number[]);
      }
    }
    // Where a packet goes is what hides mail: the difference between providers must spread as much.
    const [one, other] = [drawn, sent].map((rows) =>
      spread(bySlot(rows[0]).map((n, i) => n - (bySlot(rows[1])[i] ?? 0))),
    );
    assert.ok(Math.abs((one as number) / (other as number) - 1) < 0.3, `${one} and ${other}`);
  });
}

/** Idle clients, one fewer at the first provider, where the watched one would be. */
function countsOfClients({ parameters, users, providers }: ProviderNetwork, bin: number): Float64Array[] {
  const clock = new QuickClock();
  const rows = Array.from({ length: providers }, () => new Float64Array(SLOTS * BINS_PER_SLOT));
  const paths = new SeededRandom("paths");
  for (let client = 1; client < users; client++) {
    startClient({
      clock,
      parameters,
      profile: "mail",
      cover: "on",
      seed: `idle ${client}`,
      hasMail: () => false,
      onPacket: ({ kind, journey }) => {
        const row = rows[kind === "loop" ? client % providers : below(paths, providers)] as Float64Array;
        const at = Math.floor(journey().arrival / bin) - WARM_UP * BINS_PER_SLOT;
        if (at >= 0 && at < row.length) row[at] = (row[at] as number) + 1;
      },
    });
  }
  clock.runUntil((SLOTS + WARM_UP) * SLOT);
  return rows;
}

const everyFourth = (row: Float64Array, phase: number): number[] =>
  Array.from(row).filter((_, bin) => bin % BINS_PER_SLOT === phase);
const bySlot = (row: Float64Array | undefined): number[] =>
  Array.from({ length: SLOTS }, (_, slot) =>
    (row ?? new Float64Array(0)).subarray(slot * BINS_PER_SLOT, (slot + 1) * BINS_PER_SLOT).reduce((a, b) => a + b, 0),
  );
const spread = (values: readonly number[]): number => mean(values.map((value) => (value - mean(values)) ** 2));

function agree(what: string, one: readonly number[], other: readonly number[]): void {
  const error = Math.sqrt((spread(one) + spread(other)) / one.length);
  assert.ok(
    Math.abs(mean(one) - mean(other)) < 4 * error,
    `${what}: ${mean(one)} and ${mean(other)}, give or take ${error}`,
  );
}

test("the full simulation's lines into providers carry as much, and mail in place of drops", async () => {
  const { profiles } = SIM_PARAMETERS;
  const slowPolls = { ...profiles, mail: { ...profiles.mail, pollRate: perSecond(2) } };
  const world = await World.create({
    seed: "lines into providers",
    // Answers of boxes would come into providers, too, whoever writes.
    parameters: { ...SIM_PARAMETERS, profiles: slowPolls, boxReplies: 0 },
  });
  const into: Record<string, number> = { a: 0, b: 0 };
  const { parameters } = world;
  world.net.onPassage = ({ protocol, from, to, frame }) => {
    if (protocol !== "starling-node/2" || !from.startsWith("mix") || frame.length < parameters.packetBytes) return;
    if (to in into) into[to] = (into[to] as number) + 1;
  };
  const alice = await world.join({ name: "alice", provider: "a" });
  await world.join({ name: "carol", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  await world.clock.runFor(seconds(30));
  const count = async (time: number): Promise<{ a: number; b: number }> => {
    const before = { ...into };
    await world.clock.runFor(milliseconds(time));
    return { a: (into["a"] as number) - (before["a"] ?? 0), b: (into["b"] as number) - (before["b"] ?? 0) };
  };
  const time = 90_000;
  const { sendRate, loopShare, payloadShare } = parameters.profiles.mail;
  const mixesPerLayer = world.mixNames.length / 3;
  const nodes = time * nodePackets({ parameters, users: 3, providers: 2, mixesPerLayer });
  const each = (time / 1000) * sendRate;
  const idle = await count(time);
  const expected = (clientsHere: number): number =>
    nodes + each * (clientsHere * loopShare + (3 * (1 - loopShare)) / 2);
  near("idle, provider a", idle.a, expected(2));
  near("idle, provider b", idle.b, expected(1));
  const body = new SeededRandom("long mail").bytes(1_000_000);
  await world.clock.runUntilSettled(alice.client.send({ to: record, body }), seconds(60));
  await world.clock.runFor(seconds(5));
  const busy = await count(time);
  const more = (each * payloadShare) / 2;
  near("busy, provider a", busy.a, expected(2) - more);
  near("busy, provider b", busy.b, expected(1) + more);
  await world.stop();
});

function near(what: string, count: number, expected: number): void {
  assert.ok(Math.abs(count - expected) < 4 * Math.sqrt(expected), `${what}: ${count} packets, expected ${expected}`);
}

/** A second. */
const nodePacketsOf = (providers: number): number =>
  1000 * nodePackets({ parameters: LIVE_PARAMETERS, users: 1, providers, mixesPerLayer: 2 });

test("nodes' packets into providers are what the specification's table says", () => {
  // Spec 11 §6: 6.6 decoys a second; beside them one loop in 4 s of its own, and of six mixes every second one passes here.
  assert.ok(Math.abs(nodePacketsOf(2) - (6.6 + 0.25 + 0.75)) < 0.05, `${nodePacketsOf(2)}`);
  assert.ok(Math.abs(10 * nodePacketsOf(10) - 15.2) < 0.1, "ten together get as much");
});

test("guessing and knowing have their chances", () => {
  for (const providers of [2, 4, 10]) {
    assert.ok(Math.abs(chanceOfRight(0, providers) - 1 / providers) < 1e-6);
    assert.ok(chanceOfRight(8, providers) > 0.9999);
  }
  // Of two: the normal law's share below 2 / √2.
  assert.ok(Math.abs(chanceOfRight(2, 2) - 0.92135) < 1e-4);
});
