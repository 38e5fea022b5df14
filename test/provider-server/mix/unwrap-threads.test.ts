/** The threads that unwrap: the same answers as one thread, keys that go when they must, and what happens when one dies. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { UnwrapThreads, type UnwrapThreadsDependencies } from "#provider-server/mix/unwrapping/unwrap-threads.ts";
import { Source } from "#provider-server/mix/sources.ts";
import { Log } from "#provider-server/observe/log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { until } from "#test/support/until.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { type KeyPeriod, keyPeriodNumber, type Milliseconds, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import type { Unwrapped } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const suite = await loadSuite("xwing", "native");
const sphinx = new Sphinx({ suite, geometry: geometry({ suite: "xwing", packetBytes: 8192 }) });
const random = new SeededRandom("unwrap threads");
const self = nodeId(random.bytes(32));
const [five, six] = [keyPeriodNumber(5), keyPeriodNumber(6)];
const keys = new Map([five, six].map((period) => [period, suite.kem.generate(random)]));

test("what threads make of packets is what one thread makes of them, whatever they are", async (t) => {
  const { threads, came, clock } = startThreads(t, { threads: 2 });
  const commands = ["forward", "mailbox", "service", "drop", "loop"] as const;
  const packets = Array.from({ length: 60 }, (_, i) => packet(i % 2 === 0 ? five : six, commands[i % 5]));
  const damaged = packet(five, "forward");
  damaged[4000] = (damaged[4000] as number) ^ 1; // in what the MAC covers
  packets.push(damaged, packet(keyPeriodNumber(6), "mailbox").fill(0, 0, 1));
  packets.forEach((each, i) => assert.equal(threads.submit(each, at(i)), undefined));
  await until(clock, () => came.length === packets.length);
  const opened = new Map([...keys].map(([period, { privateKey }]) => [period, suite.kem.open(privateKey)]));
  for (const { unwrapped, arrival } of came) {
    const alone = refusedIsUndefined(() => sphinx.unwrap(packets[arrival] as Uint8Array, opened, self));
    assert.deepEqual(unwrapped, alone, `packet ${arrival}`);
  }
  assert.equal(new Set(came.map(({ arrival }) => arrival)).size, packets.length, "each once, with its own arrival");
  assert.equal(came.filter(({ unwrapped }) => unwrapped === undefined).length, 2);
});

test("an erased key is gone from the memory that threads share, and none of them opens a packet with it again", async (t) => {
  const { threads, came, clock, shared } = startThreads(t, { threads: 2 });
  for (const period of [five, six]) threads.submit(packet(period, "forward"), at(0));
  await until(clock, () => came.length === 2);
  const secret = keys.get(five)?.privateKey as Uint8Array;
  assert.notEqual(Buffer.from(shared()).indexOf(secret), -1);
  threads.eraseKey(five);
  assert.equal(Buffer.from(shared()).indexOf(secret), -1, "wiped before anything else happens");
  await until(clock, () => threads.haveLetGo);
  for (let i = 0; i < 20; i++) threads.submit(packet(i % 2 === 0 ? five : six, "forward"), at(i));
  await until(clock, () => came.length === 22);
  for (const { unwrapped, arrival } of came.slice(2)) assert.equal(unwrapped === undefined, arrival % 2 === 0);
  await threads.stop();
  assert.ok(
    shared().every((byte) => byte === 0 || byte === 5 || byte === 6),
    "nothing but period numbers is left",
  );
});

test("each thread wipes what it has made of an erased key, and of all others when it stops", async (t) => {
  const wiped = new Int32Array(new SharedArrayBuffer(4));
  const { threads, came, clock } = startThreads(t, {
    threads: 1,
    startWorker: (data) =>
      new Worker(new URL("../../support/watched-unwrap-worker.ts", import.meta.url), {
        workerData: { ...data, wiped, wipedBytes: EXPANDED_BYTES },
      }),
  });
  for (const period of [five, six]) threads.submit(packet(period, "forward"), at(0));
  await until(clock, () => came.length === 2);
  const before = Atomics.load(wiped, 0);
  threads.eraseKey(five);
  await until(clock, () => threads.haveLetGo);
  assert.equal(Atomics.load(wiped, 0) - before, 1);
  await threads.stop();
  assert.equal(Atomics.load(wiped, 0) - before, 2);
});

test("when too many packets wait, the next one is not taken, and those that wait are not lost", async (t) => {
  const { threads, came, clock } = startThreads(t, {
    threads: 1,
    slots: 4,
    startWorker: () => new Worker("setInterval(() => {}, 2 ** 30)", { eval: true }), // takes nothing
  });
  for (let i = 0; i < 4; i++) assert.equal(threads.submit(packet(five, "forward"), at(i)), undefined);
  assert.equal(threads.submit(packet(five, "forward"), at(4)), "UNWRAP_BACKLOG");
  assert.equal(threads.waiting, 4);
  assert.equal(came.length, 0);
  // It does not hear that it should stop, and is ended.
  const stopped = threads.stop();
  let isStopped = false;
  void stopped.then(() => (isStopped = true));
  await until(clock, () => isStopped);
});

for (const changes of [1, 2, 3])
  test(`a thread that dies takes only the packet it had, at change ${changes} to what is shared; the log says why, and another follows`, async (t) => {
    let started = 0;
    const { threads, came, clock, lost, lines } = startThreads(t, {
      threads: 1,
      slots: 2,
      startWorker: (data) => {
        const file = started++ === 0 ? FAILING : REAL;
        return new Worker(new URL(file, import.meta.url), { workerData: { ...data, changes } });
      },
    });
    for (let i = 0; i < 2; i++) threads.submit(packet(five, "forward"), at(i));
    await until(clock, () => lost() === 1);
    assert.equal(threads.submit(packet(five, "forward"), at(2)), undefined, "the slot is free again");
    await until(clock, () => came.length === 2 && threads.waiting === 0);
    assert.deepEqual({ lost: lost(), started }, { lost: 1, started: 2 });
    assert.deepEqual(
      came.map(({ arrival }) => arrival),
      [1, 2],
    );
    assert.match(
      lines.join("\n"),
      /a thread that unwraps has ended, another follows: a planted fault thread=0 wait=1000/,
    );
  });

test("one source takes two thirds of the slots, and has them again when its packets are unwrapped or lost", async (t) => {
  let isWorking = false;
  const { threads, came, clock, lost } = startThreads(t, {
    threads: 1,
    slots: 8,
    startWorker: (data) => {
      if (isWorking) return new Worker(new URL(REAL, import.meta.url), { workerData: data });
      isWorking = true;
      return new Worker(new URL(FAILING, import.meta.url), { workerData: { ...data, changes: 2 } });
    },
  });
  const greedy = new Source();
  const arrival = milliseconds(0);
  const answers = Array.from({ length: 8 }, () => threads.submit(packet(five, "forward"), { arrival, source: greedy }));
  assert.deepEqual(answers.filter((answer) => answer === undefined).length, 6);
  assert.deepEqual(answers.slice(6), ["SOURCE_SHARE", "SOURCE_SHARE"]);
  assert.equal(threads.submit(packet(five, "forward"), at(1)), undefined, "somebody else finds room");
  await until(clock, () => came.length + lost() === 7);
  assert.deepEqual([lost(), greedy.waiting], [1, 0]);
});

/** Each from a source of its own. */
const at = (time: number) => ({ arrival: milliseconds(time), source: new Source() });

