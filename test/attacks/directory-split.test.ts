/**
 * A directory that is cut in pieces, or shows different lists to different people: what happens, and how soon it is seen.
 *
 * | attack                                              | needs          | what happens                                   | seen                         |
 * |-----------------------------------------------------|----------------|------------------------------------------------|------------------------------|
 * | one authority shows an old list                     | one authority  | readers ask one more than may lie              | at once, no effect           |
 * | a provider holds its clients on an old list         | the provider   | clients stop sending when it is over           | from the start of epoch n+2  |
 * | another list for some people                        | t authorities  | refused by who has the other one               | with the next list, 1 epoch  |
 * | some people kept on another chain of lists          | t authorities  | they cannot come back unseen                   | with the first honest list   |
 * | authorities cut in two                              | the network    | the larger part goes on, the smaller signs no other | at the count of that epoch   |
 * | authorities cut in three                            | the network    | no list; the last one serves to epoch n+2      | at the count of that epoch   |
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TransportError } from "#transport/core/errors.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { Directory } from "#transport/directory/directory.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import { epochInForce, epochStart, keyPeriodsAnnounced, scheduleOf } from "#transport/directory/epochs.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Dialer, Link } from "#transport/link/link.ts";
import { MemoryAuthorities } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seedOf, signedConsensus, testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;
const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
const at = (epoch: number) => epochNumber(epoch);

/** The true chain of lists for epochs 0 to `last`, signed by the first two. */
function chain(last: number, name = "true"): Uint8Array[] {
  const lists: Uint8Array[] = [];
  let previous = network.hash;
  for (let epoch = 0; epoch <= last; epoch++) {
    const node = (who: string) => testDescriptor(suite, { name: who, periods: [epoch] });
    const layers = [[node("mix0")], [node("mix1")], [node("mix2")]] as const;
    const sharedRandom = seedOf(`${name} ${epoch}`);
    const bytes = signedConsensus(made, suite, { epoch: at(epoch), previous, layers, providers: [], sharedRandom });
    previous = verifyConsensus(network, bytes, suite).hash;
    lists.push(bytes);
  }
  return lists;
}

test("one authority that shows an old list holds nobody back: as many as may lie and one more are asked", async () => {
  const [zero, one] = chain(1) as [Uint8Array, Uint8Array];
  for (let liar = 0; liar < 3; liar++) {
    for (const seed of ["a", "b", "c", "d"]) {
      const shown = [0, 1, 2].map((self) => (self === liar ? zero : one));
      const clock = new VirtualClock();
      const random = new SeededRandom(seed);
      const client = new DirectoryClient({ dialer: showing(shown), network, suite, clock, random });
      assert.equal((await client.fetchConsensus("current")).consensus?.epoch, 1);
    }
  }
});

test("a provider that holds back new lists stops its clients when the old one is over, and not later", () => {
  const [zero] = chain(0) as [Uint8Array];
  const directory = new Directory({ network, suite });
  directory.accept(zero);
  assert.equal(directory.at(milliseconds(epochStart(network, at(2)) - 1)).epoch, 0);
  assert.throws(() => directory.at(epochStart(network, at(2))), { code: "CONSENSUS_STALE" });
});

test("with keys of two authorities stolen some people get another list: they see it with the next true one, an epoch later", () => {
  const [zero, one, two] = chain(2) as [Uint8Array, Uint8Array, Uint8Array];
  const previous = verifyConsensus(network, zero, suite).hash;
  const fork = signedConsensus(made, suite, { ...bare(1), previous, sharedRandom: seedOf("another list") }, [1, 2]);
  const victim = new Directory({ network, suite });
  victim.accept(zero);
  victim.accept(fork);
  assert.throws(() => victim.accept(one), { code: "CONSENSUS_SPLIT" }, "another for the same epoch");
  assert.throws(() => victim.accept(two), { code: "CONSENSUS_SPLIT" }, "the next one does not follow it");
  const other = new Directory({ network, suite });
  other.accept(zero);
  other.accept(one);
  assert.throws(() => other.accept(fork), { code: "CONSENSUS_SPLIT" });
});

test("who was led along another chain for a while cannot be brought back unseen, nor after a restart", () => {
  const truth = chain(4);
  const forked = chain(4, "fork");
  const victim = new Directory({ network, suite });
  for (const bytes of forked.slice(0, 4)) victim.accept(bytes);
  for (const bytes of truth.slice(2)) assert.throws(() => victim.accept(bytes), { code: /CONSENSUS_(SPLIT|STALE)/ });
  const restarted = new Directory({ network, suite });
  restarted.restore(victim.saved());
  assert.throws(() => restarted.accept(truth[4] as Uint8Array), { code: "CONSENSUS_SPLIT" });
});

