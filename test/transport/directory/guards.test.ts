/** A client's first mixes over virtual weeks: the same through restarts and others' coming and going, replaced only when gone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GuardKeeper } from "#transport/client/guard-keeper.ts";
import type { StoredAccount } from "#transport/client/store.ts";
import { toHex } from "#transport/core/bytes.ts";
import { below, type RandomSource } from "#transport/core/random.ts";
import { keyPeriodNumber, mailboxId, milliseconds, type NodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import {
  GUARD_ABSENCE_MAX,
  GUARD_LAYER_WIDTH_MIN,
  GUARD_LIFETIME,
  GUARDS,
  GUARDS_HELD_MAX,
  type Guard,
  guardsInUse,
  keepGuards,
} from "#transport/directory/guards.ts";
import type { Consensus, NodeDescriptor } from "#transport/directory/model.ts";
import { choosePath } from "#transport/directory/path.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const base = testConsensus(testNetwork({ suite }), suite);
const HOUR = 3_600_000;
const entry = base.providers[0] as NodeDescriptor;
const known = new Map<string, NodeDescriptor>();

/** `operator/name`, or a name that is its own operator. */
function mix(name: string): NodeDescriptor {
  const node = known.get(name) ?? testDescriptor(suite, { name, operator: name.split("/")[0] ?? name });
  known.set(name, node);
  return node;
}
const listOf = (first: readonly string[], second: readonly string[] = ["s0", "s1"]): Consensus => ({
  ...base,
  layers: [first.map(mix), second.map(mix), ["t0", "t1"].map(mix)],
});
const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, n) => `f${from + n}`);
const namesOf = (ids: readonly NodeId[]): string[] => {
  return ids.map((id) => [...known].find(([, node]) => toHex(node.nodeId) === toHex(id))?.[0] ?? "unknown");
};

/** A client that gets lists; its guards are what its disk says after each. */
function client(random: RandomSource = new SeededRandom("guards")) {
  let held: readonly Guard[] = [];
  let now = 0;
  let list = base;
  return {
    see(consensus: Consensus, hours = 1): string[] {
      now += hours * HOUR;
      list = consensus;
      held = keepGuards({ consensus, held, entry: entry.nodeId, now: milliseconds(now), random });
      // A restart between any two lists: only what JSON keeps is kept.
      held = held.map((guard) => ({ ...guard }));
      return this.inUse;
    },
    get inUse(): string[] {
      return namesOf(guardsInUse(list, held));
    },
    get held(): string[] {
      return namesOf(held.map(({ nodeId }) => nodeId));
    },
  };
}

test("for seven weeks the guards stay the same while all other mixes come and go", () => {
  const random = new SeededRandom("churn");
  const one = client();
  let layer = names(12);
  const guards = one.see(listOf(layer));
  assert.equal(guards.length, GUARDS);
  for (let hour = 0, next = 12; hour < 49 * 24; hour += 6, next++) {
    const others = layer.filter((name) => !guards.includes(name));
    const leaves = others[below(random, others.length)] as string;
    layer = layer.map((name) => (name === leaves ? `f${next}` : name));
    assert.deepEqual(one.see(listOf(layer), 6), guards, `hour ${hour}`);
  }
  assert.deepEqual(one.held, guards);
});

