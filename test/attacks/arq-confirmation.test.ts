/**
 * An attacker drops a packet and watches when something leaves again: with a fixed timer the pause names the sender. Ours is
 * drawn anew for each fragment, and leaves in a payload slot that is there without it, over a fresh path (docs/spec/04-traffic.md §7).
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Observer } from "#test/sim/observer.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type Milliseconds, milliseconds, messageId, nodeId, mailboxId, seconds } from "#transport/core/units.ts";
import { Outgoing } from "#transport/client/outgoing.ts";
import { NO_PROGRESS, type OutgoingMessage } from "#transport/client/store.ts";
import { TimeLaws } from "#transport/client/time-laws.ts";
import type { TransportClient } from "#transport/client/client.ts";
import { meddling } from "./harness/adversary.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

const at = (time: number): Milliseconds => milliseconds(time);

test("when a lost fragment comes again cannot be told from when it was lost", () => {
  const waits = Array.from({ length: 400 }, (_, i) => repeatAfterLoss(`sender ${i}`));
  assert.ok(new Set(waits).size > 390, "no two senders keep one schedule");
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  const deviation = Math.sqrt(waits.reduce((sum, wait) => sum + (wait - mean) ** 2, 0) / waits.length);
  assert.ok(deviation > mean / 4, `spread ${deviation} around ${mean}`);
});

test("two fragments lost together come back apart", () => {
  const outgoing = sentAndLost("together", 6);
  const times = outgoing.changes();
  const returns = [...times.values()].map((fragment) => fragment.notBefore);
  assert.equal(new Set(returns).size, 6);
});

test("nothing that arrived is sent again", () => {
  const outgoing = sentAndLost("partly", 6, new Set([0, 2, 3]));
  assert.deepEqual(outgoing.waiting(at(1e12), 10), [1, 4, 5]);
});

describe("whoever drops a mail's packets in the last layer and watches everybody's lines", () => {
  let idle: Watched;
  let whole: Watched;
  let hit: Watched;
  let repeated: Departure[];

  before(async () => {
    idle = await watch({ writes: false, drops: false });
    whole = await watch({ writes: true, drops: false });
    hit = await watch({ writes: true, drops: true });
    repeated = hit.departures.filter(({ attempt }) => attempt === 2);
  });

  test("hits each fragment once; all leave again but those that only pad, and the mail arrives", () => {
    const count = new Set(whole.departures.map(({ index }) => index)).size;
    assert.ok(count >= 20, `${count} fragments`);
    assert.equal(hit.dropped, count);
    const again = repeated.map(({ index }) => index).toSorted((a, b) => a - b);
    assert.ok(again.length >= 20);
    assert.deepEqual(again, [...again.keys()]);
    assert.ok(whole.departures.every(({ attempt }) => attempt === 1));
    assert.deepEqual([idle.arrived, whole.arrived, hit.arrived], [0, 1, 1]);
  });

  test("sees the same on writer's and reader's lines as when it drops nothing, and as when nobody writes", () => {
    for (const other of [whole, idle]) {
      assert.equal(Observer.difference(hit.writer, other.writer), undefined);
      assert.equal(Observer.difference(hit.reader, other.reader), undefined);
    }
  });

  test("a repetition leaves in a payload slot that is there when nothing was lost", () => {
    const slots = new Set(whole.payloadSlots);
    assert.deepEqual(whole.payloadSlots, idle.payloadSlots);
    for (const { at: time, index } of repeated) assert.ok(slots.has(time), `fragment ${index}`);
  });

  test("over a path that is drawn again: it meets each mix of the first one by chance alone", () => {
    const same = repeated.flatMap(({ index, path }) => {
      const first = hit.departures.find((one) => one.index === index && one.attempt === 1);
      return path.slice(0, LAYERS).map((node, layer) => node === first?.path[layer]);
    });
    const expected = same.length / MIXES_IN_LAYER;
    const met = same.filter(Boolean).length;
    // Half of them, within four standard deviations; mixes that are kept are met each time.
    assert.ok(same.length === LAYERS * repeated.length && Math.abs(met - expected) < 2 * Math.sqrt(same.length));
    assert.ok(
      repeated.every(({ path }) => path.length === LAYERS + 1),
      "and every one reaches the reader's provider",
    );
  });
});

const LAYERS = 3;
const MIXES_IN_LAYER = 2;
const BODY_BYTES = 50_000;

interface Departure {
  readonly index: number;
  readonly attempt: number;
  readonly at: number;
  /** The nodes that accepted it, in order. */
  readonly path: string[];
}

interface Watched {
  readonly writer: Observer;
  readonly reader: Observer;
  readonly departures: readonly Departure[];
  /** When the writer's slots of that kind left, whatever they carried. */
  readonly payloadSlots: readonly number[];
  readonly dropped: number;
  readonly arrived: number;
}

