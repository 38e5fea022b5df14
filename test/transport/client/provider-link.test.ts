import assert from "node:assert/strict";
import { test } from "node:test";
import { REDIAL_MEAN } from "#transport/client/limits.ts";
import { ProviderLink } from "#transport/client/provider-link.ts";
import { milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { BlackHole } from "#test/support/black-hole.ts";
import { MemoryLinks } from "#test/support/memory-links.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

const sizes = geometry(SIM_PARAMETERS);
const CLIENT = new Uint8Array(32).fill(2);
const PROVIDER = { address: "provider.test:1", linkKey: new Uint8Array(32).fill(1) };

test("each poll opens the door for one entry; a provider that sends one more loses its link, and the entry is not looked at", async () => {
  const { clock, link, taken, give, dials } = await setUp();
  link.poll(0);
  link.poll(0);
  for (let i = 0; i < 2; i++) give();
  await clock.runFor(milliseconds(100));
  assert.equal(taken.length, 2);
  assert.equal(link.state, "up");
  give();
  await clock.runFor(milliseconds(100));
  assert.equal(taken.length, 2);
  assert.equal(link.state, "down");
  await clock.runFor(seconds(60));
  assert.equal(dials(), 2);
});

test("polls of a link that is gone are not answered on the next one", async () => {
  const { clock, link, taken, give, hangUp } = await setUp();
  link.poll(0);
  hangUp();
  await clock.runFor(seconds(60));
  assert.equal(link.state, "up");
  give();
  await clock.runFor(milliseconds(100));
  assert.deepEqual(taken, []);
});

for (const [profile, mean, least, most] of [
  ["mail", 15, 60, 60],
  ["chat", 0.75, 30, 31],
] as const) {
  test(`a line that died without a word is given up and dialled anew: polls of the ${profile} profile that find no answer`, async () => {
    const { clock, link, dials, die, give } = await setUp();
    for (let n = 0; n < 10; n++) {
      link.poll(0);
      give();
      await clock.runFor(seconds(mean));
    }
    assert.equal(link.state, "up");
    die();
    const died = clock.now();
    while (link.state === "up") {
      link.poll(0);
      if (link.state === "up") await clock.runFor(seconds(mean));
    }
    const noticed = (clock.now() - died) / 1000;
    assert.ok(noticed >= least && noticed <= most, `${noticed} s`);
    await clock.runFor(seconds(30));
    assert.equal(link.state, "up");
    assert.equal(dials(), 2);
  });
}

test("a slow line that lives is kept: one answer to three polls, or a list of nodes that comes piece by piece instead", async () => {
  const { clock, link, dials, give, givePart } = await setUp();
  link.send({ type: "getConsensus", epoch: "current" });
  for (const answer of [give, givePart]) {
    for (let n = 0; n < 60; n++) {
      link.poll(0);
      if (n % 3 === 0) answer();
      await clock.runFor(seconds(15));
    }
    for (let n = 0; n < 600; n++) {
      link.poll(0);
      if (n % 38 === 0) answer();
      await clock.runFor(milliseconds(750));
    }
  }
  assert.equal(dials(), 1);
  assert.equal(link.state, "up");
});

test("a computer that slept, or whose clock was put forward, does not take its own deafness for a dead line", async () => {
  const { clock, link, dials, give } = await setUp();
  for (const asleep of [10, 3600, 86_400]) {
    link.poll(0);
    await clock.runFor(seconds(asleep));
    // The first ticks come before what lay in the socket meanwhile is read.
    for (let n = 0; n < 3; n++) link.poll(0);
    give();
    await clock.runFor(seconds(1));
  }
  assert.equal(dials(), 1);
});

test("a line that never answered does not count as a good one: the waits before the next grow", async () => {
  const { clock, link, dials, die } = await setUp();
  for (let lives = 1; lives <= 8; lives++) {
    die();
    while (dials() === lives) {
      link.poll(0);
      await clock.runFor(seconds(15));
    }
  }
  // Eight lives of a minute would be 480 s with waits of a second.
  assert.ok(clock.now() > 700_000, `${clock.now()}`);
});

test("a line that its other end closes, or that dies without a word, is unsteady at the sixth time; one that the program stops and starts is not", async () => {
  const { clock, link, dials, give, hangUp, die } = await setUp();
  for (let n = 0; n < 20; n++) {
    link.stop();
    link.start();
    await clock.runFor(seconds(90));
    assert.deepEqual([link.state, link.isUnsteady], ["up", false]);
  }
  const before = dials();
  for (let n = 0; n < 6; n++) {
    assert.equal(link.isUnsteady, false);
    link.poll(0);
    give();
    await clock.runFor(seconds(70));
    if (n % 2 === 0) hangUp();
    else die();
    while (dials() === before + n) {
      link.poll(0);
      await clock.runFor(seconds(15));
    }
  }
  assert.deepEqual([link.state, link.isUnsteady], ["up", true]);
  link.stop();
  assert.equal(link.isUnsteady, false);
});

test("a line that is down is dialled again after a random time: who cuts many lines at once does not see them come back together", async () => {
  const waits: number[] = [];
  for (let n = 0; n < 300; n++) {
    const clock = new VirtualClock();
    const dials: number[] = [];
    const dial = (): Promise<Link> => {
      dials.push(clock.now());
      return Promise.reject(new Error("nobody is there"));
    };
    const link = new ProviderLink({
      clock,
      random: new SeededRandom(`redial ${n}`),
      dialer: { dial },
      provider: PROVIDER,
      sizes,
      onFrame: nothing,
      onChange: nothing,
      onSteady: nothing,
    });
    link.start();
    await clock.runWhile(() => dials.length < 2, seconds(60));
    link.stop();
    const [first, second] = dials as [number, number];
    waits.push((second - first) / REDIAL_MEAN);
  }
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  const deviation = Math.sqrt(waits.reduce((sum, wait) => sum + (wait - mean) ** 2, 0) / waits.length);
  assert.ok(Math.abs(mean - 1) < 0.2 && Math.abs(deviation - 1) < 0.3, `an exponential's: ${mean}, ${deviation}`);
});

test("without polls, as before an account is made, a question that found no answer gives the line up", async () => {
  const { clock, link, dials, give } = await setUp();
  const asked = clock.now();
  link.poll(0);
  await clock.runFor(seconds(20));
  link.unheard(asked);
  assert.equal(link.state, "up", "who polls finds out by that");
  give();
  const other = await setUp();
  other.link.send({ type: "control", body: new Uint8Array(1) });
  const since = other.clock.now();
  await other.clock.runFor(seconds(20));
  other.link.unheard(since);
  assert.equal(other.link.state, "down");
  await other.clock.runFor(seconds(30));
  assert.equal(other.dials(), 2);
  assert.equal(dials(), 1);
});

const nothing = (): void => undefined;

async function setUp() {
  const clock = new VirtualClock();
  const links = new MemoryLinks({ clock, latency: milliseconds(5) });
  const accepted: Link[] = [];
  const hole = new BlackHole();
  links.listen({
    address: PROVIDER.address,
    key: PROVIDER.linkKey,
    accept: (met) => {
      const link = hole.meet("provider", met);
      accepted.push(link);
      link.onFrame(() => undefined);
    },
  });
  const taken: Frame[] = [];
  const link = new ProviderLink({
    clock,
    random: new SeededRandom("provider link"),
    dialer: links.dialer(CLIENT),
    provider: PROVIDER,
    sizes,
    onFrame: (frame) => taken.push(frame),
    onChange: () => undefined,
    onSteady: () => undefined,
  });
  link.start();
  await clock.runFor(seconds(1));
  const body = new Uint8Array(sizes.payloadBytes);
  const entry = encodeFrame(
    { type: "entry", cursor: 1, kind: "fragment", surbId: surbId(new Uint8Array(16)), body },
    sizes,
  );
  /** The provider sends an entry. */
  const give = (): void => void accepted.at(-1)?.send(entry);
  const part = encodeFrame(
    { type: "consensusPart", time: milliseconds(0), index: 0, count: 2, part: new Uint8Array(1) },
    sizes,
  );
  const givePart = (): void => void accepted.at(-1)?.send(part);
  const hangUp = (): void => accepted.at(-1)?.close();
  const die = (): void => hole.swallow({ listener: "provider", key: CLIENT });
  return { clock, link, taken, give, givePart, hangUp, die, dials: () => accepted.length };
}
