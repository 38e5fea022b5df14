/**
 * An authority that sends the others as much as it can, all of it false or all of it known: what that costs them is bounded in
 * every epoch, they agree all the same, and an honest one that says everything again and again is never cut short.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { framesMax, wrongMax } from "#provider-server/authority/allowances.ts";
import { countingSuite } from "#test/support/counting-suite.ts";
import { MemoryAuthorities, publishNodes } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { seedOf, testAdmission, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { concat, toHex } from "#transport/core/bytes.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { signConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { epochInForce, scheduleOf } from "#transport/directory/epochs.ts";
import { IDENTITY_SIGNATURE_BYTES, LABELS, signAsIdentity } from "#transport/directory/labels.ts";
import { encodeRelayedVote, signVote, verifyVote } from "#transport/directory/vote.ts";
import type { Frame } from "#transport/link/frame.ts";

const suite = countingSuite(rememberSignatures(await loadSuite("x25519", "native")));
const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
const LAST_EPOCH = 2;
/** How often in a step the liar sends everything that it has. */
const BURSTS_PER_STEP = 10;

type Scene = ReturnType<typeof newScene>;

function newScene(count: number) {
  const made = testNetwork({ suite, authorities: count });
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted });
  const liar = count - 1;
  const honest = [...made.network.authorities.keys()].filter((self) => self !== liar);
  return { ...made, clock, authorities, liar, honest };
}

async function run(s: Scene, last = LAST_EPOCH): Promise<void> {
  s.authorities.startAll();
  publishAll(s, 0);
  for (let epoch = 0; epoch <= last; epoch++) {
    await s.clock.runUntil(epochInForce(s.network, epochNumber(epoch)));
    publishAll(s, epoch);
  }
}

const publishAll = (s: Scene, epoch: number): void =>
  publishNodes(s.authorities, { suite, clock: s.clock, names: NODES, epoch });

/** All honest ones have the same whole list of every epoch. */
function assertAgreed(s: Scene, last = LAST_EPOCH): void {
  for (let epoch = 0; epoch <= last; epoch++) {
    const lists = s.honest.map((self) => s.authorities.consensus(self, epochNumber(epoch)));
    const text = `epoch ${epoch}\n${s.authorities.logs.map((log, self) => `--- ${self}\n${log.join("\n")}`).join("\n")}`;
    assert.equal(new Set(lists.map((list) => list && toHex(list.hash))).size, 1, text);
    assert.deepEqual([lists[0]?.layers.flat().length, lists[0]?.providers.length], [6, 2], text);
  }
}

/** `flood` is called all the time from before the first vote on, for each honest authority, and gives what the liar sends it. */
function floodWith(s: Scene, flood: (epoch: number, to: number) => readonly Frame[], heard: (o: Heard) => void): void {
  const { step, vote } = scheduleOf(s.network, epochNumber(0));
  const burst = (): void => {
    const now = s.clock.now();
    // The agreement that is under way, as an authority counts them: until its publication.
    let epoch = 0;
    while (scheduleOf(s.network, epochNumber(epoch)).publish <= now) epoch++;
    for (const to of s.honest) {
      for (const frame of flood(epoch, to)) {
        const before = suite.checks;
        const answer = s.authorities.ask(to, frame, s.liar);
        heard({ epoch, to, checks: suite.checks - before, reason: answer.type === "status" ? answer.reason : "" });
      }
    }
    s.clock.at(milliseconds(now + step / BURSTS_PER_STEP), burst);
  };
  s.clock.at(milliseconds(vote - 1.5 * step), burst);
}

interface Heard {
  readonly epoch: number;
  readonly to: number;
  readonly checks: number;
  readonly reason: string;
}