/** The same network from the same seed: somebody writes one mail or none, and what leaves first of it is dropped or not. */
async function watch({ writes, drops }: { writes: boolean; drops: boolean }): Promise<Watched> {
  const sent: { index: number; attempt: number; at: number; tags: readonly string[] }[] = [];
  const payloadSlots: number[] = [];
  const acceptedBy = new Map<string, string>();
  /** Where and until when, by tag. A program notes what left when it has time, which may be after this. */
  const held = new Map<string, string>();
  const hitThen = new Set<string>();
  let dropped = 0;
  /** Whether what leaves a node now is a fragment's first packet, at its last mix. */
  const isFirst = (moment: string): boolean =>
    sent.some(({ attempt, tags }) => attempt === 1 && held.get(tags[LAYERS - 1] as string) === moment);
  const { nodeDependencies } = meddling({
    outgoing: ({ node, now }) => {
      if (!drops || sent.length === 0) return undefined;
      const moment = momentOf(world.node(node)?.nodeId, now);
      if (hitThen.has(moment) || !isFirst(moment)) return undefined;
      hitThen.add(moment);
      dropped++;
      return "dropped";
    },
  });
  const world = await World.create({
    seed: "arq confirmation",
    parameters: { ...SIM_PARAMETERS, minimumPool: 0 },
    suite: noCryptography(),
    nodeDependencies: (name, honest) => nodeDependencies?.(name, honest) ?? honest,
    observer: {
      packetArrived: ({ node, tag }) => acceptedBy.set(toHex(tag), toHex(node)),
      packetHeld: ({ node, tag, due }) => held.set(toHex(tag), momentOf(node, due)),
    },
  });
  const alice = await world.join({
    name: "alice",
    provider: "a",
    observer: {
      slotSent: ({ kind, at: time }) => void (kind === "payload" && payloadSlots.push(time)),
      fragmentSent: ({ index, tags, at: time }) => {
        const attempt = 1 + sent.filter((one) => one.index === index).length;
        sent.push({ index, attempt, at: time, tags: tags.map(toHex) });
      },
    },
  });
  const bob = await world.join({ name: "bob", provider: "b" });
  acknowledges(bob.client, alice.address);
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record !== undefined);
  await world.clock.runUntil(milliseconds(world.network.genesis + 30_000));
  if (writes) void alice.client.send({ to: record, body: new SeededRandom("body").bytes(BODY_BYTES) });
  await world.clock.runFor(seconds(150));
  for (const { observer } of [alice, bob]) observer.leave();
  const seen = { writer: alice.observer, reader: bob.observer, arrived: bob.received.size };
  await world.stop();
  const departures = sent.map(({ index, attempt, at: time, tags }) => {
    return { index, attempt, at: time, path: tags.flatMap((tag) => acceptedBy.get(tag) ?? []) };
  });
  return { ...seen, departures, payloadSlots, dropped };
}

const momentOf = (node: Uint8Array | undefined, time: number): string => `${toHex(node ?? new Uint8Array())} ${time}`;

/** Without a receipt the writer's program would remind, and send what arrived once more. */
function acknowledges(client: TransportClient, writer: string): void {
  client.on("message", ({ messageId: id }) => {
    const acknowledge = async (): Promise<void> => {
      const to = await client.lookup(writer);
      if (to !== undefined) await client.acknowledge({ messageId: id, to });
    };
    void acknowledge().catch(() => undefined);
  });
}

/** From a fragment's departure, lost, until it may leave again. */
function repeatAfterLoss(seed: string): number {
  const outgoing = sentAndLost(seed, 1);
  const [fragment] = outgoing.changes().values();
  return (fragment?.notBefore ?? 0) - 1000;
}

function sentAndLost(seed: string, count: number, stored: ReadonlySet<number> = new Set()): Outgoing {
  const random = new SeededRandom(seed);
  const parameters = SIM_PARAMETERS;
  const waits = new TimeLaws({ random, profile: () => parameters.profiles.mail, parameters });
  const outgoing = new Outgoing({ message: message(count), needed: count, waits });
  for (let index = 0; index < count; index++) outgoing.sent(index, { hash: random.bytes(16), at: at(1000) });
  const askAt = outgoing.progress.askAt as Milliseconds;
  assert.equal(outgoing.duty(askAt), "ask");
  const asked = outgoing.question().map(({ index }) => index);
  outgoing.answered(asked, stored, askAt);
  return outgoing;
}

function message(count: number): OutgoingMessage {
  const progress = {
    ...NO_PROGRESS,
    deadline: at(1e9),
  };
  return {
    id: messageId(new Uint8Array(16)),
    to: {
      address: "reader@b.example",
      accountKey: new Uint8Array(32),
      providerId: nodeId(new Uint8Array(32)),
      mailboxId: mailboxId(new Uint8Array(32)),
      mailboxKey: new Uint8Array(1216),
      validUntil: at(1e9),
    },
    bytes: 1,
    proof: new Uint8Array(32),
    queuedAt: at(0),
    progress,
    fragments: Array.from({ length: count }, () => ({ state: "waiting", notBefore: at(0), attempts: 0, hashes: [] })),
  };
}
