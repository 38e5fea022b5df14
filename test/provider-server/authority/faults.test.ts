/**
 * One authority of three, or of four of which three sign, does one thing wrong at one moment of an agreement: the others have the
 * same list, whole and in time, in that epoch and after it. Every fault at every phase, in virtual time; a failure names fault, phase and seed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryAuthorities, type Meddle, publishNodes } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { below, uniform } from "#transport/core/random.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { signConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature, verifyConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { epochInForce, scheduleOf } from "#transport/directory/epochs.ts";
import { encodeRelayedVote, signVote, type VoteFields, verifyRelayedVote } from "#transport/directory/vote.ts";
import type { Frame } from "#transport/link/frame.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
/** In steps from the vote of the epoch in which the fault begins: before it, in each round, at the count, after publication. */
const PHASES = [-0.6, 0.3, 0.99, 1.4, 2.01, 3.2];
const PHASES_OF_FOUR = [0.3, 1.4];
const [BAD_EPOCH, LAST_EPOCH] = [1, 2];
const LASTS_STEPS = 2.3;

type Scene = Awaited<ReturnType<typeof newScene>>;
type Message = Parameters<Meddle>[0];

async function newScene(seed: string, count = 3) {
  const made = testNetwork({ suite, authorities: count });
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted });
  const random = new SeededRandom(seed);
  const bad = below(random, count);
  return { ...made, clock, authorities, random, count, bad, step: scheduleOf(made.network, epochNumber(1)).step };
}

type Fault = (s: Scene) => ((message: Message) => ReturnType<Meddle>) | "killed" | "gone";

/** What happens from the phase on. A function is asked about every message of the bad authority, to it or from it. */
const FAULTS: Record<string, Fault> = {
  "is killed and started again": () => "killed",
  "is gone for good": () => "gone",
  "is slow both ways": (s) => (message) => ({ frame: message.frame, delay: uniform(s.random) * 2.5 * s.step }),
  "loses every other message": (s) => (message) =>
    uniform(s.random) < 0.5 ? undefined : { frame: message.frame, delay: 5 },
  "hears and is not heard": (s) => (message) =>
    message.from === s.bad ? undefined : { frame: message.frame, delay: 5 },
  "is heard and does not hear": (s) => (message) =>
    message.to === s.bad ? undefined : { frame: message.frame, delay: 5 },
  "sends different votes to different others": (s) => lying(s, (to) => ({ nodes: (all) => all.slice(to) })),
  "sends one vote to one alone": (s) => (message) =>
    isOwnVote(s, message) && message.to !== (s.bad + 1) % s.count ? undefined : { frame: message.frame, delay: 5 },
  "lists nodes that do not exist": (s) =>
    lying(s, () => ({
      nodes: (all) => [...all, testDescriptor(suite, { name: "made up", periods: [0, 1, 2, 3, 4] })],
    })),
  "reveals what it did not commit to": (s) => lying(s, () => ({ reveal: s.random.bytes(32) })),
  "commits to something else for each": (s) => lying(s, () => ({ commit: s.random.bytes(32) })),
  "names another consensus before": (s) => lying(s, () => ({ previous: s.random.bytes(32) })),
  "wants other parameters": (s) =>
    lying(s, () => ({ parameters: { ...s.network.parameters, delayCap: 1, packetBytes: 5000 } })),
  "signs two lists": (s) => (message) => {
    const { frame, from, to } = message;
    if (from === s.bad && frame.type === "signature") send(s, to, secondSignature(s, frame.signature));
    return { frame, delay: 5 };
  },
  "sends junk": (s) => (message) => {
    const { frame, from } = message;
    if (from !== s.bad) return { frame, delay: 5 };
    const junk = s.random.bytes(1 + below(s.random, 300));
    if (frame.type === "vote") return { frame: { type: "vote", vote: junk }, delay: 5 };
    return frame.type === "signature" ? { frame: { type: "signature", signature: junk }, delay: 5 } : undefined;
  },
  "sends all that it ever heard again": (s) => {
    const heard: Frame[] = [];
    return (message) => {
      if (message.to === s.bad) heard.push(message.frame);
      else for (const frame of heard) send(s, message.to, frame);
      return { frame: message.frame, delay: 5 };
    };
  },
};

for (const [fault, begin] of Object.entries(FAULTS)) {
  test(`an authority that ${fault}, at any phase, changes nothing, be it one of three or of four`, async () => {
    for (const phase of PHASES) await assertHarmless({ seed: `${fault} at ${phase}`, count: 3, phase, begin });
    for (const phase of PHASES_OF_FOUR) {
      await assertHarmless({ seed: `${fault} at ${phase}, of four`, count: 4, phase, begin });
    }
  });
}

