import assert from "node:assert/strict";
import { test } from "node:test";
import { BoxDesk } from "#provider-server/boxes/box-desk.ts";
import type { BoxReader } from "#provider-server/boxes/box-store.ts";
import {
  ANSWER_MADE_BEFORE,
  COLLECT_ANSWERS_WAITING_MAX,
  COLLECTS_PER_READER_WAITING_MAX,
  STRANGE_COLLECT_ANSWERS_WAITING_MAX,
} from "#provider-server/boxes/limits.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { COLLECT_DELAY_MAX } from "#transport/box/limits.ts";
import { type Collected, encodeCollect, encodeOpen } from "#transport/box/requests.ts";
import { toHex } from "#transport/core/bytes.ts";
import { drawDelays } from "#transport/client/boxes/collect-draws.ts";
import type { Clock } from "#transport/core/clock.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { exponential, uniform } from "#transport/core/random.ts";
import {
  keyPeriodNumber,
  mailboxId,
  meanInterval,
  type Milliseconds,
  milliseconds,
  nodeId,
  seconds,
  surbId,
} from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { encodeServiceRequest } from "#transport/sphinx/service-payload.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const suite = await loadSuite("x25519", "native");
const sphinx = new Sphinx({ suite, geometry: geometry({ suite: "x25519", packetBytes: 4096 }) });
const { payloadBytes, sealedBytes, surbBytes, packetBytes } = sphinx.geometry;

const UNKNOWN: Collected = { what: "unknown" };
const NOTHING: Collected = { what: "nothing", next: 1 };
const ENTRY: Collected = { what: "entry", next: 1, number: 1, sealed: new Uint8Array(sealedBytes) };

test("each answer leaves when the request said, to the millisecond, whatever is in the box and however long it took to find", async () => {
  for (const work of [0, 3, ANSWER_MADE_BEFORE]) {
    const seen = [];
    for (const answer of [UNKNOWN, NOTHING, ENTRY]) {
      const s = scene({ answer: () => answer, work: answer === UNKNOWN ? 0 : work });
      for (const delays of [
        [70, 190],
        [1000, 90_000],
        [2 * ANSWER_MADE_BEFORE, COLLECT_DELAY_MAX],
      ]) {
        s.collect(delays);
        await s.clock.runFor(milliseconds(COLLECT_DELAY_MAX + 1000));
      }
      assert.deepEqual(s.drops, []);
      seen.push(s.sent);
    }
    assert.deepEqual(
      seen[0]?.map(({ after }) => after),
      [70, 190, 1000, 90_000, 100, 600_000],
    );
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(seen[2], seen[0]);
  }
});

test("an answer is made shortly before it leaves, from what is there then", async () => {
  const made: number[] = [];
  const s = scene({ answer: () => (made.push(s.clock.now() - s.began), NOTHING) });
  s.collect([20, 1000]);
  await s.clock.runFor(seconds(2));
  assert.deepEqual(made, [0, 1000 - ANSWER_MADE_BEFORE]);
  assert.deepEqual(
    s.sent.map(({ after }) => after),
    [20, 1000],
  );
});

test("an answer that is not ready when it is due never leaves", async () => {
  const s = scene({ answer: () => ENTRY, work: ANSWER_MADE_BEFORE + 1 });
  s.collect([100, 1000]);
  await s.clock.runFor(seconds(3));
  assert.deepEqual(s.sent, []);
  assert.deepEqual(s.drops, ["SERVICE_LATE", "SERVICE_LATE"]);
  assert.equal(s.desk.waiting, 0);
});

test("the first answer goes by the SURB of the frame, the second by that of the body", async () => {
  const s = scene({ answer: () => NOTHING });
  const surbs = s.collect([100, 200]);
  await s.clock.runFor(seconds(1));
  const { headerBytes } = sphinx.geometry;
  assert.deepEqual(
    s.packets.map((packet) => toHex(packet.subarray(0, headerBytes))),
    surbs.map((surb) => toHex(surb.subarray(0, headerBytes))),
  );
});