/** Seven of each kind, sent again and again. */
function falseFrames(s: Scene, epoch: number): Frame[] {
  const { network, liar } = s;
  const identitySeed = s.identitySeeds[liar] as Uint8Array;
  const turns = Array.from({ length: 7 }, (_, turn) => seedOf(`turn ${turn}`));
  const good = turns.map((reveal) => {
    const rest = { reveal, previous: network.hash, commit: network.hash, parameters: network.parameters, nodes: [] };
    return signVote({ network, fields: { ...rest, epoch: epochNumber(epoch), authority: liar }, identitySeed, suite });
  });
  const signed = (message: Uint8Array): Uint8Array =>
    concat(message, signAsIdentity({ suite, label: LABELS.vote, message, seed: identitySeed }));
  const noise = new Uint8Array(IDENTITY_SIGNATURE_BYTES).fill(5);
  const hash = seedOf("a list");
  const signature = (at: number, by = liar): Uint8Array =>
    encodeConsensusSignature({ epoch: epochNumber(at), hash, authority: by, signature: noise });
  const old = signConsensus({ epoch: epochNumber(99), hash, identitySeed, suite });
  const votes = [
    // Signed, and none.
    ...good.map(({ bytes }) => relayed(signed(concat(body(bytes), Uint8Array.of(1))))),
    // Good, with somebody's endorsement that is made up.
    ...good.map((vote) => encodeRelayedVote({ vote, endorsements: new Map([[0, noise]]) })),
    // In the name of another.
    ...good.map(({ bytes }) => relayed(concat(body(bytes).with(1 + 32 + 4, 0), noise))),
    // Signed, of a version that is to come.
    ...good.map(({ bytes }) => relayed(signed(body(bytes).with(0, 2)))),
    seedOf("no vote"),
  ];
  const signatures = [
    signature(epoch),
    signature(epoch, 0),
    encodeConsensusSignature({ epoch: epochNumber(99), hash, authority: liar, signature: old }),
    seedOf("no signature"),
  ];
  return [
    ...votes.map((vote): Frame => ({ type: "vote", vote })),
    ...signatures.map((one): Frame => ({ type: "signature", signature: one })),
  ];
}

const body = (vote: Uint8Array): Uint8Array => vote.slice(0, -IDENTITY_SIGNATURE_BYTES);
/** Without endorsements, whatever it is. */
const relayed = (vote: Uint8Array): Uint8Array => concat(lengthOf(vote), vote, Uint8Array.of(0));
const lengthOf = (bytes: Uint8Array): Uint8Array => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, bytes.length);
  return head;
};

for (const count of [3, 4]) {
  test(`who floods the others of ${count} with false votes and signatures costs each a bounded number of checks an epoch, and they agree`, async () => {
    const s = newScene(count);
    const checks = new Map<string, number>();
    const reasons = new Set<string>();
    const frames = new Map<number, Frame[]>();
    const flood = (epoch: number): readonly Frame[] => {
      const made = frames.get(epoch) ?? falseFrames(s, epoch);
      frames.set(epoch, made);
      return made;
    };
    floodWith(s, flood, ({ epoch, to, checks: made, reason }) => {
      checks.set(`${epoch} ${to}`, (checks.get(`${epoch} ${to}`) ?? 0) + made);
      reasons.add(reason);
    });
    await run(s);
    const most = wrongMax(s.network) * count;
    for (const [where, made] of checks)
      assert.ok(made <= most, `epoch and authority ${where}: ${made} checks of ${most}`);
    assert.ok([...checks.values()].some((made) => made > 0));
    assertAgreed(s);
    assert.ok(reasons.has("too many false ones from the authority that sent it"), [...reasons].join("\n"));
    for (const self of s.honest) {
      const lines = s.authorities.logs[self]?.filter((line) => line.includes("too many false ones")) ?? [];
      assert.ok(lines.length >= 1 && lines.length <= LAST_EPOCH + 2, `${lines.length} lines`);
      assert.ok(lines.every((line) => line.endsWith(` authority=${s.liar}`)));
    }
  });
}