test("every path of a packet begins at a guard, each as often as another, and replies and loops do not", () => {
  const layer = names(10);
  const one = client();
  const guards = one.see(listOf(layer));
  const consensus = listOf(layer);
  const ids = guards.map((name) => mix(name).nodeId);
  const random = new SeededRandom("paths");
  const counts = new Map<string, number>();
  const options = {
    consensus,
    period: keyPeriodNumber(0),
    meanDelay: milliseconds(100),
    paths: random,
    delays: random,
  };
  for (let n = 0; n < 300; n++) {
    const { hops } = choosePath({ ...options, destination: entry.nodeId, guards: ids });
    const [first] = namesOf([hops[0]?.nodeId as NodeId]);
    counts.set(first as string, (counts.get(first as string) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].toSorted(), guards.toSorted());
  for (const count of counts.values()) assert.ok(count > 70 && count < 130, `${count}`);
});

test("a guard that is away for less than a week is the client's again, and after a week another has its place for good", () => {
  const layer = names(12);
  const one = client();
  const guards = one.see(listOf(layer));
  const [first, ...rest] = guards as [string, ...string[]];
  const without = listOf(layer.filter((name) => name !== first));
  for (let day = 0; day < 6; day++)
    assert.deepEqual(one.see(without, 24), rest, "nobody is drawn for a guard that may come back");
  assert.deepEqual(one.see(listOf(layer), 1), guards);

  one.see(without, 1);
  const after = one.see(without, GUARD_ABSENCE_MAX / HOUR);
  assert.equal(after.length, GUARDS);
  assert.deepEqual(after.slice(0, 2), rest);
  assert.deepEqual(one.see(listOf(layer), 1), after, "it comes back too late");
});

test("with two of three away one more is drawn, remembered, and not used once the others are back", () => {
  const layer = names(12);
  const one = client();
  const guards = one.see(listOf(layer));
  const without = listOf(layer.filter((name) => !guards.slice(0, 2).includes(name)));
  const meanwhile = one.see(without);
  assert.equal(meanwhile.length, 2);
  assert.equal(meanwhile[0], guards[2]);
  assert.deepEqual(one.see(listOf(layer)), guards);
  assert.deepEqual(one.see(without), meanwhile, "the same one in the next outage");
});

test("whoever takes one guard down after the other shows the client to few mixes, not to the layer", () => {
  const layer = names(40);
  const one = client();
  const met = new Set(one.see(listOf(layer)));
  const down = new Set<string>();
  for (let hour = 0; hour < 150; hour++) {
    for (const name of one.inUse) down.add(name);
    for (const name of one.see(listOf(layer.filter((other) => !down.has(other))))) met.add(name);
  }
  assert.equal(one.held.length, GUARDS_HELD_MAX);
  assert.equal(met.size, GUARDS_HELD_MAX);
});

test("a guard that was drawn into another layer is replaced at once, and one that is a year old as well", () => {
  const layer = names(12);
  const one = client();
  const [moved, ...rest] = one.see(listOf(layer)) as [string, ...string[]];
  const next = one.see(
    listOf(
      layer.filter((name) => name !== moved),
      ["s0", "s1", moved],
    ),
  );
  assert.equal(next.length, GUARDS);
  assert.deepEqual(next.slice(0, 2), rest);
  const later = one.see(listOf(layer), GUARD_LIFETIME / HOUR - 1);
  assert.equal(later[0], next[2], "the one that was drawn an hour later has an hour left");
});

test("no guards are drawn where three would be all; those there are then out of use, and not forgotten", () => {
  assert.deepEqual(client().see(listOf(names(GUARD_LAYER_WIDTH_MIN - 1))), []);
  const one = client();
  const guards = one.see(listOf(names(GUARD_LAYER_WIDTH_MIN)));
  assert.equal(guards.length, GUARDS);
  const others = names(GUARD_LAYER_WIDTH_MIN).filter((name) => !guards.includes(name));
  const narrow = [...others, ...guards].slice(0, GUARD_LAYER_WIDTH_MIN - 1);
  assert.deepEqual(one.see(listOf(narrow)), []);
  assert.deepEqual(one.see(listOf(names(GUARD_LAYER_WIDTH_MIN))), guards);
});

test("guards are of different operators, and not of the provider's, where there are enough", () => {
  const own = `${entry.operator}/own`;
  const layer = ["a/1", "a/2", "a/3", "a/4", "b/1", "c/1", own, "d/1", "a/5"];
  for (let n = 0; n < 40; n++) {
    const guards = client(new SeededRandom(`${n}`)).see(listOf(layer));
    const operators = guards.map((name) => name.split("/")[0]);
    assert.equal(new Set(operators).size, GUARDS, guards.join());
    assert.ok(!guards.includes(own));
  }
  const alone = Array.from({ length: 8 }, (_, n) => `a/${n}`);
  assert.equal(client().see(listOf(alone)).length, GUARDS, "and of one where there is one");
});

test("guards are drawn from a stream of their own, kept on disk, and drawn no more often when the disk is full", async () => {
  const clock = new VirtualClock();
  const opened = { address: "a@a.example", providerId: entry.nodeId, mailboxId: mailboxId(new Uint8Array(32)) };
  let isFull = false;
  const account = {
    opened,
    stored: { guards: [] } as unknown as StoredAccount,
    async save(change: Partial<StoredAccount>) {
      if (isFull) throw new Error("disk full");
      account.stored = { ...account.stored, ...change };
    },
  };
  let drawn = 0;
  const source = new SeededRandom("own stream");
  const random: RandomSource = {
    bytes(length) {
      drawn++;
      return source.bytes(length);
    },
  };
  const keeper = new GuardKeeper({ clock, random, account });
  assert.deepEqual(keeper.ids, []);
  keeper.update(listOf(names(12)));
  const guards = namesOf(keeper.ids);
  assert.equal(guards.length, GUARDS);
  const afterFirst = drawn;
  isFull = true;
  for (let n = 0; n < 50; n++) keeper.update(listOf(names(12 + n)));
  assert.deepEqual(namesOf(keeper.ids), guards);
  assert.equal(drawn, afterFirst, "a list without news costs no randomness");
  const restarted = new GuardKeeper({ clock, random, account });
  restarted.update(listOf(names(20)));
  assert.deepEqual(namesOf(restarted.ids), guards);
  assert.equal(drawn, afterFirst);
});