test("a flood of collects is bounded: one that finds no room for all its answers is dropped whole, and later ones are served", async () => {
  let readers = 0;
  const s = scene({ answer: () => UNKNOWN, asked: () => readerOf(`${readers++}`) });
  const flood = COLLECT_ANSWERS_WAITING_MAX / 2 + 100;
  const request = s.request([60_000, 70_000]);
  for (let i = 0; i < flood; i++) assert.equal(s.desk.handle(request), true);
  assert.equal(s.desk.waiting, COLLECT_ANSWERS_WAITING_MAX);
  assert.deepEqual([...new Set(s.drops)], ["COLLECTS_BUSY"]);
  assert.equal(s.drops.length, 100);
  await s.clock.runFor(seconds(65));
  assert.equal(s.sent.length, COLLECT_ANSWERS_WAITING_MAX / 2);
  s.desk.handle(request);
  assert.equal(s.drops.length, 100, "there is room again");
  s.desk.stop();
  await s.clock.runFor(seconds(100));
  assert.equal(s.sent.length, COLLECT_ANSWERS_WAITING_MAX / 2, "nothing leaves after the end");
});

test("collects from boxes that are none share a quarter of the places, and leave the others to boxes that exist", async () => {
  let reader: BoxReader | undefined;
  const s = scene({ answer: () => NOTHING, asked: () => reader });
  const request = s.request([60_000, 70_000]);
  for (let i = 0; i < COLLECT_ANSWERS_WAITING_MAX; i++) s.desk.handle(request);
  assert.equal(s.desk.waiting, STRANGE_COLLECT_ANSWERS_WAITING_MAX);
  assert.equal(s.desk.waiting, COLLECT_ANSWERS_WAITING_MAX / 4);
  const before = s.drops.length;
  reader = readerOf("alice");
  s.collect([100, 200]);
  await s.clock.runFor(seconds(1));
  assert.deepEqual([s.sent.length, s.drops.length], [2, before]);
  await s.clock.runFor(seconds(80));
  assert.equal(s.desk.waiting, 0);
  reader = undefined;
  s.collect([100, 200]);
  assert.deepEqual([s.desk.waiting, s.drops.length], [2, before], "there is room for strangers again");
});

test("of one reader eight collects wait, far more than it comes to by chance; others are served meanwhile", async () => {
  let name = "alice";
  const s = scene({ answer: () => NOTHING, asked: () => readerOf(name) });
  for (let i = 0; i < 20; i++) s.collect([60_000, 70_000]);
  assert.equal(s.desk.waiting, 2 * COLLECTS_PER_READER_WAITING_MAX);
  assert.deepEqual(s.drops, Array(20 - COLLECTS_PER_READER_WAITING_MAX).fill("COLLECTS_BUSY"));
  name = "bob";
  s.collect([60_000, 70_000]);
  assert.equal(s.desk.waiting, 2 * COLLECTS_PER_READER_WAITING_MAX + 2);
  await s.clock.runFor(seconds(61));
  name = "alice";
  s.collect([60_000, 70_000]);
  assert.equal(s.drops.length, 20 - COLLECTS_PER_READER_WAITING_MAX, "as soon as the first answers have left");
});

test("a program that collects as it does by chance is never told to wait", async () => {
  for (const clock of ["slot", "poisson"] as const) {
    const s = scene({ answer: () => NOTHING, asked: () => readerOf("alice") });
    const chance = new SeededRandom(`drop slots, ${clock}`);
    const { sendRate, dropShare } = LIVE_PARAMETERS.profiles.mail;
    const request = new Map<string, Uint8Array>();
    for (let slot = 0; slot < 10_000; slot++) {
      const mean = meanInterval(sendRate);
      await s.clock.runFor(clock === "slot" ? mean : milliseconds(exponential(chance, mean)));
      if (uniform(chance) >= dropShare) continue;
      const delays = drawDelays(chance, { boxReplies: 2 }, LIVE_PARAMETERS.profiles.mail);
      const key = delays.map((delay) => Math.ceil(delay / 5000) * 5000).join();
      if (!request.has(key)) request.set(key, s.request(key.split(",").map((text, i) => Number(text) + i)));
      s.desk.handle(request.get(key) as Uint8Array);
    }
    assert.deepEqual(s.drops, []);
    assert.ok(s.sent.length > 2800, `${s.sent.length}`);
  }
});

