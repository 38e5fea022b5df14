/** What comes to an authority too early, too late, a second time, or after a restart: it signs no other list for it, and checks no signature twice. */

import assert from "node:assert/strict";
import { revealAndCommit } from "#provider-server/authority/shared-random.ts";
import { test } from "node:test";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { scheduleOf } from "#transport/directory/epochs.ts";
import { encodeRelayedVote, signVote, type VoteFields, verifyRelayedVote } from "#transport/directory/vote.ts";
import type { Frame } from "#transport/link/frame.ts";
import { suite, EPOCH_0, LIAR, setUp, publishAll, assertSame } from "./authority-scene.ts";

test("an authority that is killed in the first round, or started late in it, signs no other list than the others, whatever a liar does", async () => {
  // In steps from the vote: what it had heard is forgotten; what it heard early is; its vote comes too late for the others.
  for (const [killed, started] of [
    [0.5, 0.6],
    [-0.1, -0.05],
    [-0.5, 0.999],
  ] as const) {
    const s = setUp();
    const { vote, step } = scheduleOf(s.network, EPOCH_0);
    s.authorities.meddle = ({ from, to, frame }) => {
      // Authority 0's clock is ahead, in effect: its vote was there before it was due here, and does not come again.
      const isGiven = killed === -0.1 && from === 0 && to === 1 && frame.type === "vote";
      if (isGiven && verifyRelayedVote({ network: s.network, bytes: frame.vote, suite }).vote.authority === 0) {
        return { frame: { ...frame, vote: new Uint8Array(1) }, delay: 5 };
      }
      if (from !== LIAR || frame.type !== "vote" || to !== 1) return { frame, delay: 5 };
      const { authority } = verifyRelayedVote({ network: s.network, bytes: frame.vote, suite }).vote;
      // It passes nothing on to the one that forgot, and shows it its own vote when it is back.
      return authority === LIAR ? { frame, delay: 0.7 * step } : undefined;
    };
    s.authorities.startAll();
    publishAll(s);
    if (killed === -0.1) await giveEarly(s, milliseconds(vote - 0.2 * step));
    await s.clock.runUntil(milliseconds(vote + killed * step));
    s.authorities.kill(1);
    await s.clock.runUntil(milliseconds(vote + started * step));
    s.authorities.start(1);
    await s.clock.runUntil(s.inUse(0));
    const signed = [0, 1].flatMap((self) => s.authorities.stores[self]?.signed(EPOCH_0) ?? []);
    const text = `killed at ${killed}\n${s.authorities.logs.map((log) => log.join("\n")).join("\n---\n")}`;
    assert.equal(new Set(signed.map(toHex)).size, 1, text);
  }
});

test("a liar that votes long before its time does not keep an authority that is started again from signing", async () => {
  const s = setUp();
  const { vote, step } = scheduleOf(s.network, EPOCH_0);
  s.authorities.startAll();
  s.authorities.kill(LIAR);
  publishAll(s);
  await s.clock.runUntil(milliseconds(vote - 1.1 * step));
  const early = s.authorities.ask(1, { type: "vote", vote: earlyVote(s, LIAR) }, LIAR);
  s.authorities.kill(1);
  s.authorities.start(1);
  await s.clock.runUntil(s.inUse(0));
  assertSame(s, 0, [0, 1]);
  assert.deepEqual(early, { type: "status", accepted: false, reason: "too early" });
});

test("a signature that comes again costs no check", async () => {
  const s = setUp();
  const frames: Frame[] = [];
  s.authorities.meddle = ({ from, to, frame }) => {
    if (from === 1 && to === 0 && frame.type === "signature") frames.push(frame);
    return { frame, delay: 5 };
  };
  s.authorities.startAll();
  publishAll(s);
  const { rounds, step } = scheduleOf(s.network, EPOCH_0);
  await s.clock.runUntil(milliseconds((rounds.at(-1) as number) + 0.5 * step));
  assert.ok(s.authorities.consensus(0, EPOCH_0) !== undefined);
  const [frame] = frames;
  assert.ok(frame !== undefined);
  const before = suite.checks;
  assert.deepEqual(s.authorities.ask(0, frame, 1), { type: "status", accepted: true, reason: "" });
  assert.equal(suite.checks - before, 0);
});

test("a vote that is here already, for another epoch, too early, late or a third one is answered without checking a signature", async () => {
  const s = setUp();
  const { vote, step, rounds } = scheduleOf(s.network, EPOCH_0);
  const [old, first, second, third, honest] = [
    voteOf(s, { epoch: epochNumber(9) }),
    voteOf(s, {}),
    voteOf(s, { reveal: s.network.hash.map((byte) => byte ^ 1) }),
    voteOf(s, { reveal: s.network.hash.map((byte) => byte ^ 2) }),
    voteOf(s, { authority: 1 }),
  ];
  s.authorities.start(0);
  const checksOf = (bytes: Uint8Array): [string, number] => {
    const before = suite.checks;
    const answer = s.authorities.ask(0, { type: "vote", vote: bytes }, LIAR);
    assert.ok(answer?.type === "status");
    return [answer.accepted ? "accepted" : answer.reason, suite.checks - before];
  };
  assert.deepEqual(checksOf(old), ["no agreement on this epoch is under way here", 0]);
  assert.deepEqual(checksOf(first), ["too early", 0]);
  await s.clock.runUntil(milliseconds(vote - 0.5 * step));
  assert.deepEqual(checksOf(first), ["accepted", 1]);
  assert.deepEqual(checksOf(first), ["accepted", 0]);
  assert.deepEqual(checksOf(second), ["accepted", 1]);
  assert.deepEqual(checksOf(third), ["a third vote of one authority", 0]);
  await s.clock.runUntil(milliseconds((rounds[0] as number) + 1));
  assert.deepEqual(checksOf(honest), ["too few endorsements for the round", 0]);
  await s.clock.runUntil(milliseconds((rounds.at(-1) as number) + 1));
  assert.deepEqual(checksOf(honest), ["too late", 0]);
});

function voteOf(s: ReturnType<typeof setUp>, change: Partial<VoteFields>): Uint8Array {
  const { network, identitySeeds } = s;
  const { hash, parameters } = network;
  const rest = { previous: hash, reveal: hash, commit: hash, parameters, nodes: [] };
  const fields = { epoch: EPOCH_0, authority: LIAR, ...rest, ...change };
  const vote = signVote({ network, fields, identitySeed: identitySeeds[fields.authority] as Uint8Array, suite });
  return encodeRelayedVote({ vote, endorsements: new Map() });
}

/** The vote of authority 0 comes to authority 1 before it is due there. */
async function giveEarly(s: ReturnType<typeof setUp>, at: Milliseconds): Promise<void> {
  await s.clock.runUntil(at);
  const accepted = s.authorities.ask(1, { type: "vote", vote: earlyVote(s, 0) }, 0);
  assert.deepEqual(accepted, { type: "status", accepted: true, reason: "" });
}

function earlyVote(s: ReturnType<typeof setUp>, authority: number): Uint8Array {
  const identitySeed = s.identitySeeds[authority] as Uint8Array;
  const fields = {
    epoch: EPOCH_0,
    authority,
    previous: s.network.hash,
    ...revealAndCommit({
      network: s.network,
      epoch: EPOCH_0,
      authority,
      identitySeed: s.identitySeeds[0] as Uint8Array,
      suite,
    }),
    parameters: s.network.parameters,
    nodes: [],
  };
  const vote = signVote({ network: s.network, fields, identitySeed, suite });
  return encodeRelayedVote({ vote, endorsements: new Map() });
}
