/**
 * The promise of boxes: neither who watches a client's line nor its own provider sees whether anything lies in its boxes.
 * Spec: docs/spec/17-boxes.md §6, §9
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BoxStore } from "#provider-server/boxes/box-store.ts";
import { seededStreams, SeededRandom } from "#test/support/seeded-random.ts";
import { TransportClient } from "#transport/client/client.ts";
import type { TransportClientOptions } from "#transport/client/types.ts";
import { equalBytes, toHex } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import type { SendClock, SendClockOptions } from "#transport/traffic/send-clock.ts";
import { BOX_PARAMETERS, boxesOf, boxWorld, putInto, sealedTo, untilBox } from "./box-scene.ts";
import { Observer } from "./observer.ts";
import { watch as correspondents } from "./scenario.ts";
import type { ClientOptions, SimClient } from "./sim-client.ts";

const ENTRIES = 30;
const SLICE = seconds(90);
/** Until a box is opened in place of a lost one: an epoch on average, which is two minutes here. */
const LONG_SLICE = seconds(300);

interface Seen {
  readonly line: Observer;
  /** Entries that became durable in a mailbox at Alice's own provider: when, and in whose. */
  readonly mailbox: readonly string[];
  readonly received: number;
  readonly collects: number;
  /** Boxes that Alice's client found to give nothing. */
  readonly lost: number;
  /** That it knows, those lost too. */
  readonly boxes: number;
}

/** Alice's client for a minute and a half, or five where boxes give nothing, from when it has a box; with `entries` put into that by hand. */
async function watch(o: {
  seed: string;
  entries: number;
  alice?: (client: () => SimClient) => Pick<ClientOptions, "make" | "streams">;
  /** From when there is a box: every provider of boxes keeps what comes. */
  givesNothing?: boolean;
}): Promise<Seen> {
  const stored: { at: number; node: Uint8Array; text: string }[] = [];
  let collects = 0;
  const world = await boxWorld({
    seed: o.seed,
    observer: {
      entryStored: ({ node, at, mailbox }) => stored.push({ at, node, text: `${at} ${toHex(mailbox)}` }),
    },
  });
  const alice: SimClient = world.client({
    name: "alice",
    provider: "a",
    ...o.alice?.(() => alice),
    observer: { slotSent: ({ carried }) => void (collects += carried === "collect" ? 1 : 0) },
  });
  await world.clock.runUntilSettled(alice.start(), seconds(10));
  await alice.signUp();
  const box = await untilBox(world, alice);
  if (o.givesNothing === true) for (const name of ["b", "c"]) giveNothing(world.provider(name).boxes.store);
  const payloads: Uint8Array[] = [];
  for (let n = 0; n < o.entries; n++) {
    payloads.push(...(await sealedTo(world, alice, { body: new SeededRandom(`${n}`).bytes(300), seed: `${n}` })));
  }
  putInto(world, box, payloads);
  await world.clock.runFor(o.givesNothing === true ? LONG_SLICE : SLICE);
  const own = world.provider("a").nodeId;
  const mailbox = stored.filter(({ node }) => equalBytes(node, own)).map(({ text }) => text);
  const boxes = await boxesOf(alice);
  const lost = boxes.filter(({ isLost }) => isLost).length;
  const seen = { line: alice.observer, mailbox, received: alice.received.size, collects, lost, boxes: boxes.length };
  assert.ok(boxes.length > 0);
  await world.stop();
  return seen;
}

for (const seed of ["one", "two"]) {
  test(`neither the line nor the own provider's mailbox tells whether a box holds anything (seed ${seed})`, async () => {
    const idle = await watch({ seed, entries: 0 });
    const busy = await watch({ seed, entries: ENTRIES });
    assert.deepEqual([idle.received, busy.received], [0, ENTRIES]);
    assert.equal(Observer.difference(idle.line, busy.line), undefined);
    assert.deepEqual(busy.mailbox, idle.mailbox);
    assert.ok(idle.collects > 40 && idle.mailbox.length > 2 * idle.collects - 8, `${idle.collects}`);
  });
}

test("in a network with boxes, too, nobody who watches a client's sockets sees whether its user writes", async () => {
  // A seed with which the lines lose the same of the orders for tokens, written or not (trace.test.ts).
  const common = { seed: "letters", parameters: BOX_PARAMETERS, duration: seconds(150) };
  const idle = await correspondents({ ...common, writes: false });
  const busy = await correspondents({ ...common, writes: true });
  assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
  assert.equal(Observer.difference(idle.bob, busy.bob), undefined);
  assert.ok(busy.mailsToBob >= 3 && busy.mailsToAlice >= 2, `${busy.mailsToBob} there, ${busy.mailsToAlice} back`);
  for (const cargo of ["fragment", "request", "box", "loop", "drop", "collect"] as const) {
    assert.ok(busy.cargo.get(cargo), cargo);
  }
  assert.equal(busy.cargo.get("collect"), idle.cargo.get("collect"));
});

