import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { BATCH_WAIT, SWEEP_ROWS_MAX } from "#provider-server/mailbox/limits.ts";
import { type MailboxId, milliseconds, seconds } from "#transport/core/units.ts";
import { alice, bob, box, DAY, device, drain, hash, setUp } from "./mailbox-scene.ts";

test("an entry is there once it is committed, not before", async () => {
  const { store, clock, deliver } = setUp();
  let stored = 0;
  deliver(alice.box, 1, () => stored++);
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 }), undefined);
  assert.deepEqual(store.have(alice.box, [hash(1)]), [false]);
  await clock.runFor(seconds(1));
  assert.equal(stored, 1);
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 })?.body[0], 1);
  assert.deepEqual(store.have(alice.box, [hash(1), hash(2)]), [true, false]);
});

test("entries come in order, each mailbox with numbers of its own", async () => {
  const { store, clock, deliver } = setUp();
  for (const n of [1, 2, 3]) deliver(alice.box, n);
  deliver(bob.box, 9);
  await clock.runFor(seconds(1));
  assert.deepEqual(drain(store, alice.device), [1, 2, 3]);
  assert.equal(store.next({ deviceKey: bob.device, cursor: 0 })?.seq, 1);
});

test("an entry stays until every device has passed it", async () => {
  const { store, clock, deliver, addDevice } = setUp();
  addDevice("alice", device(11));
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  store.next({ deviceKey: alice.device, cursor: 1 });
  await clock.runFor(seconds(1));
  assert.equal(store.next({ deviceKey: device(11), cursor: 0 })?.body[0], 1);
  store.next({ deviceKey: device(11), cursor: 1 });
  await clock.runFor(seconds(1));
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 }), undefined);
});

test("a device that has been away for two weeks keeps nothing from going", async () => {
  const { store, clock, deliver, addDevice } = setUp();
  addDevice("alice", device(11));
  await clock.runFor(milliseconds(15 * DAY));
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  store.next({ deviceKey: alice.device, cursor: 1 });
  await clock.runFor(seconds(1));
  assert.equal(store.next({ deviceKey: device(11), cursor: 0 }), undefined);
});

test("a device that used a code and did not finish joining keeps nothing from going", async () => {
  const { store, clock, deliver, addDevice, endJoining } = setUp();
  addDevice("alice", device(11));
  endJoining();
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  store.next({ deviceKey: alice.device, cursor: 1 });
  await clock.runFor(seconds(1));
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 }), undefined);
});

test("what was collected still counts as had, and does not come a second time", async () => {
  const { store, clock, deliver, drops } = setUp();
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  assert.deepEqual(drain(store, alice.device), [1]);
  await clock.runFor(seconds(1));
  assert.deepEqual(store.have(alice.box, [hash(1)]), [true]);
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  assert.deepEqual(drops, ["DUPLICATE"]);
  assert.equal(store.next({ deviceKey: alice.device, cursor: 1 }), undefined);
});

test("a cursor beyond the last entry deletes nothing that comes later, also when another device passes that", async () => {
  const { store, clock, deliver, addDevice } = setUp();
  addDevice("alice", device(11));
  assert.equal(store.next({ deviceKey: alice.device, cursor: Number.MAX_SAFE_INTEGER }), undefined);
  await clock.runFor(seconds(1));
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  store.next({ deviceKey: device(11), cursor: 1 });
  await clock.runFor(seconds(1));
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 })?.body[0], 1);
});

test("an entry is kept for the retention and no longer; its hash goes with it", async () => {
  const { store, clock, deliver } = setUp({ retentionDays: 3 });
  store.start();
  deliver(alice.box, 1);
  await clock.runFor(milliseconds(3 * DAY - 3_600_000));
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 })?.seq, 1);
  await clock.runFor(milliseconds(2 * 3_600_000));
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 }), undefined);
  assert.deepEqual(store.have(alice.box, [hash(1)]), [false]);
  store.stop();
});

test("by a clock that nobody has confirmed since the start no entry runs out, and no device counts as gone", async () => {
  let isKnown = false;
  const { store, clock, deliver, addDevice } = setUp({
    retentionDays: 3,
    knownTime: () => (isKnown ? clock.now() : undefined),
  });
  store.start();
  const second = device(9);
  addDevice("alice", second);
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  await clock.runFor(milliseconds(40 * DAY));
  // What one device has passed waits for the other, however long that seems to have been away.
  store.next({ deviceKey: alice.device, cursor: 1 });
  await clock.runFor(seconds(1));
  assert.deepEqual(drain(store, second), [1]);
  isKnown = true;
  await clock.runFor(milliseconds(DAY));
  assert.deepEqual(drain(store, second), []);
  store.stop();
});

test("a full mailbox takes no more until something was collected, and the piece of time in which it was is over", async () => {
  const { store, clock, deliver, drops } = setUp({ fragments: 2 });
  for (const n of [1, 2, 3]) deliver(alice.box, n);
  await clock.runFor(seconds(1));
  assert.deepEqual(drops, ["MAILBOX_FULL"]);
  assert.deepEqual(store.have(alice.box, [hash(3)]), [false]);
  store.next({ deviceKey: alice.device, cursor: 1 });
  deliver(alice.box, 3);
  await clock.runFor(milliseconds(900));
  assert.deepEqual(store.have(alice.box, [hash(3)]), [false]);
  await clock.runFor(milliseconds(100));
  deliver(alice.box, 3);
  await clock.runFor(milliseconds(900));
  assert.deepEqual(store.have(alice.box, [hash(3)]), [true]);
});

