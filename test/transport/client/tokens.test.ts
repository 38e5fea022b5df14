/** Which tokens a client orders when its store is slower than its clock. Spec: docs/spec/13-tokens.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seedOf, testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { TOKEN_ORDER_SPREAD, TOKEN_ORDERS_PER_PROVIDER_MAX, TOKEN_PATIENCE } from "#transport/client/limits.ts";
import { encodeStock } from "#transport/client/token-stock.ts";
import { Tokens } from "#transport/client/tokens.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError, type TransportErrorCode } from "#transport/core/errors.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { tokenPeriodAt } from "#transport/tokens/period.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const provider = testDescriptor(suite, { name: "a", role: "provider", tokenKeys: new Map([[0, seedOf("key")]]) });
const consensus = testConsensus(made, suite, { providers: [provider] });

/** A client whose store answers after `wait` seconds, and whose provider never does, or answers so. */
function start(wait: number, stock: Uint8Array | undefined, answer: TransportErrorCode = "PROVIDER_DOWN") {
  const clock = new VirtualClock({ start: made.network.genesis });
  const orders: number[] = [];
  const tokens = new Tokens({
    clock,
    primitives: suite,
    network: made.network,
    store: {
      tokenStock: () => new Promise((resolve) => clock.at(seconds(clock.now() / 1000 + wait), () => resolve(stock))),
      saveTokenStock: async () => undefined,
    },
    control: {
      request: async () => {
        orders.push(clock.now());
        throw new TransportError(answer);
      },
    },
    current: () => ({ consensus }),
    isUp: () => true,
    polling: new SeededRandom("polling"),
    keys: new SeededRandom("keys"),
  });
  return { tokens, clock, orders, starting: tokens.start() };
}

/** How many orders left in five minutes in which the store answers after `wait`, and how many tokens there are then. */
async function started(wait: number, stock: Uint8Array | undefined): Promise<{ orders: number; left: number }> {
  const { tokens, clock, orders, starting } = start(wait, stock);
  await clock.runFor(seconds(300));
  await settle();
  await starting;
  const left = tokens.left(provider.nodeId);
  await tokens.stop();
  return { orders: orders.length, left };
}

const { perProvider } = made.network.parameters.tokens;
const values = Array.from({ length: perProvider }, (_, index) => seedOf(`token ${index}`));
const stock = (): Uint8Array =>
  encodeStock([
    { period: 0, seed: seedOf("stock"), providers: new Map([[toHex(provider.nodeId), { values, used: 0 }]]) },
  ]);

test("tokens that lie in a store which is slow to open are not ordered a second time from another seed", async () => {
  assert.deepEqual(await started(60, stock()), { orders: 0, left: perProvider });
  const { orders } = await started(60, undefined);
  assert.ok(orders > 0, "who has none orders");
});

test("a token is given once it is noted on the disk as used: after a crash it is not given again", async () => {
  let disk: Uint8Array | undefined = stock();
  let isFull = false;
  const open = async () => {
    const clock = new VirtualClock({ start: made.network.genesis });
    const tokens = new Tokens({
      clock,
      primitives: suite,
      network: made.network,
      store: {
        tokenStock: async () => disk?.slice(),
        saveTokenStock: async (bytes) => {
          await settle();
          if (isFull) throw new Error("full");
          disk = bytes.slice();
        },
      },
      control: { request: () => Promise.reject(new TransportError("REFUSED")) },
      current: () => ({ consensus }),
      isUp: () => true,
      polling: new SeededRandom("polling"),
      keys: new SeededRandom("keys"),
    });
    await tokens.start();
    return tokens;
  };
  const given = new Set<string>();
  for (let crash = 0; crash < 3; crash++) given.add(toHex(await (await open()).take(provider.nodeId)));
  assert.equal(given.size, 3);
  isFull = true;
  await assert.rejects((await open()).take(provider.nodeId), /full/);
});

test("the next period's tokens are ordered at random times of this one, whoever the client is", async () => {
  const { period } = made.network.parameters.tokens;
  const tokenKeys = new Map([0, 1].map((each) => [each, seedOf(`key ${each}`)]));
  const node = testDescriptor(suite, { name: "a", role: "provider", tokenKeys });
  const list = testConsensus(made, suite, { providers: [node] });
  const places: number[] = [];
  for (let n = 0; n < 16; n++) {
    const clock = new VirtualClock({ start: made.network.genesis });
    let ordered: number | undefined;
    const tokens = new Tokens({
      clock,
      primitives: suite,
      network: made.network,
      store: { tokenStock: async () => stock(), saveTokenStock: async () => undefined },
      control: {
        request: () => {
          ordered ??= clock.now();
          return Promise.reject(new TransportError("REFUSED"));
        },
      },
      current: () => ({ consensus: list }),
      isUp: () => true,
      polling: new SeededRandom(`client ${n}`),
      keys: new SeededRandom("keys"),
    });
    await tokens.start();
    await clock.runWhile(() => ordered === undefined, milliseconds(period));
    await tokens.stop();
    places.push(((ordered ?? Number.NaN) - made.network.genesis) / (TOKEN_ORDER_SPREAD * period));
  }
  const sorted = places.toSorted((a, b) => a - b);
  // Kolmogorov and Smirnov at one in a thousand; the seeds are fixed.
  const gap = Math.max(...sorted.map((place, i) => Math.abs(place - (i + 0.5) / sorted.length)));
  assert.ok(gap < 1.95 / Math.sqrt(sorted.length), `${gap} from even`);
});

