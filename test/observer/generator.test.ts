/** The quick generator's times have the law of the full simulation's: whole packets, real nodes, links in memory. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { perSecond, seconds } from "#transport/core/units.ts";
import { entryFrameBytes, POLL_FRAME_BYTES, sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { type Conversation, conversation } from "./generator.ts";
import { mean, samplesDistance } from "./statistics.ts";

const MAIL_BYTES = 60_000;
const MAILS = 8;
const WATCHED_SECONDS = 90;

for (const clock of ["poisson", "slot"] as const) {
  test(`generated times have the law of the full simulation (${clock} clock)`, async () => {
    const parameters = withSlowPolls({ ...SIM_PARAMETERS, clock });
    const full = await simulated(`agree ${clock}`, parameters);
    const { sendRate } = parameters.profiles.mail;
    const duration = 4000 * WATCHED_SECONDS;
    const quick = conversation({
      seed: `agree ${clock}`,
      parameters,
      profile: "mail",
      mail: Array<number>(4000).fill(0),
      duration,
      cover: "on",
      eye: "line",
    });
    assert.ok(full.ways.length > 100, `${full.ways.length} fragments arrived`);
    agree("times between packets", gaps(full.sends), gaps(quick.sends));
    agree("times between polls' answers", gaps(full.entries), gaps(quick.entries));
    agree("ways of packets", full.ways, [...quick.ways]);
    const rate = (quick.sends.length / duration) * 1000;
    assert.ok(Math.abs(rate / sendRate - 1) < 0.05, `${rate} packets a second`);
  });
}

test("the comparison tells another law apart", () => {
  const options = {
    seed: "apart",
    profile: "mail",
    mail: [0, 0, 0],
    duration: 600_000,
    cover: "on",
    eye: "line",
  } as const;
  const [one, other] = (["poisson", "slot"] as const).map((clock) =>
    conversation({ ...options, parameters: { ...SIM_PARAMETERS, clock } }),
  ) as [Conversation, Conversation];
  assert.throws(() => agree("times between packets", gaps(one.sends), gaps(other.sends)));
});

test("without cover nothing leaves but mail, and it is received at once", () => {
  const { sends, real, entries, arrivals, readerSends } = conversation({
    seed: "bare",
    parameters: SIM_PARAMETERS,
    profile: "mail",
    mail: [1_000, 2_000, 3_000],
    duration: 60_000,
    cover: "off",
    eye: "line",
  });
  assert.equal(sends.length, 3);
  assert.deepEqual(arrivals, real);
  assert.equal(entries.length, 3);
  assert.equal(readerSends.length, 0);
  entries.forEach((at, i) => assert.ok(at > (real[i] as number) && at < (real[i] as number) + 500));
});

/** A link keeps the order of what is on it; so few polls seldom have to wait for each other, and the generator's never do. */
function withSlowPolls(parameters: Parameters): Parameters {
  const { profiles } = parameters;
  return { ...parameters, profiles: { ...profiles, mail: { ...profiles.mail, pollRate: perSecond(2) } } };
}

/** Alice sends Bob long mails; what her line, his line and his provider show. */
async function simulated(
  seed: string,
  parameters: Parameters,
): Promise<{ sends: number[]; entries: number[]; ways: number[] }> {
  const stored = new Map<string, number>();
  const left: { tag: string; at: number }[] = [];
  const observer = { entryStored: ({ tag, at }: { tag: Uint8Array; at: number }) => stored.set(toHex(tag), at) };
  const world = await World.create({ seed, parameters, observer });
  const alice = await world.join({
    name: "alice",
    provider: "a",
    observer: { fragmentSent: ({ tags, at }) => left.push({ tag: toHex(tags.at(-1) as Uint8Array), at }) },
  });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  const since = world.clock.now();
  const random = new SeededRandom(seed);
  for (let i = 0; i < MAILS; i++) {
    await world.clock.runUntilSettled(alice.client.send({ to: record, body: random.bytes(MAIL_BYTES) }), seconds(20));
  }
  await world.clock.runFor(seconds(WATCHED_SECONDS));
  await world.stop();
  const sizes = geometry({ suite: parameters.suite, packetBytes: parameters.packetBytes });
  const entries = bob.observer.sightings.filter(({ at, direction, length }) => {
    return at >= since && direction === "in" && length === entryFrameBytes(sizes);
  });
  const polls = bob.observer.out(POLL_FRAME_BYTES, since);
  assert.ok(Math.abs(polls.length - entries.length) <= 5, "each poll has one answer");
  return {
    sends: alice.observer.out(sendFrameBytes(sizes), since),
    entries: entries.map(({ at }) => at),
    ways: left.flatMap(({ tag, at }) => {
      const arrived = stored.get(tag);
      return arrived === undefined ? [] : [arrived - at];
    }),
  };
}

const gaps = (times: ArrayLike<number>): number[] =>
  Array.from(times)
    .slice(1)
    .map((at, i) => at - (times[i] as number));

function agree(what: string, one: readonly number[], other: readonly number[]): void {
  const { distance, critical } = samplesDistance(one, other);
  const means = `means ${mean(one).toFixed(1)} and ${mean(other).toFixed(1)}`;
  assert.ok(distance < critical, `${what}: distance ${distance} of ${one.length} and ${other.length}, ${means}`);
}