test("room comes back by the clock also while nobody has confirmed it for long", async () => {
  const standing = milliseconds(1000 * DAY);
  const { store, clock, deliver, drops } = setUp({ fragments: 1, knownTime: () => standing });
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  assert.deepEqual(drain(store, alice.device), [1]);
  await clock.runFor(seconds(2));
  deliver(alice.box, 2);
  await clock.runFor(seconds(1));
  assert.deepEqual(drops, []);
  assert.deepEqual(drain(store, alice.device), [2]);
  store.stop();
});

test("an unknown mailbox has nothing, and what comes for it is dropped", async () => {
  const { store, clock, deliver, drops } = setUp();
  deliver(box(99), 1);
  await clock.runFor(seconds(1));
  assert.deepEqual(drops, ["MAILBOX_UNKNOWN"]);
  assert.deepEqual(store.have(box(99), [hash(1)]), [false]);
  assert.equal(store.next({ deviceKey: device(99), cursor: 0 }), undefined);
});

test("who asks what an unknown mailbox has costs the same look-ups as for a known one", () => {
  const database = new ProviderDatabase(":memory:");
  let done: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    const statement = prepare(sql);
    const get = statement.get.bind(statement) as (...values: unknown[]) => ReturnType<typeof statement.get>;
    return Object.assign(statement, { get: (...values: unknown[]) => (done.push(sql), get(...values)) });
  };
  const { store } = setUp({ database });
  const workOf = (mailbox: MailboxId): string[] => {
    done = [];
    store.have(mailbox, [hash(1), hash(2), hash(3)]);
    return done;
  };
  const known = workOf(alice.box);
  assert.equal(known.length, 4);
  assert.deepEqual(workOf(box(99)), known);
});

test("a full mailbox that is collected at once goes in pieces, so that no packet waits for all of it", async () => {
  const { clock, database, store, deliver } = setUp({ fragments: 4000 });
  const waiting = (): number => Number(database.prepare("SELECT COUNT(*) AS count FROM entries").get()?.["count"]);
  for (let n = 1; n <= 3 * SWEEP_ROWS_MAX; n++) deliver(alice.box, n);
  await clock.runFor(seconds(2));
  const all = waiting();
  assert.equal(all, 3 * SWEEP_ROWS_MAX);
  store.next({ deviceKey: alice.device, cursor: all });
  const steps: number[] = [];
  for (let before = all; before > 0 && steps.length < 10; before = waiting()) {
    await clock.runFor(BATCH_WAIT);
    steps.push(before - waiting());
  }
  assert.equal(waiting(), 0);
  assert.ok(Math.max(...steps) <= SWEEP_ROWS_MAX, `${steps.join(", ")} entries at once`);
  const counts = database.prepare("SELECT fragments FROM mailboxes WHERE mailbox_id = ?").get(alice.box);
  assert.deepEqual({ ...counts }, { fragments: 0 });
});

test("it does what a list with cursors would", async () => {
  const step = fc.oneof(
    fc.record({ deliver: fc.integer({ min: 0, max: 30 }), to: fc.constantFrom("alice", "bob") }),
    fc.record({ reply: fc.integer({ min: 31, max: 60 }), to: fc.constantFrom(1, 2, 11) }),
    fc.record({ poll: fc.constantFrom(1, 2, 11), advance: fc.boolean() }),
    fc.record({ wait: fc.constantFrom(1, 50) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { store, clock, deliver, deliverReply, addDevice } = setUp({ replies: 60 });
      addDevice("alice", device(11), box(111));
      const model = new MailboxModel();
      for (const each of steps) {
        if ("deliver" in each) {
          const owner = each.to === "alice" ? alice : bob;
          deliver(owner.box, each.deliver, () => model.store(each.to, [each.deliver]));
        } else if ("reply" in each) {
          const { reply, to } = each;
          deliverReply(box(100 + to), reply, () => model.store(ownerOf(to), [reply, to]));
        } else if ("poll" in each) {
          const cursor = model.cursor(each.poll);
          const entry = store.next({ deviceKey: device(each.poll), cursor });
          assert.deepEqual(entry && [entry.seq, entry.body[0]], model.next(each.poll));
          if (each.advance && entry !== undefined) model.advance(each.poll, entry.seq);
        } else {
          await clock.runFor(milliseconds(each.wait));
        }
      }
    }),
    { numRuns: 60 },
  );
});

const ownerOf = (deviceNumber: number): string => (deviceNumber === 2 ? "bob" : "alice");

/** Per owner the numbers delivered, in order, and for which device alone if for one; per device how far it has come. */
class MailboxModel {
  readonly #stored: Record<string, [number, number?][]> = { alice: [], bob: [] };
  readonly #cursors = new Map<number, number>();

  store(owner: string, entry: [number, number?]): void {
    this.#entries(owner).push(entry);
  }

  cursor(deviceNumber: number): number {
    return this.#cursors.get(deviceNumber) ?? 0;
  }

  /** [seq, number] of the first entry behind the device's cursor. */
  next(deviceNumber: number): [number, number] | undefined {
    const entries = this.#entries(ownerOf(deviceNumber));
    const at = entries.findIndex(
      ([, to = deviceNumber], index) => index >= this.cursor(deviceNumber) && to === deviceNumber,
    );
    const [number] = entries[at] ?? [];
    return number === undefined ? undefined : [at + 1, number];
  }

  advance(deviceNumber: number, seq: number): void {
    this.#cursors.set(deviceNumber, seq);
  }

  #entries(owner: string): [number, number?][] {
    return this.#stored[owner] as [number, number?][];
  }
}