test("what is no collect is left alone, and a collect that is none is dropped without an answer", async () => {
  const s = scene({ answer: () => NOTHING });
  const open = encodeOpen({ secret: new Uint8Array(32) });
  assert.equal(s.desk.handle(s.framed("box", open)), false);
  assert.equal(s.desk.handle(s.framed("echo", Uint8Array.of(2))), false);
  assert.equal(s.desk.handle(new SeededRandom("noise").bytes(payloadBytes)), false);
  assert.deepEqual(s.drops, []);
  for (const delays of [
    [100, 100],
    [200, 100],
    [0, COLLECT_DELAY_MAX + 1],
  ])
    s.collect(delays);
  assert.equal(s.desk.handle(s.framed("box", Uint8Array.of(2))), true);
  await s.clock.runFor(milliseconds(2 * COLLECT_DELAY_MAX));
  assert.deepEqual([s.drops, s.sent, s.desk.waiting], [Array(4).fill("SERVICE_MALFORMED"), [], 0]);
});

test("nothing is promised to a reader whom the disk does not take", async () => {
  const s = scene({ answer: () => NOTHING, asked: () => "DISK_FULL" });
  s.collect([100, 200]);
  await s.clock.runFor(seconds(1));
  assert.deepEqual([s.drops, s.sent], [["DISK_FULL"], []]);
});

const readerOf = (key: string): BoxReader => ({ boxId: mailboxId(new Uint8Array(32)), key });

interface SetUp {
  readonly answer: () => Collected;
  readonly asked?: () => BoxReader | "DISK_FULL" | undefined;
  /** Milliseconds that it takes to find an answer, while the only thread does nothing else. */
  readonly work?: number;
}

function scene({ answer, asked = () => undefined, work = 0 }: SetUp) {
  const clock = new VirtualClock({ start: milliseconds(1e12) });
  const random = new SeededRandom("collects");
  let busyUntil = 0;
  const oneThread: Clock = {
    now: () => milliseconds(Math.max(clock.now(), busyUntil)),
    at: (time, task) => clock.at(milliseconds(Math.max(time, busyUntil)), task),
  };
  const drops: DropReason[] = [];
  const sent: { after: number; bytes: number }[] = [];
  const packets: Uint8Array[] = [];
  const desk = new BoxDesk({
    clock: oneThread,
    sphinx,
    boxReplies: 2,
    delayMax: COLLECT_DELAY_MAX,
    boxes: {
      asked,
      take: () => {
        busyUntil = clock.now() + work;
        return answer();
      },
    },
    padding: random,
    send: (_firstHop, packet) => {
      sent.push({ after: oneThread.now() - s.began, bytes: packet.length });
      packets.push(packet);
      assert.equal(packet.length, packetBytes);
    },
    onDrop: (reason) => drops.push(reason),
  });
  const mixKey = suite.kem.generate(random).publicKey;
  const path = {
    period: keyPeriodNumber(1),
    hops: [{ nodeId: nodeId(random.bytes(32)), mixKey, delay: milliseconds(0) }],
  };
  const mailbox = mailboxId(random.bytes(32));
  const surb = (): Uint8Array => sphinx.createSurb({ path, mailbox, surbId: surbId(random.bytes(16)), random }).surb;
  const framed = (service: string, body: Uint8Array, first = random.bytes(surbBytes)): Uint8Array =>
    encodeServiceRequest(sphinx.geometry, { service, surb: first, body, random });
  const collectOf = (delays: readonly number[], second: Uint8Array): Uint8Array =>
    encodeCollect({
      secret: random.bytes(32),
      readerId: random.bytes(32),
      cursor: 0,
      taken: 0n,
      delays: delays.map((delay): Milliseconds => milliseconds(delay)),
      surbs: [second],
    });
  const s = {
    clock,
    desk,
    drops,
    sent,
    packets,
    began: 0,
    framed,
    request: (delays: readonly number[]): Uint8Array => framed("box", collectOf(delays, surb()), surb()),
    /** The SURBs, in the order of the answers. */
    collect: (delays: readonly number[]): readonly Uint8Array[] => {
      const [first, second] = [surb(), surb()];
      s.began = clock.now();
      assert.equal(desk.handle(framed("box", collectOf(delays, second), first)), true);
      return [first, second];
    },
  };
  return s;
}
