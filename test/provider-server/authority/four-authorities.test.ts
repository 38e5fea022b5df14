/**
 * Honest authorities that cannot hear each other, and one that talks to all of them, votes differently to each part and signs
 * whatever it is shown: of three it makes two lists, of four of which three sign it cannot. See docs/models.md.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MemoryAuthorities, publishNodes } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { seedOf, testAdmission, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { epochNumber, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { signConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature, verifyConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { Directory } from "#transport/directory/directory.ts";
import { epochInForce, scheduleOf } from "#transport/directory/epochs.ts";
import { decodeNetwork } from "#transport/directory/network.ts";
import { encodeRelayedVote, endorse, signVote, verifyRelayedVote } from "#transport/directory/vote.ts";
import type { Frame } from "#transport/link/frame.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
const CUT = epochNumber(1);

type Scene = ReturnType<typeof newScene>;

/** The last authority is played by the test; the parts are of the others. */
function newScene(parts: readonly (readonly number[])[]) {
  const honest = parts.flat();
  const made = testNetwork({ suite, authorities: honest.length + 1 });
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted });
  const liar = honest.length;
  return { ...made, clock, authorities, honest, liar, liarSeed: made.identitySeeds[liar] as Uint8Array, parts };
}

/** Runs to the use of the list that was agreed on while the parts were cut off; says which lists the honest ones have of it. */
async function runCut(s: Scene, restarted?: { self: number; at: Milliseconds }): Promise<Map<string, Uint8Array>> {
  const { network, clock, authorities, honest, liar, parts } = s;
  const { vote } = scheduleOf(network, CUT);
  const partOf = (self: number) => parts.findIndex((part) => part.includes(self));
  authorities.meddle = ({ from, to, frame }) => {
    const isCut = clock.now() >= vote - 1;
    if (to === liar) {
      if (isCut) lie(s, from, partOf(from), frame);
      throw new TransportError("PROVIDER_DOWN");
    }
    if (isCut && partOf(from) !== partOf(to)) throw new TransportError("PROVIDER_DOWN");
    return { frame, delay: 5 };
  };
  for (const self of honest) authorities.start(self);
  publishNodes(authorities, { suite, clock, names: NODES, epoch: 0 });
  if (restarted !== undefined) {
    clock.at(restarted.at, () => {
      authorities.kill(restarted.self);
      authorities.start(restarted.self);
    });
  }
  await clock.runUntil(epochInForce(network, epochNumber(0)));
  publishNodes(authorities, { suite, clock, names: NODES, epoch: 0 });
  await clock.runUntil(milliseconds(epochInForce(network, CUT) - 1));
  const lists = honest.map((self) => authorities.consensus(self, CUT));
  return new Map(lists.flatMap((list) => (list === undefined ? [] : [[toHex(list.hash), list.bytes]])));
}

/** Whatever an honest one tells the liar is answered with another vote for each part, with others' votes, with a signature. */
function lie(s: Scene, from: number, part: number, frame: Frame): void {
  const { network, liar, liarSeed: identitySeed } = s;
  if (frame.type === "signature") {
    const { epoch, hash } = verifyConsensusSignature({ network, bytes: frame.signature, suite });
    const signature = signConsensus({ epoch, hash, identitySeed, suite });
    tell(s, from, {
      type: "signature",
      signature: encodeConsensusSignature({ epoch, hash, authority: liar, signature }),
    });
  }
  if (frame.type !== "vote") return;
  const { vote, endorsements } = verifyRelayedVote({ network, bytes: frame.vote, suite });
  const endorsed = new Map(endorsements).set(liar, endorse({ vote, identitySeed, suite }));
  if (vote.authority === liar) return;
  for (const other of s.honest) {
    if (other !== from) tell(s, other, { type: "vote", vote: encodeRelayedVote({ vote, endorsements: endorsed }) });
  }
  if (vote.authority !== from) return;
  const fields = { ...vote, authority: liar, reveal: seedOf(`part ${part}`), commit: seedOf(`commit ${part}`) };
  const own = signVote({ network, fields, identitySeed, suite });
  tell(s, from, { type: "vote", vote: encodeRelayedVote({ vote: own, endorsements: new Map() }) });
}

function tell(s: Scene, to: number, frame: Frame): void {
  s.clock.at(milliseconds(s.clock.now() + 7), () => {
    s.authorities.ask(to, frame, s.liar);
  });
}

test("of three, a cut and one that signs twice make two lists; who sees both sees that they are two", async () => {
  const s = newScene([[0], [1]]);
  const lists = await runCut(s);
  assert.equal(lists.size, 2);
  const [one, other] = [...lists.values()] as [Uint8Array, Uint8Array];
  const reader = new Directory({ network: s.network, suite });
  reader.accept(one);
  assert.throws(() => reader.accept(other), { code: "CONSENSUS_SPLIT" });
});

test("of four, no cut and none that signs twice make two lists, whatever parts there are and whoever is started again", async () => {
  const parts = [[[0, 1, 2]], [[0, 1], [2]], [[0], [1, 2]], [[0], [1], [2]]];
  const sizes: number[] = [];
  for (const part of parts) {
    const s = newScene(part);
    sizes.push((await runCut(s)).size);
    const { vote, step } = scheduleOf(s.network, CUT);
    for (const steps of [0.5, 2.01, 2.5]) {
      const again = newScene(part);
      const lists = await runCut(again, { self: 1, at: milliseconds(vote + steps * step) });
      const text = again.authorities.logs.map((log) => log.join("\n")).join("\n---\n");
      assert.ok(lists.size <= 1, `${JSON.stringify(part)}, ${steps} steps: ${text}`);
    }
  }
  assert.deepEqual(sizes, [1, 1, 1, 0], "two that hear each other and the liar make the one list");
});

test("the program makes a network of four of which three sign, and none of which half suffice", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-four-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { network } = testNetwork({ suite, authorities: 4 });
  assert.equal(decodeNetwork(network.bytes, suite).threshold, 3);
  for (const [authorities, threshold] of [
    [4, 2],
    [3, 1],
    [5, 2],
    [2, 1],
  ] as const) {
    assert.throws(() => testNetwork({ suite, authorities, threshold }), { code: "MALFORMED" });
  }
  const cli = fileURLToPath(new URL("../../../provider-server/cli/main.ts", import.meta.url));
  const program = (...args: string[]) => promisify(execFile)(process.execPath, [cli, ...args], { cwd: folder });
  const create = (threshold: string) =>
    program(
      ..."network create --name Four --kind live --genesis 2027-01-01T00:00:00Z --bootstrap 600".split(" "),
      ...`--threshold ${threshold} --out network.unsigned`.split(" "),
      ...network.authorities.flatMap(({ name, identityKey, linkKey, address }) => [
        "--authority",
        `${name},${toHex(identityKey)},${toHex(linkKey)},${address}`,
      ]),
    );
  await assert.rejects(create("2"), { code: 2, stderr: /^--threshold is more than half of the authorities/ });
  await create("3");
  assert.match((await program("network", "show", "network.unsigned")).stdout, /\n3 of 4 authorities must sign:\n/);
});