test("cut in two, the larger part of the authorities goes on and the smaller signs no other list; healed, all have one list again", async () => {
  for (const [phase, alone] of [-0.5, 0.5, 1.5, 2.5].flatMap((p) => [0, 1, 2].map((self) => [p, self] as const))) {
    const s = partitioned([[alone], [0, 1, 2].filter((self) => self !== alone)], phase);
    await s.run();
    const text = `${alone} alone from ${phase} steps\n${s.authorities.logs.map((log) => log.join("\n")).join("\n---\n")}`;
    for (let epoch = 0; epoch <= 3; epoch++) assert.equal(s.lists(epoch), 1, `epoch ${epoch}: ${text}`);
    // One that had all votes before the line went may sign the same list as the others; never another.
    assert.ok(!s.authorities.logs.flat().some((line) => /signed two|second consensus|two signed/.test(line)), text);
    assert.equal(s.authorities.consensus(alone, at(3))?.epoch, 3, text);
  }
});

test("cut in three there is no list, the log says so, and agreement goes on by itself when the lines are back", async () => {
  const s = partitioned([[0], [1], [2]], -0.5);
  await s.run();
  assert.equal(s.lists(1), 0);
  for (const log of s.authorities.logs)
    assert.ok(log.some((line) => line.startsWith("no tally: too few votes epoch=1")));
  for (const epoch of [0, 2, 3]) assert.equal(s.lists(epoch), 1);
  const [zero, two] = [s.authorities.consensus(0, at(0)), s.authorities.consensus(0, at(2))];
  assert.deepEqual(two?.previous, zero?.hash, "the next list names the last there was");
});

/** Three authorities that cannot hear those of other groups from `phase` steps after the vote for epoch 1 until its use. */
function partitioned(groups: readonly (readonly number[])[], phase: number) {
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted });
  const { vote, step } = scheduleOf(network, at(1));
  const groupOf = (self: number) => groups.findIndex((group) => group.includes(self));
  authorities.meddle = ({ from, to, frame }) => {
    const isCut = clock.now() >= vote + phase * step && clock.now() < epochInForce(network, at(1));
    if (isCut && groupOf(from) !== groupOf(to)) throw new TransportError("PROVIDER_DOWN");
    return { frame, delay: 5 };
  };
  const publishAll = (epoch: number): void => {
    for (const name of NODES) {
      const role = name.length === 1 ? "provider" : "mix";
      const periods = keyPeriodsAnnounced(network, at(epoch));
      authorities.publish(testDescriptor(suite, { name, role, periods, publishedAt: clock.now() }).bytes);
    }
  };
  return {
    authorities,
    async run(): Promise<void> {
      authorities.startAll();
      publishAll(0);
      for (let epoch = 0; epoch <= 3; epoch++) {
        await clock.runUntil(epochInForce(network, at(epoch)));
        publishAll(epoch);
      }
      // The one that was alone asks for what it missed.
      await clock.runUntil(milliseconds(scheduleOf(network, at(4)).vote - 1));
    },
    /** How many different lists there are for an epoch. */
    lists(epoch: number): number {
      const hashes = [0, 1, 2].map((self) => authorities.consensus(self, at(epoch))?.hash.join());
      return new Set(hashes.filter((hash) => hash !== undefined)).size;
    },
  };
}

const bare = (epoch: number) => {
  const node = (name: string) => testDescriptor(suite, { name, periods: [epoch] });
  return { epoch: at(epoch), layers: [[node("mix0")], [node("mix1")], [node("mix2")]] as const, providers: [] };
};

/** Authorities that show these lists, in the order of the network file. */
function showing(lists: readonly Uint8Array[]): Dialer {
  return {
    async dial({ address }) {
      const bytes = lists[network.authorities.findIndex((authority) => authority.address === address)] as Uint8Array;
      let receive: ((frame: Uint8Array) => void) | undefined;
      const link: Partial<Link> = {
        send() {
          const answer = encodeFrame({ type: "consensus", time: milliseconds(0), bytes }, NO_PACKETS);
          void settle().then(() => receive?.(answer));
          return true;
        },
        onFrame: (handler) => {
          receive = handler;
        },
        onClose: () => undefined,
        close: () => undefined,
      };
      return link as Link;
    },
  };
}

const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };
