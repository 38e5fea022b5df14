import assert from "node:assert/strict";
import { test } from "node:test";
import { generationAt, partOf, periodOf } from "#transport/client/key-generations.ts";
import { MailboxKeys } from "#transport/client/mailbox-keys.ts";
import type { MailboxRatchet, StoredMailboxKey } from "#transport/client/store.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds } from "#transport/core/units.ts";
import { toHex } from "#transport/core/bytes.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { seal } from "#transport/fragment/seal.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";

const suite = await loadSuite("x25519", "native");
const parameters = LIVE_PARAMETERS;
const geometry = geometryOf({ suite: "x25519", packetBytes: 4096 });
const random = new SeededRandom("keys");
const START = milliseconds(1_800_000_000_000);
const DAY = 86_400_000;

test("a private half opens the last thing that can be sealed to it and lie in the mailbox, and is then gone", async () => {
  const { keys, store, after } = setUp();
  const { publicKey: mailboxKey, validUntil, privateKey } = await keys.renew();
  const plaintext = random.bytes(geometry.fragmentBytes);
  const sealed = seal({ suite, geometry, mailboxKey, plaintext, random });
  // Queued just before validUntil, sent at its deadline, collected just before the mailbox drops it.
  const last = validUntil + 2 * parameters.retention - START;
  await after(last - 1);
  assert.deepEqual(keys.openSealed(sealed), plaintext);
  await after(last);
  assert.equal(keys.openSealed(sealed), undefined);
  const kept = JSON.stringify([await store.mailboxKeys(), await store.mailboxRatchet()]);
  assert.ok(!kept.includes(JSON.stringify(privateKey)), "nothing on the disk is that key");
});

test("what made a key, and a key that is over, are overwritten in memory too", async () => {
  const { keys, after } = setUp();
  const key = await keys.renew();
  const { secret } = keys.ratchet as MailboxRatchet;
  await after(6 * DAY);
  await keys.makeReady();
  assert.ok(
    secret.every((byte) => byte === 0),
    "from it all coming keys could be made",
  );
  assert.ok(key.privateKey.some((byte) => byte !== 0));
  await after(key.eraseAt - START);
  assert.ok(key.privateKey.every((byte) => byte === 0));
});

test("every key is tried on every entry, so that its time does not tell under which it was sealed", async () => {
  const opened: string[] = [];
  const watched: Suite = {
    ...suite,
    sealKem: {
      ...suite.sealKem,
      open: (privateKey) => {
        const key = suite.sealKem.open(privateKey);
        const decapsulate = (ciphertext: Uint8Array) => {
          opened.push(toHex(key.publicKey));
          return key.decapsulate(ciphertext);
        };
        return { publicKey: key.publicKey, decapsulate, destroy: () => key.destroy() };
      },
    },
  };
  const { keys, after } = setUp(undefined, watched);
  const sealedTo = async () => {
    const { publicKey: mailboxKey } = await keys.renew();
    return seal({ suite, geometry, mailboxKey, plaintext: random.bytes(geometry.fragmentBytes), random });
  };
  const old = await sealedTo();
  await after(6 * DAY);
  const fresh = await sealedTo();
  const all = keys.all.length;
  assert.ok(all >= 2);
  for (const sealed of [old, fresh, random.bytes(geometry.payloadBytes)]) {
    opened.length = 0;
    keys.openSealed(sealed);
    assert.equal(new Set(opened).size, all);
    assert.equal(opened.length, all);
  }
});

test("every device of an account makes the same keys, whenever it looks, and has each before it is in force", async () => {
  const one = setUp();
  await one.keys.renew();
  const other = setUp();
  await other.keys.adopt(structuredClone(one.keys.ratchet as MailboxRatchet), structuredClone(one.keys.all));
  const published = new Set<string>();
  for (let day = 1; day <= 40; day++) {
    await one.after(day * DAY);
    const { publicKey, validFrom, validUntil } = await one.keys.renew();
    published.add(toHex(publicKey));
    const now = one.clock.now();
    assert.ok(
      validFrom <= now && validUntil - now >= 2 * partOf(parameters),
      "what is published lasts two parts at least",
    );
  }
  assert.equal(published.size, 9, "a new one every five days");
  await other.after(40 * DAY);
  await other.keys.renew();
  const made = new Set(other.keys.all.map(({ publicKey }) => toHex(publicKey)));
  for (const key of published) assert.ok(made.has(key), "after forty days away it opens what came in between");
});

