/** What a bad authority, provider or node does to the list of nodes, and who refuses it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, utf8 } from "#transport/core/bytes.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { consensusHash, encodeConsensus, signConsensus, verifyConsensus } from "#transport/directory/consensus.ts";
import { Directory } from "#transport/directory/directory.ts";
import { epochInForce, epochStart, sendersChange } from "#transport/directory/epochs.ts";
import { checkFreshness } from "#transport/directory/freshness.ts";
import { signDescriptor } from "#transport/directory/descriptor.ts";
import { Admission } from "#provider-server/authority/admission.ts";
import { DescriptorRegistry } from "#provider-server/authority/descriptor-registry.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import {
  consensusBody,
  seedOf,
  signedConsensus,
  testConsensus,
  testDescriptor,
  testNetwork,
} from "#test/support/test-network.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;
const at = (epoch: number) => epochNumber(epoch);
const refuse = (bytes: Uint8Array, code: string) =>
  assert.throws(() => verifyConsensus(network, bytes, suite), { code });

test("a consensus with one signature less than the threshold is forged", () => {
  assert.equal(verifyConsensus(network, signedConsensus(made, suite, {}, [0, 2]), suite).signatures.size, 2);
  for (const signers of [[], [0], [1], [2]]) refuse(signedConsensus(made, suite, {}, signers), "CONSENSUS_FORGED");
});

test("one authority that signs twice, under its own or another's name, is one authority", () => {
  const body = consensusBody(made, suite);
  const identitySeed = made.identitySeeds[0] as Uint8Array;
  const own = signConsensus({ epoch: at(0), hash: consensusHash(suite, body), identitySeed, suite });
  refuse(
    encodeConsensus(
      body,
      new Map([
        [0, own],
        [1, own],
      ]),
    ),
    "CONSENSUS_FORGED",
  );
  const once = encodeConsensus(body, new Map([[0, own]]));
  const twice = concat(once.subarray(0, -(own.length + 2)), Uint8Array.of(2, 0), own, Uint8Array.of(0), own);
  refuse(twice, "MALFORMED");
});

test("signatures of strangers do not count", () => {
  const body = consensusBody(made, suite);
  const hash = consensusHash(suite, body);
  const strange = [1, 2, 3].map((n): [number, Uint8Array] => [
    n - 1,
    signConsensus({ epoch: at(0), hash, identitySeed: seedOf(`${n}`), suite }),
  ]);
  refuse(encodeConsensus(body, new Map(strange)), "CONSENSUS_FORGED");
});

test("signatures under another label, or of another network's consensus, do not count", () => {
  const body = consensusBody(made, suite);
  const hash = consensusHash(suite, body);
  const mislabelled = [0, 1].map((n): [number, Uint8Array] => {
    const message = concat(utf8("starling/vote-endorsement/v1"), Uint8Array.of(0), new Uint8Array(4), hash);
    return [n, suite.hybrid.sign(message, made.identitySeeds[n] as Uint8Array)];
  });
  refuse(encodeConsensus(body, new Map(mislabelled)), "CONSENSUS_FORGED");
  const other = testNetwork({ suite, genesis: seconds(101) });
  refuse(signedConsensus(other, suite), "CONSENSUS_FORGED");
});

test("one changed node turns a good consensus into a forged one", () => {
  const bytes = signedConsensus(made, suite);
  bytes[400] = (bytes[400] as number) ^ 1;
  refuse(bytes, "CONSENSUS_FORGED");
});

test("a majority cannot change what links and epochs are made of", () => {
  const { parameters } = network;
  const { mail, chat } = parameters.profiles;
  const hasty = { ...parameters, profiles: { mail: { ...mail, meanDelay: milliseconds(1) }, chat } };
  for (const changed of [{ ...parameters, packetBytes: 5000 }, hasty, { ...parameters, minimumPool: 0 }]) {
    refuse(signedConsensus(made, suite, { parameters: changed }), "MALFORMED");
  }
});

test("a mix in two layers, or a provider among the mixes, is malformed whoever signs it", () => {
  const { layers, providers } = testConsensus(made, suite);
  refuse(signedConsensus(made, suite, { layers: [layers[0], layers[0], layers[2]] }), "MALFORMED");
  refuse(signedConsensus(made, suite, { layers: [layers[0], layers[1], providers] }), "MALFORMED");
});

test("two lists for one epoch are a split, whichever comes first", () => {
  const one = signedConsensus(made, suite);
  const other = signedConsensus(made, suite, { sharedRandom: seedOf("other") }, [1, 2]);
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    const directory = new Directory({ network, suite });
    directory.accept(first);
    assert.equal(directory.accept(first).isNew, false);
    assert.throws(() => directory.accept(second), { code: "CONSENSUS_SPLIT" });
  }
});

test("a list that does not name the one we hold as the one before it is a split", () => {
  const directory = new Directory({ network, suite });
  const zero = directory.accept(signedConsensus(made, suite)).consensus;
  const fork = signedConsensus(made, suite, { epoch: at(1), previous: seedOf("fork") });
  assert.throws(() => directory.accept(fork), { code: "CONSENSUS_SPLIT" });
  const good = signedConsensus(made, suite, { epoch: at(1), previous: zero.hash });
  assert.equal(directory.accept(good).isNew, true);
});

const wish = (epoch: number) => ({ ...testKeys(epoch), epoch: at(epoch) });

test("nobody is led back in time, also not after a restart", () => {
  const old = signedConsensus(made, suite, wish(3));
  const directory = new Directory({ network, suite });
  directory.accept(old);
  directory.accept(signedConsensus(made, suite, wish(7)));
  for (const epoch of [2, 4, 5]) {
    assert.throws(() => directory.accept(signedConsensus(made, suite, wish(epoch))), { code: "CONSENSUS_STALE" });
  }
  const restarted = new Directory({ network, suite });
  restarted.restore(directory.saved());
  assert.throws(() => restarted.accept(signedConsensus(made, suite, wish(5))), { code: "CONSENSUS_STALE" });
  assert.equal(restarted.newest?.epoch, 7);
});

test("one epoch back fills a gap only with the list that the newer one names", () => {
  const six = signedConsensus(made, suite, { ...testKeys(6), epoch: at(6) });
  const previous = verifyConsensus(network, six, suite).hash;
  const directory = new Directory({ network, suite });
  directory.accept(signedConsensus(made, suite, { ...testKeys(7), epoch: at(7), previous }));
  const fork = signedConsensus(made, suite, { ...testKeys(6), epoch: at(6), sharedRandom: seedOf("fork") });
  assert.throws(() => directory.accept(fork), { code: "CONSENSUS_SPLIT" });
  assert.equal(directory.accept(six).isNew, true);
});

test("a list that fills a gap must fit the one before it, too: else who missed one would never see that there are two histories", () => {
  const five = signedConsensus(made, suite, wish(5));
  const signedSix = (previous: Uint8Array) => signedConsensus(made, suite, { ...wish(6), previous });
  const hashOf = (bytes: Uint8Array): Uint8Array => verifyConsensus(network, bytes, suite).hash;
  const [fork, six] = [signedSix(seedOf("fork")), signedSix(hashOf(five))];
  const afterGap = (filling: Uint8Array): Directory => {
    const directory = new Directory({ network, suite });
    directory.accept(five);
    directory.accept(signedConsensus(made, suite, { ...wish(7), previous: hashOf(filling) }));
    return directory;
  };
  assert.throws(() => afterGap(fork).accept(fork), { code: "CONSENSUS_SPLIT" });
  assert.equal(afterGap(six).accept(six).isNew, true);
});

test("a list serves one epoch past its own and is then stale", () => {
  const directory = new Directory({ network, suite });
  assert.throws(() => directory.at(seconds(0)), { code: "NO_CONSENSUS" });
  directory.accept(signedConsensus(made, suite));
  assert.equal(directory.at(epochStart(network, at(1))).epoch, 0);
  assert.equal(directory.at(milliseconds(epochStart(network, at(2)) - 1)).epoch, 0);
  assert.throws(() => directory.at(epochStart(network, at(2))), { code: "CONSENSUS_STALE" });
});

test("the list before is used until all change, and the newest at once by who has no other", () => {
  const first = signedConsensus(made, suite, wish(6));
  const previous = verifyConsensus(network, first, suite).hash;
  const second = signedConsensus(made, suite, { ...wish(7), previous });
  const [from, change] = [epochInForce(network, at(7)), sendersChange(network, at(7))];
  const late = new Directory({ network, suite });
  late.accept(second);
  assert.equal(late.at(from).epoch, 7);
  const directory = new Directory({ network, suite });
  directory.accept(first);
  assert.equal(directory.at(change).epoch, 6, "without the newest it goes on");
  directory.accept(second);
  for (const time of [from - 1, from, change - 1]) assert.equal(directory.at(milliseconds(time)).epoch, 6);
  assert.equal(directory.at(change).epoch, 7);
  assert.deepEqual(
    [from - 1, from].map((time) => directory.newestAt(milliseconds(time)).epoch),
    [6, 7],
    "what is given to others changes before",
  );
});

test("a clock that is hours wrong is told from a list that is old", () => {
  const consensus = verifyConsensus(network, signedConsensus(made, suite, { ...testKeys(600), epoch: at(600) }), suite);
  const truth = epochInForce(network, at(600));
  const check = (now: number, witnesses: readonly number[]) =>
    checkFreshness({ network, consensus, now: milliseconds(now), witnesses: witnesses.map(milliseconds) });
  const hours = 3 * 3600 * 1000;
  check(truth, []);
  check(truth, [truth + 500]);
  // Behind: the signed list itself is of our future.
  assert.throws(() => check(truth - hours, []), { code: "CLOCK_WRONG" });
  // Ahead: only others' clocks tell, and only if the list bears them out.
  assert.throws(() => check(truth + hours, [truth]), { code: "CLOCK_WRONG" });
  assert.throws(() => check(truth + hours, [truth + hours]), { code: "CONSENSUS_STALE" });
  assert.throws(() => check(truth + hours, []), { code: "CONSENSUS_STALE" });
  // One liar among three witnesses moves nothing; a witness the list contradicts neither.
  check(truth, [truth, truth - hours, truth + 1]);
  check(truth, [truth - hours]);
  // Within the list's validity, but further off than packets bear.
  assert.throws(() => check(truth + 10_000, [truth]), { code: "CLOCK_WRONG" });
});

test("descriptors of nodes not admitted, of others, in another role, old or from the future are refused with the reason", () => {
  const { nodeId, signingKey } = testDescriptor(suite, { name: "mix0" });
  const admission = new Admission([{ nodeId, role: "mix", operator: "op" }]);
  const store = new MemoryAuthorityStore();
  const registry = new DescriptorRegistry({ network, suite, admission, store });
  const good = testDescriptor(suite, { name: "mix0", operator: "op", publishedAt: 1000 });
  const now = milliseconds(1000);
  const publish = (fields: object) =>
    registry.publish(testDescriptor(suite, { name: "mix0", operator: "op", ...fields }).bytes, now);
  assert.equal(registry.publish(good.bytes, now), undefined);
  assert.equal(registry.publish(good.bytes, now), undefined);
  assert.equal(publish({ name: "evil" }), "the node is not admitted");
  assert.equal(publish({ operator: "another" }), "the node is of another operator");
  assert.equal(publish({ role: "provider", domain: "x.example" }), "the node is admitted in another role");
  assert.equal(publish({ publishedAt: 999 }), "a newer descriptor is known");
  assert.equal(publish({ publishedAt: 10 ** 9 }), "the descriptor is from the future");
  assert.equal(registry.publish(new Uint8Array(9), now), "not a descriptor");
  // Someone else's node id, and key, over one's own signature.
  const newer = { ...good, publishedAt: milliseconds(1001) };
  const evil = signDescriptor({ fields: newer, identitySeed: seedOf("evil"), suite }).bytes;
  evil.set(nodeId, 2);
  assert.equal(registry.publish(evil, now), "the node did not sign the descriptor");
  evil.set(signingKey, 34);
  assert.equal(registry.publish(evil, now), "the node did not sign the descriptor");
  assert.equal(registry.nodesFor(at(0)).length, 1);
  assert.equal(
    new DescriptorRegistry({ network, suite, admission: new Admission([]), store }).nodesFor(at(0)).length,
    0,
  );
});

/** Nodes with keys for an epoch. */
function testKeys(epoch: number) {
  const mix = (n: number) => testDescriptor(suite, { name: `mix${n}`, periods: [epoch] });
  return { layers: [[mix(0)], [mix(1)], [mix(2)]] as const, providers: [] };
}

test("a node whose key for the epoch is none is left out: nobody could wrap a packet that passes it", () => {
  const epoch = at(1);
  const good = testDescriptor(suite, { name: "good", publishedAt: epochStart(network, epoch) });
  // A point of small order (RFC 7748 §6.1).
  const mixKeys = new Map(
    [...good.mixKeys].map(([period, key], index) => [period, index === 1 ? new Uint8Array(32) : key]),
  );
  const bad = signDescriptor({ fields: { ...good, mixKeys }, identitySeed: seedOf("bad/identity"), suite });
  const registry = new DescriptorRegistry({
    network,
    suite,
    admission: new Admission([good, bad]),
    store: new MemoryAuthorityStore(),
  });
  for (const { bytes, publishedAt } of [good, bad]) assert.equal(registry.publish(bytes, publishedAt), undefined);
  assert.deepEqual(
    registry.nodesFor(epoch).map((node) => node.nodeId),
    [good.nodeId],
  );
});