test("the seed of a period that is over is overwritten, in memory and where it was written from", async () => {
  const clock = new VirtualClock({ start: made.network.genesis });
  const seeds: Uint8Array[] = [];
  const written: Uint8Array[] = [];
  const random = new SeededRandom("keys");
  /** A provider names the keys of the period and of the next. */
  const listed = (): { consensus: Consensus } => {
    const period = tokenPeriodAt(made.network, clock.now());
    const tokenKeys = new Map([period, period + 1].map((each) => [each, seedOf(`key ${each}`)]));
    const node = testDescriptor(suite, { name: "a", role: "provider", tokenKeys });
    return { consensus: testConsensus(made, suite, { providers: [node] }) };
  };
  const tokens = new Tokens({
    clock,
    primitives: suite,
    network: made.network,
    store: { tokenStock: async () => undefined, saveTokenStock: async (bytes) => void written.push(bytes) },
    control: { request: () => Promise.reject(new TransportError("REFUSED")) },
    current: listed,
    isUp: () => true,
    polling: new SeededRandom("polling"),
    keys: {
      bytes(length) {
        const seed = random.bytes(length);
        seeds.push(seed);
        return seed;
      },
    },
  });
  await tokens.start();
  await clock.runFor(seconds(60));
  assert.ok(seeds.length > 0 && !seeds.some(isWiped));
  await clock.runFor(milliseconds(2.95 * made.network.parameters.tokens.period));
  await settle();
  assert.ok(seeds.length >= 3, `${seeds.length} periods had a seed`);
  assert.deepEqual([isWiped(seeds[0]), isWiped(seeds[1]), isWiped(seeds.at(-1))], [true, true, false]);
  assert.ok(written.length > 0 && written.every(isWiped));
  await tokens.stop();
  assert.ok(seeds.every(isWiped));
});

test("a request waits for first tokens while any order may bring them, and no longer", async () => {
  const { tokens, clock, orders } = start(0, undefined, "REFUSED");
  let failedAt = 0;
  const failed = assert
    .rejects(tokens.take(provider.nodeId), { code: "NO_TOKENS" })
    .then(() => (failedAt = clock.now()));
  await clock.runFor(TOKEN_PATIENCE);
  await failed;
  assert.equal(orders.length, TOKEN_ORDERS_PER_PROVIDER_MAX);
  assert.equal(failedAt, orders.at(-1), "when the last one has failed");
  await tokens.stop();
});

test("a request waits ten minutes for tokens that no order was made for", async () => {
  const { tokens, clock, orders } = start(3600, undefined);
  const begin = clock.now();
  let failedAt = 0;
  const failed = assert
    .rejects(tokens.take(provider.nodeId), { code: "NO_TOKENS" })
    .then(() => (failedAt = clock.now()));
  await clock.runFor(seconds(3600));
  await failed;
  assert.deepEqual([failedAt - begin, orders.length], [TOKEN_PATIENCE, 0]);
  await tokens.stop();
});

test("orders that a bad line swallowed are not counted: when it is good there are tokens for the rest of the day", async () => {
  const { tokens, clock, orders } = start(0, undefined);
  await clock.runFor(seconds(3600));
  assert.ok(orders.length > TOKEN_ORDERS_PER_PROVIDER_MAX, `${orders.length} orders in an hour`);
  const inFirst = orders.length;
  await clock.runFor(seconds(3 * 3600));
  const later = orders.length - inFirst;
  assert.ok(later > 0 && later < 30, `${later} orders in three hours more`);
  await tokens.stop();
});

test("a clock that is days ahead throws no tokens away: they are there when it is right again, and nothing is ordered twice", async () => {
  for (const isWrongAtStart of [true, false]) {
    const truth = new VirtualClock({ start: made.network.genesis });
    const clock = new WrongClock(truth);
    let isListed = true;
    let orders = 0;
    const written: Uint8Array[] = [];
    const setWrong = (days: number): void => {
      clock.error = days * 86_400_000;
      isListed = days === 0;
    };
    if (isWrongAtStart) setWrong(9);
    const tokens = new Tokens({
      clock,
      primitives: suite,
      network: made.network,
      store: { tokenStock: async () => stock(), saveTokenStock: async (bytes) => void written.push(bytes) },
      control: {
        request: () => {
          orders++;
          return Promise.reject(new TransportError("REFUSED"));
        },
      },
      // A list of another time than the clock's is none.
      current: () => (isListed ? { consensus } : undefined),
      isUp: () => true,
      polling: new SeededRandom("polling"),
      keys: new SeededRandom("keys"),
    });
    await tokens.start();
    await truth.runFor(seconds(300));
    setWrong(9);
    await truth.runFor(seconds(7200));
    setWrong(0);
    await truth.runFor(seconds(7200));
    assert.deepEqual([tokens.left(provider.nodeId), orders, written.length], [perProvider, 0, 0]);
    await tokens.stop();
  }
});

const isWiped = (bytes: Uint8Array | undefined): boolean => bytes?.every((byte) => byte === 0) === true;