test("a key is there two parts of a lifetime before it is in force, for whoever is ahead", async () => {
  const { keys, clock, after } = setUp();
  for (let hour = 0; hour < 24 * 12; hour += 7) {
    await after(hour * 3_600_000);
    await keys.makeReady();
    const { validFrom } = periodOf(
      parameters,
      generationAt(parameters, milliseconds(clock.now() + 2 * partOf(parameters))),
    );
    assert.ok(
      keys.all.some((key) => key.validFrom === validFrom),
      `after ${hour} hours`,
    );
  }
});

test("a clock that is years ahead makes no keys and erases none, once the lists of nodes say that it is wrong", async () => {
  const { keys, clock, state } = setUp();
  await keys.renew();
  const before = keys.all.map(({ publicKey }) => toHex(publicKey));
  state.isClockGood = false;
  clock.error = 10 * 365 * DAY;
  await keys.makeReady();
  await keys.erase(clock.now());
  assert.deepEqual(
    keys.all.map(({ publicKey }) => toHex(publicKey)),
    before,
  );
});

test("ended between a key and what it was made from, the same key is made again", async () => {
  const { keys, store } = setUp();
  await keys.renew();
  const ratchet = structuredClone(keys.ratchet as MailboxRatchet);
  const again = setUp(store);
  await again.keys.load();
  await again.after(6 * DAY);
  await again.keys.makeReady();
  const first = again.keys.all.map(({ publicKey }) => toHex(publicKey));
  await store.saveMailboxRatchet(ratchet);
  const third = setUp(store);
  await third.keys.load();
  await third.after(6 * DAY);
  await third.keys.makeReady();
  assert.deepEqual(
    third.keys.all.map(({ publicKey }) => toHex(publicKey)),
    first,
  );
});

test("stopped while the next key is on its way to the disk, what is kept is what makes the keys of all devices, and not zeros", async () => {
  const undisturbed = setUp();
  await undisturbed.keys.renew();
  const shared = structuredClone(undisturbed.keys.ratchet as MailboxRatchet);
  const store = new SlowStore();
  const { keys, after } = setUp(store);
  await keys.adopt(shared, structuredClone(undisturbed.keys.all));
  await after(6 * DAY);
  const { written, goOn } = store.holdNextKey();
  const making = keys.makeReady();
  await written;
  const closing = keys.close();
  goOn();
  await Promise.all([making, closing]);
  await undisturbed.after(6 * DAY);
  await undisturbed.keys.makeReady();
  assert.deepEqual(await store.mailboxRatchet(), undisturbed.keys.ratchet);
  assert.deepEqual(
    (await store.mailboxKeys()).map(({ publicKey }) => toHex(publicKey)),
    undisturbed.keys.all.map(({ publicKey }) => toHex(publicKey)),
  );
});

test("asked for after the stop, no keys are made, and what is on the disk stays", async () => {
  const { keys, store } = setUp();
  await keys.renew();
  const before = await store.mailboxRatchet();
  await keys.close();
  await assert.rejects(keys.makeReady(), { code: "NO_ACCOUNT" });
  assert.deepEqual(await store.mailboxRatchet(), before);
});

/** Holds one key back until it is told to go on. */
class SlowStore extends MemoryClientStore {
  #hold: (() => Promise<void>) | undefined;

  holdNextKey(): { written: Promise<void>; goOn: () => void } {
    const [written, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#hold = () => {
      written.resolve();
      return released.promise;
    };
    return { written: written.promise, goOn: released.resolve };
  }

  override async addMailboxKey(key: StoredMailboxKey): Promise<void> {
    const hold = this.#hold;
    this.#hold = undefined;
    await hold?.();
    await super.addMailboxKey(key);
  }
}

function setUp(store = new MemoryClientStore(), own: Suite = suite) {
  const truth = new VirtualClock({ start: START });
  const clock = new WrongClock(truth);
  const state = { isClockGood: true };
  const isClockGood = (): boolean => state.isClockGood;
  const keys = new MailboxKeys({ clock, suite: own, geometry, parameters, store, random, isClockGood });
  /** Erases what is due then. */
  const after = async (time: number): Promise<void> => {
    await truth.runUntil(milliseconds(START + time));
    await keys.erase(clock.now());
  };
  return { keys, store, clock, state, after };
}
