import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PeriodKeys } from "#provider-server/mix/period-keys.ts";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { MemoryPeriodStore } from "#test/support/memory-period-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type KeyPeriod, keyPeriodNumber, type ReplayTag, replayTag } from "#transport/core/units.ts";
import type { Decapsulator } from "#transport/crypto/suite.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("xwing", "native");
const tag = (n: number): ReplayTag => replayTag(new SeededRandom(`tag ${n}`).bytes(16));
const five = keyPeriodNumber(5);

test("key and tags outlive the process in one file, whose form is the specification's", (t) => {
  const directory = temporaryDirectory(t);
  const first = keysIn(directory);
  const published = toHex(first.ensure(five));
  assert.equal(first.record(five, tag(1)), "added");
  assert.equal(first.record(five, tag(1)), "seen");
  first.close();
  assert.deepEqual(readdirSync(directory), ["5.period"]);
  const file = readFileSync(join(directory, "5.period"));
  assert.equal(file.length, 44 + 16);
  assert.equal(file.toString("hex", 0, 12), "7374726c504b303100000005");
  assert.equal(file.toString("hex", 44), toHex(tag(1)));

  const second = keysIn(directory);
  assert.equal(toHex(second.ensure(five)), published);
  assert.ok(second.get(five), "the key can decapsulate");
  assert.equal(second.record(five, tag(1)), "seen");
  assert.equal(second.record(five, tag(2)), "added");
  second.close();
});

test("a restored key opens what was encapsulated to it before the crash", (t) => {
  const directory = temporaryDirectory(t);
  const first = keysIn(directory);
  const { ciphertext, sharedSecret } = suite.kem.encapsulate(first.ensure(five), new SeededRandom("sender"));
  first.close();
  const second = keysIn(directory);
  assert.deepEqual(second.get(five)?.decapsulate(ciphertext), sharedSecret);
  second.close();
});

test("the example of docs/spec/06-mix.md §5", (t) => {
  const directory = temporaryDirectory(t);
  const log = new FilePeriodStore(directory).create(keyPeriodNumber(7), new Uint8Array(32).fill(11));
  log.append(replayTag(new Uint8Array(16).fill(12)));
  log.close();
  const expected = `7374726c504b303100000007${"0b".repeat(32)}${"0c".repeat(16)}`;
  assert.equal(readFileSync(join(directory, "7.period"), "hex"), expected);
});

test("half a tag at the end is overwritten, damaged and unfinished files are removed", (t) => {
  const directory = temporaryDirectory(t);
  const first = keysIn(directory);
  first.ensure(five);
  first.record(five, tag(1));
  first.close();
  const path = join(directory, "5.period");
  writeFileSync(path, Buffer.concat([readFileSync(path), tag(2).subarray(0, 9)]));
  writeFileSync(join(directory, "6.period"), "damaged");
  writeFileSync(join(directory, "7.period.new"), "unfinished");

  const second = keysIn(directory);
  assert.deepEqual(second.periods(), [5]);
  assert.equal(second.record(five, tag(1)), "seen");
  assert.equal(second.record(five, tag(3)), "added");
  second.close();
  assert.equal(readFileSync(path).length, 44 + 32);
  assert.deepEqual(readdirSync(directory), ["5.period"]);
});

test("what a restarted node has read of a private key it wipes once the key is open, also with a holder that has its own copy", (t) => {
  const directory = temporaryDirectory(t);
  const first = keysIn(directory);
  for (const period of [5, 6]) first.ensure(keyPeriodNumber(period));
  first.close();
  const read: Uint8Array[] = [];
  const given: boolean[] = [];
  const files = new FilePeriodStore(directory);
  const store = {
    create: files.create.bind(files),
    load: () => files.load().map((stored) => (read.push(stored.privateKey), stored)),
  };
  const holder = {
    putKey: (_period: KeyPeriod, privateKey: Uint8Array) => void given.push(privateKey.some((byte) => byte !== 0)),
    eraseKey: () => undefined,
  };
  const second = new PeriodKeys({ ...dependencies(store), holder });
  assert.deepEqual(given, [true, true]);
  assert.ok(read.length === 2 && read.every((key) => key.every((byte) => byte === 0)));
  second.close();
});

test("erasing takes key, log and file; later periods stay", (t) => {
  const directory = temporaryDirectory(t);
  const keys = keysIn(directory);
  const old = (keys.ensure(five), keys.get(five));
  keys.ensure(keyPeriodNumber(6));
  // A second name for the file shows what is left in its place.
  linkSync(join(directory, "5.period"), join(directory, "kept"));
  keys.eraseBefore(keyPeriodNumber(6));
  assert.deepEqual([...readFileSync(join(directory, "kept"))], Array(44).fill(0), "overwritten, not only unlinked");
  assert.deepEqual(keys.periods(), [6]);
  assert.equal(existsSync(join(directory, "5.period")), false);
  assert.equal(keys.get(five), undefined);
  assert.throws(() => old?.decapsulate(new Uint8Array(1120)), "a destroyed key opens nothing");
  assert.equal(keys.record(five, tag(1)), "full", "nothing is accepted for a period without key");
  keys.close();
});

test("a key that could not be written leaves nothing behind, neither in the folder nor open nor in memory", (t) => {
  const directory = temporaryDirectory(t);
  let open = 0;
  const counted = (privateKey: Uint8Array): Decapsulator => {
    const key = suite.kem.open(privateKey);
    open++;
    return { publicKey: key.publicKey, decapsulate: (text) => key.decapsulate(text), destroy: () => void open-- };
  };
  const keys = new PeriodKeys({
    suite: { ...suite, kem: { ...suite.kem, open: counted } },
    random: new SeededRandom("keys"),
    store: new FilePeriodStore(directory),
    replayCapacity: 10,
    onErasedEarly: () => assert.fail("nothing is full"),
  });
  // What a rename cannot replace stands for a memory directory that is full. It is tried again some hundred times an hour.
  mkdirSync(join(directory, "5.period"));
  const before = readdirSync("/proc/self/fd").length;
  for (let n = 0; n < 20; n++) {
    assert.throws(() => keys.ensure(five));
    assert.equal(open, 0);
  }
  assert.ok(readdirSync("/proc/self/fd").length < before + 20);
  assert.deepEqual(readdirSync(directory), ["5.period"]);
  keys.close();
});

test("a full set erases its key early and leaves the others", () => {
  const erased: number[] = [];
  const keys = new PeriodKeys({
    ...dependencies(new MemoryPeriodStore()),
    replayCapacity: 2,
    onErasedEarly: (period) => erased.push(period),
  });
  keys.ensure(five);
  keys.ensure(keyPeriodNumber(6));
  for (const n of [1, 2]) assert.equal(keys.record(five, tag(n)), "added");
  assert.equal(keys.record(five, tag(3)), "full");
  assert.deepEqual(erased, [5]);
  assert.deepEqual(keys.periods(), [6]);
  assert.equal(keys.record(five, tag(1)), "full");
});

test("whoever shares the private keys gets each of them, also after a restart, and is told when one must be gone", (t) => {
  const directory = temporaryDirectory(t);
  const held = new Map<number, string>();
  const holder = {
    putKey: (period: KeyPeriod, privateKey: Uint8Array) => void held.set(period, toHex(privateKey)),
    eraseKey: (period: KeyPeriod) => void held.delete(period),
  };
  const open = (): PeriodKeys =>
    new PeriodKeys({ ...dependencies(new FilePeriodStore(directory)), holder, replayCapacity: 1 });
  const first = open();
  for (const period of [5, 6, 7]) first.ensure(keyPeriodNumber(period));
  const given = new Map(held);
  first.close();
  held.clear();
  const second = open();
  assert.deepEqual(held, given, "the same keys");
  second.eraseBefore(keyPeriodNumber(6));
  assert.deepEqual(
    [...held.keys()].toSorted((a, b) => a - b),
    [6, 7],
  );
  second.record(keyPeriodNumber(6), tag(1));
  assert.equal(second.record(keyPeriodNumber(6), tag(2)), "full");
  assert.deepEqual([...held.keys()], [7]);
  second.close();
});

test("a log that cannot be written counts as full: a packet that cannot be remembered is not taken", () => {
  const store = new MemoryPeriodStore();
  const failing = {
    load: () => store.load(),
    create: (...args: Parameters<MemoryPeriodStore["create"]>) => ({
      ...store.create(...args),
      append: () => {
        throw new Error("ENOSPC");
      },
    }),
  };
  const keys = new PeriodKeys(dependencies(failing));
  keys.ensure(five);
  assert.equal(keys.record(five, tag(1)), "full");
  assert.deepEqual(keys.periods(), []);
});

function keysIn(directory: string): PeriodKeys {
  return new PeriodKeys(dependencies(new FilePeriodStore(directory)));
}

function dependencies(store: ConstructorParameters<typeof PeriodKeys>[0]["store"]) {
  return {
    suite,
    random: new SeededRandom("period keys"),
    store,
    replayCapacity: 1000,
    onErasedEarly: () => undefined,
  };
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "starling-periods-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