test("who sends what is known or comes too late again and again is not read any more, and the others agree", async () => {
  const s = newScene(3);
  const looked = new Map<string, number>();
  const vote = new Map<number, Frame>();
  const reasons = new Set<string>();
  const flood = (epoch: number): readonly Frame[] => {
    const made = vote.get(epoch) ?? ownVote(s, epoch);
    vote.set(epoch, made);
    return Array.from({ length: 20 }, () => made);
  };
  floodWith(s, flood, ({ epoch, to, reason }) => {
    reasons.add(reason);
    if (!reason.startsWith("too many")) looked.set(`${epoch} ${to}`, (looked.get(`${epoch} ${to}`) ?? 0) + 1);
  });
  await run(s);
  for (const [where, frames] of looked) assert.ok(frames <= framesMax(s.network), `${where}: ${frames}`);
  assert.ok(reasons.has("too many from the authority that sent it"));
  assertAgreed(s);
});

function ownVote(s: Scene, epoch: number): Frame {
  const { network, liar } = s;
  const fields = {
    epoch: epochNumber(epoch),
    authority: liar,
    previous: network.hash,
    reveal: network.hash,
    nodes: [],
  };
  const rest = { commit: network.hash, parameters: network.parameters };
  const identitySeed = s.identitySeeds[liar] as Uint8Array;
  const vote = signVote({ network, fields: { ...fields, ...rest }, identitySeed, suite });
  return { type: "vote", vote: encodeRelayedVote({ vote, endorsements: new Map() }) };
}

for (const [count, last] of [
  [3, LAST_EPOCH],
  [4, LAST_EPOCH],
  [9, 0],
] as const) {
  test(`of ${count} that hear no answer, send everything again, pass everything on and are started again none sends too much`, async () => {
    const s = newScene(count);
    const { step, vote } = scheduleOf(s.network, epochNumber(0));
    const sent = new Map<string, number>();
    s.authorities.meddle = ({ from, to, frame }) => {
      if (frame.type === "fetchConsensus") return { frame, delay: 5 };
      sent.set(`${from} ${to}`, (sent.get(`${from} ${to}`) ?? 0) + 1);
      // Two votes of the last one, so that all others have as much to pass on as there can be.
      const isOther = from === s.liar && to % 2 === 0 && frame.type === "vote";
      return { frame: isOther ? otherVote(s, frame) : frame, delay: 5, answered: false };
    };
    const restart = (self: number, steps: number): void => {
      const at = milliseconds(vote + steps * step);
      s.clock.at(at, () => s.authorities.kill(self));
      s.clock.at(milliseconds(at + 0.1 * step), () => s.authorities.start(self));
    };
    // Before its vote it takes part; within the rounds it does not, and counts as one that fails beside the one that lies.
    restart(0, -0.8);
    if (count === 9) restart(1, 0.3);
    await run(s, last);
    assertAgreed(s, last);
    assert.deepEqual(
      s.authorities.logs.flat().filter((line) => line.includes("too many")),
      [],
    );
    // Own vote, two of each other but the receiver, a signature: each as often as there are tries in its rounds.
    const most = Math.max(...sent.values());
    assert.ok(most > 2 * count, `${most} frames from one to another`);
  });
}

/** The same vote with one node fewer. */
function otherVote(s: Scene, frame: Frame & { type: "vote" }): Frame {
  const bytes = frame.vote.subarray(4, 4 + new DataView(frame.vote.buffer, frame.vote.byteOffset).getUint32(0));
  const vote = verifyVote({ network: s.network, bytes, suite });
  if (vote.authority !== s.liar) return frame;
  const identitySeed = s.identitySeeds[s.liar] as Uint8Array;
  const other = signVote({ network: s.network, fields: { ...vote, nodes: vote.nodes.slice(1) }, identitySeed, suite });
  return { type: "vote", vote: encodeRelayedVote({ vote: other, endorsements: new Map() }) };
}
