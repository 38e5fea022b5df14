/**
 * The promise of boxes: neither who watches a client's line nor its own provider sees whether anything lies in its boxes.
 * Spec: docs/spec/17-boxes.md §6, §9
 */

import assert from "node:assert/strict";
import { test } from "node:test";
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

interface Seen {
  readonly line: Observer;
  /** Entries that became durable in a mailbox at Alice's own provider: when, and in whose. */
  readonly mailbox: readonly string[];
  readonly received: number;
  readonly collects: number;
}

/** Alice's client for a minute and a half, from when it has a box; with `entries` put into that by hand. */
async function watch(o: {
  seed: string;
  entries: number;
  alice?: (client: () => SimClient) => Pick<ClientOptions, "make" | "streams">;
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
  const payloads: Uint8Array[] = [];
  for (let n = 0; n < o.entries; n++) {
    payloads.push(...(await sealedTo(world, alice, { body: new SeededRandom(`${n}`).bytes(300), seed: `${n}` })));
  }
  putInto(world, box, payloads);
  await world.clock.runFor(SLICE);
  const own = world.provider("a").nodeId;
  const mailbox = stored.filter(({ node }) => equalBytes(node, own)).map(({ text }) => text);
  const seen = { line: alice.observer, mailbox, received: alice.received.size, collects };
  assert.ok((await boxesOf(alice)).length > 0);
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

const PLANTS: readonly [string, Parameters<typeof watch>[0]["alice"] & object][] = [
  [
    "collects seldom until something has come",
    (client) => ({ make: (options) => new SeldomCollecting(options, client) }),
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

/** Choices and delays of collects are the shortest as soon as something has come. */
function hastyStreams(seed: string, client: () => SimClient): TransportClientOptions["streams"] {
  const streams = seededStreams(`${seed}/alice/0`);
  const bytes = (length: number): Uint8Array => {
    const drawn = streams.boxes.bytes(length);
    return client().received.size > 0 ? drawn.fill(0) : drawn;
  };
  return { ...streams, boxes: { bytes } };
}
