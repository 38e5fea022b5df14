import assert from "node:assert/strict";
import { test } from "node:test";
import { AccountTables, type StoredAccount } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { HAVE_HASHES_MAX } from "#provider-server/mailbox/limits.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { echoService } from "#provider-server/services/echo.ts";
import { haveService } from "#provider-server/services/have.ts";
import { keysService } from "#provider-server/services/keys.ts";
import {
  ANSWER_DELAY_MAX,
  ANSWER_TIME,
  ANSWERS_WAITING_MAX,
  HAVE_BUDGET,
  HAVE_SHORT_HASHES_MAX,
  HAVE_WAITING_MAX,
} from "#provider-server/services/limits.ts";
import type { Service } from "#provider-server/services/service.ts";
import { ServiceDesk } from "#provider-server/services/service-desk.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { Writer } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import { keyPeriodNumber, mailboxId, milliseconds, nodeId, seconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

test("a flood of requests is bounded: the rest is dropped, and later ones are served again", async () => {
  const desk = await setUp();
  for (let i = 0; i < 3000; i++) desk.ask("echo", Uint8Array.of(1));
  assert.equal(desk.drops.filter((reason) => reason === "SERVICE_BUSY").length, 3000 - ANSWERS_WAITING_MAX);
  await desk.clock.runFor(LONGEST);
  assert.equal(desk.sent.length, ANSWERS_WAITING_MAX);
  desk.ask("echo", Uint8Array.of(1));
  await desk.clock.runFor(LONGEST);
  assert.equal(desk.sent.length, ANSWERS_WAITING_MAX + 1);
});

test("a flood of `have`, which needs no token, leaves the other services their places", async () => {
  const desk = await setUp();
  for (let i = 0; i < ANSWERS_WAITING_MAX; i++) desk.ask("have", askFor(desk.existing));
  assert.equal(desk.drops.length, ANSWERS_WAITING_MAX - HAVE_WAITING_MAX);
  for (let i = HAVE_WAITING_MAX; i < ANSWERS_WAITING_MAX; i++) desk.ask("echo", Uint8Array.of(1));
  assert.equal(desk.drops.length, ANSWERS_WAITING_MAX - HAVE_WAITING_MAX, "all of them were taken");
  await desk.clock.runFor(LONGEST);
  assert.equal(desk.sent.length, ANSWERS_WAITING_MAX);
});

test("a flood of long questions for `have` is looked up no faster than its budget, and short ones find their answers", async () => {
  const desk = await setUp();
  const most = Math.floor(HAVE_BUDGET.burst / LONG_HASHES);
  const flood = (): void => {
    for (let n = 0; n < most + 50; n++) desk.ask("have", askFor(desk.existing, LONG_HASHES));
  };
  flood();
  assert.deepEqual(desk.drops, Array(50).fill("SERVICE_BUSY"));
  desk.ask("have", askFor(desk.existing, HAVE_SHORT_HASHES_MAX));
  assert.equal(desk.drops.length, 50, "a short one was taken");
  await desk.clock.runFor(LONGEST);
  assert.equal(desk.sent.length, most + 1);
  flood();
  await desk.clock.runFor(LONGEST);
  assert.equal(desk.sent.length, 2 * most + 1, "after a second there is as much again, and no more");
});

test("a long question is charged for what it is looked up for: what is longer than any question is no question, and costs nothing", () => {
  const clock = new VirtualClock();
  const { takes } = haveService({ clock, mailboxes: { have: () => [] } });
  const asked = (hashes: number): boolean | undefined => takes?.(askFor(new Uint8Array(32), hashes));
  for (let n = 0; n < 1000; n++) assert.ok(asked(HAVE_HASHES_MAX + 1));
  const taken = Array.from({ length: 1000 }, () => asked(HAVE_HASHES_MAX)).filter(Boolean).length;
  assert.equal(taken, Math.floor(HAVE_BUDGET.burst / HAVE_HASHES_MAX));
  for (let n = 0; n < 1000; n++) assert.ok(asked(HAVE_SHORT_HASHES_MAX));
  assert.equal(asked(HAVE_HASHES_MAX), false);
});