/** X-Wing's seed becomes one of ML-KEM and a scalar. */
const EXPANDED_BYTES = 64 + 32;
const FAILING = "../../support/failing-unwrap-worker.ts";
const REAL = "../../../provider-server/mix/unwrapping/worker.ts";

function startThreads(t: TestContext, o: Pick<UnwrapThreadsDependencies, "threads" | "slots" | "startWorker">) {
  const clock = new VirtualClock({ taskLimit: 2 ** 40 });
  const lines: string[] = [];
  const came: { unwrapped: Unwrapped | undefined; period: KeyPeriod; arrival: Milliseconds }[] = [];
  let memory: SharedArrayBuffer | undefined;
  let lost = 0;
  const startWorker: UnwrapThreadsDependencies["startWorker"] = (data) => {
    memory = data.keys;
    return o.startWorker?.(data) ?? new Worker(new URL(REAL, import.meta.url), { workerData: data });
  };
  const threads = new UnwrapThreads({
    ...o,
    startWorker,
    clock,
    log: new Log({ clock, sink: (line) => lines.push(line) }),
    nodeId: self,
    geometry: sphinx.geometry,
    onUnwrapped: (unwrapped, { period, arrival }) => void came.push({ unwrapped: owned(unwrapped), period, arrival }),
    onLost: () => lost++,
  });
  for (const [period, { privateKey }] of keys) threads.putKey(period, privateKey);
  t.after(() => threads.stop());
  return { threads, came, clock, lines, lost: () => lost, shared: () => new Uint8Array(memory as SharedArrayBuffer) };
}

/** What is lent is copied. */
function owned(unwrapped: Unwrapped | undefined): Unwrapped | undefined {
  if (unwrapped === undefined) return undefined;
  return unwrapped.kind === "forward"
    ? { ...unwrapped, packet: new Uint8Array(unwrapped.packet) }
    : { ...unwrapped, payload: new Uint8Array(unwrapped.payload) };
}

function packet(
  period: KeyPeriod,
  command: "forward" | "mailbox" | "service" | "drop" | "loop" = "forward",
): Uint8Array {
  const mixKey = keys.get(period)?.publicKey as Uint8Array;
  const hop = { nodeId: self, mixKey, delay: milliseconds(1000) };
  const hops = command === "forward" ? [hop, { ...hop, nodeId: nodeId(random.bytes(32)) }] : [hop];
  const destination = { command: command === "forward" ? "drop" : command, recipient: random.bytes(32) } as const;
  const payload = random.bytes(sphinx.geometry.payloadBytes);
  return sphinx.wrap({ path: { period, hops }, destination, payload, random }).packet;
}

function refusedIsUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