async function assertHarmless(o: { seed: string; count: number; phase: number; begin: Fault }): Promise<void> {
  const s = await newScene(o.seed, o.count);
  assert.equal(s.network.threshold, o.count - 1);
  await run(s, o.phase, o.begin(s));
  const others = [...s.network.authorities.keys()].filter((self) => self !== s.bad);
  for (let epoch = 0; epoch <= LAST_EPOCH; epoch++) assertGood(s, epoch, others, o.seed);
}

test("two authorities that are gone, of three or of four, are not nothing: the check above can fail", async () => {
  for (const count of [3, 4]) {
    const s = await newScene("two gone", count);
    s.clock.at(scheduleOf(s.network, epochNumber(BAD_EPOCH)).vote, () => s.authorities.kill((s.bad + 1) % count));
    await run(s, 0, "gone");
    const last = [(s.bad + 2) % count];
    assertGood(s, 0, last, "two gone");
    assert.throws(() => assertGood(s, BAD_EPOCH, last, "two gone"), assert.AssertionError);
  }
});

async function run(s: Scene, phase: number, fault: ReturnType<Fault>): Promise<void> {
  const { clock, authorities, network, step, bad } = s;
  const start = milliseconds(scheduleOf(network, epochNumber(BAD_EPOCH)).vote + phase * step);
  const end = milliseconds(start + LASTS_STEPS * step);
  if (typeof fault === "function") {
    authorities.meddle = (message) => {
      const isOn = clock.now() >= start && clock.now() < end && (message.from === bad || message.to === bad);
      return isOn ? fault(message) : { frame: message.frame, delay: 5 };
    };
  } else {
    clock.at(start, () => authorities.kill(bad));
    if (fault === "killed") clock.at(end, () => authorities.start(bad));
  }
  authorities.startAll();
  publishAll(s, 0);
  for (let epoch = 0; epoch <= LAST_EPOCH; epoch++) {
    await clock.runUntil(epochInForce(network, epochNumber(epoch)));
    publishAll(s, epoch);
  }
}

const publishAll = (s: Scene, epoch: number): void =>
  publishNodes(s.authorities, { suite, clock: s.clock, names: NODES, epoch });

function assertGood(s: Scene, epoch: number, among: readonly number[], seed: string): void {
  const logs = s.authorities.logs.map((log, self) => `--- ${self}\n${log.join("\n")}`).join("\n");
  const text = `${seed} (authority ${s.bad}), epoch ${epoch}\n${logs}`;
  const found = among.map((self) => s.authorities.consensus(self, epochNumber(epoch)));
  assert.equal(new Set(found.map((consensus) => consensus && toHex(consensus.hash))).size, 1, text);
  const [consensus] = found;
  assert.ok(consensus !== undefined, text);
  assert.ok(consensus.signatures.size >= s.network.threshold, text);
  assert.deepEqual([consensus.layers.map((layer) => layer.length), consensus.providers.length], [[2, 2, 2], 2], text);
  assert.deepEqual(consensus.parameters, s.network.parameters, text);
}

const isOwnVote = (s: Scene, { from, frame }: Message): boolean =>
  from === s.bad &&
  frame.type === "vote" &&
  verifyRelayedVote({ network: s.network, bytes: frame.vote, suite }).vote.authority === s.bad;

type Change = Omit<Partial<VoteFields>, "nodes"> & {
  readonly nodes?: (nodes: VoteFields["nodes"]) => VoteFields["nodes"];
};

/** Its own votes signed anew with something changed, for each of the others. */
function lying(s: Scene, change: (to: number) => Change): (message: Message) => ReturnType<Meddle> {
  return (message) => {
    const { frame, to } = message;
    if (!isOwnVote(s, message) || frame.type !== "vote") return { frame, delay: 5 };
    const { vote } = verifyRelayedVote({ network: s.network, bytes: frame.vote, suite });
    const { nodes, ...rest } = change(to);
    const fields = { ...vote, ...rest, nodes: nodes?.(vote.nodes) ?? vote.nodes };
    const other = signVote({
      network: s.network,
      fields,
      identitySeed: s.identitySeeds[s.bad] as Uint8Array,
      suite,
    });
    return { frame: { type: "vote", vote: encodeRelayedVote({ vote: other, endorsements: new Map() }) }, delay: 5 };
  };
}

function secondSignature(s: Scene, bytes: Uint8Array): Frame {
  const { epoch, authority } = verifyConsensusSignature({ network: s.network, bytes, suite });
  const hash = s.random.bytes(32);
  const signature = signConsensus({ epoch, hash, identitySeed: s.identitySeeds[s.bad] as Uint8Array, suite });
  return { type: "signature", signature: encodeConsensusSignature({ epoch, hash, authority, signature }) };
}

/** As from the bad authority; nothing when the other is down. */
function send(s: Scene, to: number, frame: Frame): void {
  if (to === s.bad) return;
  s.clock.at(milliseconds(s.clock.now() + 7), () => s.authorities.ask(to, frame, s.bad));
}