test("the same holds while loops go into boxes all the time, and while what comes there is kept, and other boxes are opened for it", async () => {
  const seed = "three";
  const alice = () => ({ streams: loopingStreams(seed) });
  for (const givesNothing of [false, true]) {
    const idle = await watch({ seed, entries: 0, alice, givesNothing });
    const busy = await watch({ seed, entries: ENTRIES, alice, givesNothing });
    assert.deepEqual([idle.received, busy.received], [0, givesNothing ? 0 : ENTRIES]);
    assert.ok(givesNothing ? idle.lost > 0 : idle.lost === 0, `${idle.lost} lost`);
    assert.equal(busy.lost, idle.lost);
    assert.ok(givesNothing ? idle.boxes > 1 : idle.boxes === 1, `${idle.boxes} boxes`);
    assert.equal(busy.boxes, idle.boxes);
    assert.equal(Observer.difference(idle.line, busy.line), undefined);
    assert.deepEqual(busy.mailbox, idle.mailbox);
  }
});

test("nor do a client's sockets tell whether its user writes while every provider keeps what comes into boxes", async () => {
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const honest = BoxStore.prototype.take;
  giveNothing(BoxStore.prototype);
  try {
    const common = { seed: "letters", parameters: BOX_PARAMETERS, duration: seconds(100) };
    const idle = await correspondents({ ...common, writes: false });
    const busy = await correspondents({ ...common, writes: true });
    assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
    assert.equal(Observer.difference(idle.bob, busy.bob), undefined);
    assert.ok(busy.mailsToBob > 0, "first letters");
  } finally {
    BoxStore.prototype.take = honest;
  }
});

const PLANTS: readonly [string, Parameters<typeof watch>[0]["alice"] & object][] = [
  [
    "collects seldom until something has come",
    (client) => ({ make: (options) => new SeldomCollecting(options, client) }),
  ],
  [
    "sends every loop into its boxes once something came",
    (client) => ({ streams: loopingStreams("faults", () => client().received.size > 0) }),
  ],
  [
    "asks for what it put into its boxes once something came",
    (client) => ({
      streams: loopingStreams(
        "faults",
        () => true,
        () => client().received.size > 0,
      ),
    }),
  ],
  ["asks for its answers sooner when something came", (client) => ({ streams: hastyStreams("faults", client) })],
];

for (const [fault, alice] of PLANTS) {
  test(`a client that ${fault} is found out`, async () => {
    const idle = await watch({ seed: "faults", entries: 0, alice });
    const busy = await watch({ seed: "faults", entries: ENTRIES, alice });
    assert.ok(busy.received > 0);
    assert.notDeepEqual(busy.mailbox, idle.mailbox);
  });
}

/** "There is nothing in it, so why ask every time?" */
class SeldomCollecting extends TransportClient {
  readonly #client: () => SimClient;
  #drops = 0;

  constructor(options: TransportClientOptions, client: () => SimClient) {
    super(options);
    this.#client = client;
  }

  protected override makeSendClock(options: SendClockOptions): SendClock {
    // A payload slot with nothing to send is a drop.
    const isSkipped = (): boolean => this.#client().received.size === 0 && this.#drops++ % 3 > 0;
    const prepare: SendClockOptions["prepare"] = (kind) =>
      options.prepare(kind === "drop" && isSkipped() ? "payload" : kind);
    return super.makeSendClock({ ...options, prepare });
  }
}

/** Every loop slot is a box's turn, while it is so, and is asked for where `asks`. */
function loopingStreams(seed: string, isSo = () => true, asks = () => true): TransportClientOptions["streams"] {
  let draws = 0;
  // First which loop, then which box: the latest, then whether it is asked for it.
  const fills = [() => 0, () => 255, () => (asks() ? 0 : 255)];
  const fill = (): number => (isSo() ? (fills[draws++ % fills.length]?.() as number) : 255);
  const boxLoops = { bytes: (length: number) => new Uint8Array(length).fill(fill()) };
  return { ...seededStreams(`${seed}/alice/0`), boxLoops };
}

function giveNothing(store: Pick<BoxStore, "take">): void {
  const honest = store.take;
  store.take = function take(this: BoxStore, reader) {
    const given = honest.call(this, reader);
    return given.what === "entry" ? { what: "nothing", next: given.next } : given;
  };
}

/** Choices and delays of collects are the shortest as soon as something has come. */
function hastyStreams(seed: string, client: () => SimClient): TransportClientOptions["streams"] {
  const streams = seededStreams(`${seed}/alice/0`);
  const bytes = (length: number): Uint8Array => {
    const drawn = streams.boxes.bytes(length);
    return client().received.size > 0 ? drawn.fill(0) : drawn;
  };
  return { ...streams, boxes: { bytes } };
}
