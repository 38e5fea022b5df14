/** Three authorities, two must sign: one that is down, slow, restarting or lying changes nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { signConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { scheduleOf } from "#transport/directory/epochs.ts";
import { encodeRelayedVote, signVote, verifyRelayedVote } from "#transport/directory/vote.ts";
import { type Meddle } from "#test/support/memory-authorities.ts";
import { testDescriptor } from "#test/support/test-network.ts";
import { NODES, suite, EPOCH_0, LIAR, setUp, publishAll, untilEpoch, assertSame } from "./authority-scene.ts";

test("three authorities sign one consensus for each epoch before senders need it", async () => {
  const s = setUp();
  s.authorities.startAll();
  publishAll(s);
  await untilEpoch(s, 4);
  for (let epoch = 0; epoch <= 4; epoch++) {
    assertSame(s, epoch, [0, 1, 2]);
    assert.equal(s.authorities.consensus(0, epochNumber(epoch))?.signatures.size, 3);
  }
});

test("each consensus names the one before, reveals new randomness and keeps the layers", async () => {
  const s = setUp();
  s.authorities.startAll();
  publishAll(s);
  await untilEpoch(s, 2);
  const [zero, one, two] = [0, 1, 2].map((epoch) => s.authorities.consensus(0, epochNumber(epoch)));
  assert.ok(zero && one && two);
  assert.deepEqual(zero.previous, s.network.hash);
  assert.deepEqual(one.previous, zero.hash);
  assert.deepEqual(two.previous, one.hash);
  assert.notDeepEqual(one.sharedRandom, zero.sharedRandom);
  assert.notDeepEqual(two.sharedRandom, one.sharedRandom);
  const ids = (layers: typeof zero.layers) => layers.map((layer) => layer.map((node) => toHex(node.nodeId)));
  assert.deepEqual(ids(two.layers), ids(zero.layers));
});

test("one authority that is down changes nothing", async () => {
  for (const down of [0, 1, 2]) {
    const s = setUp();
    const others = [0, 1, 2].filter((at) => at !== down);
    for (const at of others) s.authorities.start(at);
    publishAll(s);
    await untilEpoch(s, 2);
    for (const epoch of [0, 1, 2]) assertSame(s, epoch, others);
  }
});

test("one authority whose messages come a round or an epoch late changes nothing", async () => {
  for (const share of [0.5, 1.5, 2.5, 20]) {
    const s = setUp();
    const { step } = scheduleOf(s.network, EPOCH_0);
    s.authorities.meddle = ({ from, frame }) => ({ frame, delay: from === LIAR ? share * step : 5 });
    s.authorities.startAll();
    publishAll(s);
    await untilEpoch(s, 2);
    for (const epoch of [0, 1, 2]) assertSame(s, epoch, [0, 1]);
  }
});

test("an authority killed at any moment of an agreement and started again changes nothing and has the result", async () => {
  for (const share of [-0.2, 0.1, 0.5, 0.9, 1.1, 1.9, 2.1, 2.9, 3.1]) {
    const s = setUp();
    const { vote, step } = scheduleOf(s.network, EPOCH_0);
    s.authorities.startAll();
    publishAll(s);
    await s.clock.runUntil(milliseconds(vote + share * step));
    s.authorities.kill(1);
    await s.clock.runFor(milliseconds(0.3 * step));
    s.authorities.start(1);
    await s.clock.runUntil(s.inUse(0));
    assertSame(s, 0, [0, 1, 2]);
    publishAll(s, 0);
    await s.clock.runUntil(s.inUse(1));
    assertSame(s, 1, [0, 1, 2]);
  }
});

test("an authority that lost all but its keys learns from the others and takes part again", async () => {
  const s = setUp();
  s.authorities.startAll();
  publishAll(s);
  await untilEpoch(s, 1);
  s.authorities.kill(1);
  const { MemoryAuthorityStore } = await import("#test/support/memory-authorities.ts");
  s.authorities.stores[1] = new MemoryAuthorityStore();
  s.authorities.start(1);
  publishAll(s, 1);
  await s.clock.runUntil(s.inUse(2));
  assertSame(s, 2, [0, 1, 2]);
  assert.equal(s.authorities.consensus(0, epochNumber(2))?.signatures.size, 3);
});

test("an authority that shows different votes to different others changes nothing and is named in the log", async () => {
  for (const toWhom of ["one each", "one only", "late to one"]) {
    const s = setUp();
    const { vote, step } = scheduleOf(s.network, EPOCH_0);
    s.authorities.meddle = lyingVotes(s, toWhom, milliseconds(vote), step);
    s.authorities.startAll();
    publishAll(s);
    await s.clock.runUntil(s.inUse(0));
    assertSame(s, 0, [0, 1]);
    if (toWhom === "one each") {
      const lines = s.authorities.logs
        .slice(0, 2)
        .map((log) => log.some((line) => line.includes("signed two different")));
      assert.deepEqual(lines, [true, true]);
    }
  }
});

function lyingVotes(s: ReturnType<typeof setUp>, toWhom: string, vote: number, step: number): Meddle {
  return ({ from, to, frame }) => {
    if (from !== LIAR || frame.type !== "vote") return { frame, delay: 5 };
    const relayed = verifyRelayedVote({ network: s.network, bytes: frame.vote, suite });
    if (relayed.vote.authority !== LIAR) return { frame, delay: 5 };
    if (toWhom === "one only") return to === 0 ? { frame, delay: 5 } : undefined;
    // So late that the first one has no time to pass it on within its round.
    if (toWhom === "late to one") return to === 0 ? { frame, delay: vote + step - 1 - s.clock.now() } : undefined;
    const identitySeed = s.identitySeeds[LIAR] as Uint8Array;
    const fields = { ...relayed.vote, nodes: relayed.vote.nodes.slice(to) };
    const other = signVote({ network: s.network, fields, identitySeed, suite });
    return { frame: { type: "vote", vote: encodeRelayedVote({ vote: other, endorsements: new Map() }) }, delay: 5 };
  };
}

test("an authority that signs two consensuses is named in the log and changes nothing", async () => {
  const s = setUp();
  s.authorities.meddle = ({ from, to, frame }) => {
    if (from !== LIAR || frame.type !== "signature" || to === 0) return { frame, delay: 5 };
    const hash = suite.blake2b(Uint8Array.of(7));
    const signature = signConsensus({ epoch: EPOCH_0, hash, identitySeed: s.identitySeeds[LIAR] as Uint8Array, suite });
    const forged = { epoch: EPOCH_0, hash, authority: LIAR, signature };
    s.authorities.ask(to, { type: "signature", signature: encodeConsensusSignature(forged) }, LIAR);
    return { frame, delay: 5 };
  };
  s.authorities.startAll();
  publishAll(s);
  await s.clock.runUntil(s.inUse(0));
  assertSame(s, 0, [0, 1]);
  assert.ok(s.authorities.logs[1]?.some((line) => line.startsWith("an authority signed two consensuses")));
});

test("an authority never signs a second consensus for an epoch, also after it was killed", async () => {
  const s = setUp();
  s.authorities.startAll();
  publishAll(s);
  await s.clock.runUntil(scheduleOf(s.network, EPOCH_0).vote);
  // Its disk says that it signed something else before it was killed.
  s.authorities.stores[1]?.putSigned(EPOCH_0, suite.blake2b(Uint8Array.of(1)));
  await s.clock.runUntil(s.inUse(0));
  assert.ok(s.authorities.logs[1]?.some((line) => line.startsWith("refused to sign a second consensus")));
  assertSame(s, 0, [0, 1, 2]);
  assert.equal(s.authorities.consensus(0, EPOCH_0)?.signatures.has(1), false);
});

test("with two of three down there is no consensus, and there is one again when they are back", async () => {
  const s = setUp();
  s.authorities.start(0);
  publishAll(s);
  await s.clock.runUntil(s.inUse(0));
  assert.equal(s.authorities.consensus(0, "current"), undefined);
  assert.ok(s.authorities.logs[0]?.includes("no tally: too few votes epoch=0"));
  s.authorities.start(1);
  publishAll(s);
  await s.clock.runUntil(s.inUse(1));
  assertSame(s, 1, [0, 1]);
});

test("a node that is not heard of for an epoch leaves the consensus", async () => {
  const s = setUp();
  s.authorities.startAll();
  publishAll(s);
  const gone = testDescriptor(suite, { name: "mix5" }).nodeId;
  const has = (epoch: number) =>
    s.authorities
      .consensus(0, epochNumber(epoch))
      ?.layers.flat()
      .some((node) => toHex(node.nodeId) === toHex(gone));
  for (let epoch = 0; epoch <= 2; epoch++) {
    await s.clock.runUntil(s.inUse(epoch));
    for (const name of NODES.filter((node) => node !== "mix5")) {
      const role = name.length === 1 ? "provider" : "mix";
      const wish = { name, role, epochs: [epoch, epoch + 1, epoch + 2], publishedAt: s.clock.now() } as const;
      s.authorities.publish(testDescriptor(suite, wish).bytes);
    }
  }
  assert.equal(has(1), true);
  assert.equal(has(2), false);
});

test("votes for another epoch, votes of strangers and junk are refused with a reason", async () => {
  const s = setUp();
  s.authorities.startAll();
  const nodes: [] = [];
  const fields = { epoch: epochNumber(9), authority: 1, previous: s.network.hash, reveal: s.network.hash, nodes };
  const rest = { commit: s.network.hash, parameters: s.network.parameters };
  const vote = signVote({
    network: s.network,
    fields: { ...fields, ...rest },
    identitySeed: s.identitySeeds[1] as Uint8Array,
    suite,
  });
  const send = (bytes: Uint8Array) => s.authorities.ask(0, { type: "vote", vote: bytes }, 1);
  assert.deepEqual(send(encodeRelayedVote({ vote, endorsements: new Map() })), {
    type: "status",
    accepted: false,
    reason: "no agreement on this epoch is under way here",
  });
  assert.deepEqual(send(new Uint8Array(200)), { type: "status", accepted: false, reason: "not a vote" });
  assert.ok(s.authorities.logs[0]?.some((line) => line === "refused a vote: not a vote authority=1"));
});

test("a reason that another authority makes up does not come into the log", async () => {
  const s = setUp();
  const ask = s.authorities.ask.bind(s.authorities);
  s.authorities.ask = (to, frame, from) =>
    to === LIAR && frame.type === "vote"
      ? { type: "status", accepted: false, reason: "too late\nconsensus epoch=0 signatures=3" }
      : ask(to, frame, from);
  s.authorities.startAll();
  publishAll(s);
  await s.clock.runUntil(s.inUse(0));
  assertSame(s, 0, [0, 1]);
  const lines = s.authorities.logs[0]?.filter((line) => line.startsWith("an authority refused a vote")) ?? [];
  assert.deepEqual(
    new Set(lines),
    new Set(["an authority refused a vote: for a reason that this version does not know authority=2"]),
  );
});