test("a mailbox that does not exist cannot be told from one that has none of the fragments", async () => {
  const desk = await setUp();
  const outcomes = await Promise.all(
    [desk.existing, new Uint8Array(32).fill(9)].map((box) => desk.probe("have", askFor(box))),
  );
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test("a name that does not exist cannot be told from one without a record", async () => {
  const desk = await setUp();
  const outcomes = await Promise.all(
    ["alice@a.example", "eve@a.example"].map((name) => desk.probe("keys", new Writer().text16(name).finish())),
  );
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test("who does not hold its key cannot tell from an answer whether a name has a record: as long, as late, as many packets", async () => {
  // Each at a desk that draws the same waits.
  const outcomes = await Promise.all(
    ["bob@a.example", "eve@a.example"].map(async (name) => {
      const desk = await setUp();
      const { body } = await desk.probe("keys", new Writer().text16(name).finish());
      return { found: (await body)?.[0], sent: desk.sent };
    }),
  );
  assert.deepEqual(
    outcomes.map(({ found }) => found),
    [1, 0],
  );
  assert.equal(outcomes[0]?.sent.length, 1);
  assert.deepEqual(outcomes[0]?.sent, outcomes[1]?.sent);
});

test("a request that was changed on its way, which makes noise of all of it (packet-tagging), is not answered", async () => {
  const desk = await setUp();
  for (let n = 0; n < 4; n++) desk.handle("echo", new SeededRandom(`noise ${n}`).bytes(desk.payloadBytes));
  await desk.clock.runFor(LONGEST);
  assert.deepEqual(desk.sent, []);
  assert.deepEqual(desk.drops, Array(4).fill("SERVICE_MALFORMED"));
});

test("without a token that is worth something a service is not asked and nothing leaves; only `have` takes none", async () => {
  const spent: number[] = [];
  const spend = (token: Uint8Array): DropReason | undefined => {
    spent.push(token.length);
    return token.every((byte) => byte === 0) ? "TOKEN_INVALID" : "TOKEN_SPENT";
  };
  const desk = await setUp({ spend });
  for (const service of ["echo", "keys", "slow", "later"]) desk.ask(service, Uint8Array.of(1));
  desk.ask("have", askFor(desk.existing));
  await desk.clock.runFor(seconds(10));
  assert.deepEqual(desk.drops, Array(4).fill("TOKEN_INVALID"));
  assert.equal(spent.length, 4);
  assert.equal(desk.asked(), 0, "no work was done");
  assert.equal(desk.sent.length, 1);
});

test("an answer leaves at the same time whatever the work took, and one that is not ready by then never leaves", async () => {
  const quick = await waits(await setUp(), "echo");
  assert.ok(quick.some((wait) => wait < ANSWER_TIME + 40) && quick.some((wait) => wait > 400), "waits vary");
  assert.ok(
    quick.every((wait) => wait >= ANSWER_TIME),
    "none leaves before the slowest answer would be ready",
  );
  // The slow service's clock runs on while it works.
  assert.deepEqual(await waits(await setUp({ work: ANSWER_TIME }), "slow"), quick);
  for (const work of [1, 20, ANSWER_TIME]) assert.deepEqual(await waits(await setUp({ work }), "later"), quick);
  const late = await setUp({ work: 20 * ANSWER_TIME });
  const came = await waits(late, "later");
  const due = quick.filter((wait) => wait > 20 * ANSWER_TIME);
  assert.deepEqual(came, due);
  assert.deepEqual(late.drops, Array(50 - due.length).fill("SERVICE_LATE"));
});

test("a service that is slow or floods its places takes none from the others", async () => {
  const desk = await setUp({ work: 1e6 });
  for (let i = 0; i < 20; i++) desk.ask("later", Uint8Array.of(1));
  assert.deepEqual(desk.drops, Array(20 - LATER_WAITING_MAX).fill("SERVICE_BUSY"));
  desk.ask("echo", Uint8Array.of(1));
  await desk.clock.runFor(seconds(10));
  assert.equal(desk.sent.length, 1);
  for (let i = 0; i < LATER_WAITING_MAX; i++) desk.ask("later", Uint8Array.of(1));
  assert.equal(
    desk.drops.filter((reason) => reason === "SERVICE_BUSY").length,
    20 - LATER_WAITING_MAX,
    "its places are free again",
  );
});

/** No answer leaves later than this after its request. */
const LONGEST = milliseconds(ANSWER_TIME + ANSWER_DELAY_MAX);
const LATER_WAITING_MAX = 8;
/** As many as a request of this network holds, or somewhat fewer. */
const LONG_HASHES = 128;

const askFor = (box: Uint8Array, hashes = 3): Uint8Array =>
  new Writer()
    .raw(box)
    .u16(hashes)
    .raw(new Uint8Array(16 * hashes))
    .finish();

async function waits(desk: Awaited<ReturnType<typeof setUp>>, service: string): Promise<number[]> {
  for (let i = 0; i < 50; i++) {
    desk.ask(service, Uint8Array.of(1));
    await desk.clock.runFor(seconds(10));
  }
  return desk.sent.map(({ wait }) => Math.round(wait * 1000) / 1000);
}

async function setUp(options: { work?: number; spend?: (token: Uint8Array) => DropReason | undefined } = {}) {
  const clock = new VirtualClock({ start: milliseconds(1e12) });
  const suite = await loadSuite("x25519", "native");
  const sphinx = new Sphinx({ suite, geometry: geometry({ suite: "x25519", packetBytes: 4096 }) });
  const random = new SeededRandom("services");
  const database = new ProviderDatabase(":memory:");
  const existing = mailboxId(random.bytes(32));
  const account = { localPart: "alice", skeleton: "alice", accountKey: new Uint8Array(32), day: 0 };
  const tables = new AccountTables(database);
  tables.create({ ...account, mailboxId: existing, deviceKey: new Uint8Array(32) });
  const bob = { ...account, localPart: "bob", skeleton: "bob", deviceKey: new Uint8Array(32).fill(1) };
  tables.create({ ...bob, mailboxId: mailboxId(random.bytes(32)) });
  // As long as docs/spec/07-mailbox.md §3 has one.
  tables.setRecord(tables.named("bob") as StoredAccount, random.bytes(1415));
  const drops: string[] = [];
  const quota = { fragments: 10, replies: 10, boxFragments: 5, boxBytes: 1000 };
  const { log } = keptLog(clock);
  const onDrop = (reason: string): void => void drops.push(reason);
  const mailbox = new MailboxStore({
    database,
    clock,
    log,
    quota,
    roomSpan: milliseconds(1000),
    retention: seconds(1e6),
    knownTime: () => clock.now(),
    onDrop,
  });
  const records = { record: (address: string) => tables.named(address.split("@")[0] as string)?.record };
  let working = 0;
  let worked = 0;
  // One thread: its clock goes on while a service works, and what is due meanwhile runs when that is done.
  const oneThread: Clock = {
    now: () => milliseconds(clock.now() + working),
    at: (time, task) => clock.at(milliseconds(Math.max(time - working, clock.now())), task),
  };
  const slow: Service = {
    name: "slow",
    answer(request) {
      worked++;
      working += options.work ?? 0;
      return request;
    },
  };
  // In a thread of its own: the answer comes when it is ready, and nothing waits for it.
  const later: Service = {
    name: "later",
    waitingMax: LATER_WAITING_MAX,
    answer: (request) =>
      new Promise((resolve) => {
        worked++;
        clock.at(milliseconds(clock.now() + (options.work ?? 0)), () => resolve(request));
      }),
  };
  let asked = 0;
  const sent: { wait: number; bytes: number }[] = [];
  const desk = new ServiceDesk({
    clock: oneThread,
    sphinx,
    services: [echoService, keysService(records), haveService({ clock: oneThread, mailboxes: mailbox }), slow, later],
    spend: options.spend ?? (() => undefined),
    delays: new SeededRandom("delays"),
    padding: random,
    send: (_firstHop, packet) => void sent.push({ wait: oneThread.now() - asked, bytes: packet.length }),
    onDrop,
  });
  const path = {
    period: keyPeriodNumber(1),
    hops: [{ nodeId: nodeId(random.bytes(32)), mixKey: suite.kem.generate(random).publicKey, delay: milliseconds(0) }],
  };
  const request = (service: string, body: Uint8Array): Uint8Array => {
    const { surb } = sphinx.createSurb({ path, mailbox: existing, surbId: surbId(random.bytes(16)), random });
    return encodeServiceRequest(sphinx.geometry, { service, surb, body, random });
  };
  const handle = (service: string, payload: Uint8Array): void => {
    asked = oneThread.now();
    desk.handle(serviceId(suite, service), payload);
  };
  const own = [keysService(records), haveService({ clock, mailboxes: mailbox })];
  const services = new Map(own.map((service) => [service.name, service]));
  return {
    clock,
    drops,
    sent,
    existing,
    asked: () => worked,
    request,
    handle,
    payloadBytes: sphinx.geometry.payloadBytes,
    ask: (service: string, body: Uint8Array) => handle(service, request(service, body)),
    /** Everything that a prober can see: the answer's body and the size of what comes back. */
    async probe(service: string, body: Uint8Array) {
      const before = sent.length;
      handle(service, request(service, body));
      await clock.runFor(LONGEST);
      return { body: services.get(service)?.answer(body), packets: sent.slice(before).map((packet) => packet.bytes) };
    },
  };
}
