/** A document of a later version: one clear error, and only from those who may say so. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsensusKeeper } from "#transport/client/consensus-keeper.ts";
import type { ProviderLink } from "#transport/client/provider-link.ts";
import { concat, Writer } from "#transport/core/bytes.ts";
import { TRANSPORT_ERRORS, TransportError } from "#transport/core/errors.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { consensusHash, encodeConsensus, signConsensus, verifyConsensus } from "#transport/directory/consensus.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import { Directory } from "#transport/directory/directory.ts";
import { epochInForce } from "#transport/directory/epochs.ts";
import { fetchNetwork } from "#transport/directory/fetch-network.ts";
import { decodeInvite } from "#transport/directory/invite.ts";
import { IDENTITY_SIGNATURE_BYTES, KEY_BYTES, LABELS, signAsIdentity } from "#transport/directory/labels.ts";
import { decodeNetwork, networkHashOf } from "#transport/directory/network.ts";
import { signVote, verifyVote } from "#transport/directory/vote.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Dialer, Link } from "#transport/link/link.ts";
import { toParts } from "#transport/link/parts.ts";
import { DirectoryDuty } from "#provider-server/node/directory-duty.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { consensusBody, seedOf, signedConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const { network } = made;
const NEWER = { code: "VERSION_NEWER", message: "This network needs a newer Starling." };
const EPOCH_0 = epochNumber(0);

/** A consensus whose body begins with another version and goes on as nobody here can read. */
function consensusOf(version: number, signers: readonly number[]): Uint8Array {
  const body = concat(consensusBody(made, suite), new Uint8Array(100));
  body[0] = version;
  const hash = consensusHash(suite, body);
  const signatures = signers.map((signer): [number, Uint8Array] => {
    const identitySeed = made.identitySeeds[signer] as Uint8Array;
    return [signer, signConsensus({ epoch: EPOCH_0, hash, identitySeed, suite })];
  });
  return encodeConsensus(body, new Map(signatures));
}

function descriptorOf(version: number): Uint8Array {
  const body = concat(testDescriptor(suite, { name: "mix0" }).listed, new Uint8Array(40));
  body[0] = version;
  const seed = seedOf("mix0/identity");
  const latticeKey = suite.hybrid.publicKey(seed).subarray(KEY_BYTES);
  return concat(body, latticeKey, signAsIdentity({ suite, label: LABELS.descriptor, message: body, seed }));
}

function voteOf(version: number): Uint8Array {
  const fields = { epoch: EPOCH_0, authority: 1, previous: network.hash, reveal: network.hash, commit: network.hash };
  const seed = made.identitySeeds[1] as Uint8Array;
  const rest = { parameters: network.parameters, nodes: [] };
  const vote = signVote({ network, fields: { ...fields, ...rest }, identitySeed: seed, suite });
  const body = vote.bytes.slice(0, -IDENTITY_SIGNATURE_BYTES);
  body[0] = version;
  return concat(body, signAsIdentity({ suite, label: LABELS.vote, message: body, seed }));
}

function networkOf(version: number): Uint8Array {
  const body = network.bytes.slice(2, -3 * IDENTITY_SIGNATURE_BYTES);
  body[0] = version;
  return concat(new Writer().bytes16(body).finish(), new Uint8Array(200));
}

test("a list of a later version is said to be newer only when as many signed it as must", () => {
  assert.throws(() => verifyConsensus(network, consensusOf(2, [0, 1]), suite), NEWER);
  assert.throws(() => verifyConsensus(network, consensusOf(2, [0]), suite), { code: "CONSENSUS_FORGED" });
  assert.throws(() => verifyConsensus(network, consensusOf(0, [0, 1]), suite), { code: "MALFORMED" });
});

test("a descriptor of a later version is said to be newer only when its node signed it", () => {
  assert.throws(() => verifyDescriptor(descriptorOf(2), suite), NEWER);
  const forged = descriptorOf(2);
  forged[50] = (forged[50] as number) ^ 1;
  assert.throws(() => verifyDescriptor(forged, suite), { code: "REFUSED" });
  assert.throws(() => verifyDescriptor(descriptorOf(0), suite), { code: "MALFORMED" });
});

test("a vote of a later version is said to be newer only when its authority signed it", () => {
  assert.throws(() => verifyVote({ network, bytes: voteOf(2), suite }), NEWER);
  const forged = voteOf(2);
  forged[80] = (forged[80] as number) ^ 1;
  assert.throws(() => verifyVote({ network, bytes: forged, suite }), { code: "REFUSED" });
});

test("a network file of a later version is newer when its hash is the invite's, and forged when it is not", async () => {
  const bytes = networkOf(2);
  assert.throws(() => decodeNetwork(bytes, suite), NEWER);
  const ask = (networkHash: Uint8Array): Promise<unknown> =>
    fetchNetwork({
      dialer: showing(bytes),
      invite: { address: "a.example:1", linkKey: new Uint8Array(32), networkHash },
      suite,
      clock: new VirtualClock(),
    });
  await assert.rejects(ask(networkHashOf(bytes, suite)), NEWER);
  await assert.rejects(ask(network.hash), { code: "CONSENSUS_FORGED" });
});

test("an invite of a later form says so", () => {
  for (const text of ["starling:2:AAAA", "starling:10:x"]) assert.throws(() => decodeInvite(text), NEWER);
  for (const text of ["starling:0:AAAA", "starling:02:AAAA", "starling:99999:A"]) {
    assert.throws(() => decodeInvite(text), { code: "MALFORMED" });
  }
});

test("a client goes on with the list it has, and says that it is too old once that list is over", async () => {
  const clock = new VirtualClock({ start: epochInForce(network, EPOCH_0) });
  const keeper = new ConsensusKeeper({
    clock,
    random: new SeededRandom("keeper"),
    suite,
    network,
    store: new MemoryClientStore(),
    link: { send: () => true } as unknown as ProviderLink,
    onChange: () => undefined,
  });
  const show = (bytes: Uint8Array): void => {
    for (const part of toParts(bytes, { time: clock.now(), room: 0 })) keeper.received(part);
  };
  show(signedConsensus(made, suite));
  assert.equal(keeper.problem, undefined);
  show(consensusOf(2, [0, 1]));
  assert.equal(keeper.problem, undefined);
  await clock.runFor(milliseconds(3 * network.parameters.epoch.duration));
  assert.equal(keeper.problem, "CONSENSUS_STALE");
  show(consensusOf(2, [0, 1]));
  assert.equal(keeper.problem, "VERSION_NEWER");
});

test("a client whose stored lists are of an older form asks for new ones instead of failing", async () => {
  const clock = new VirtualClock({ start: epochInForce(network, EPOCH_0) });
  const store = new MemoryClientStore();
  await store.addConsensus({ epoch: 0, bytes: consensusOf(0, [0, 1]), keep: 3 });
  await store.addConsensus({ epoch: 1, bytes: new Uint8Array(50), keep: 3 });
  const asked: string[] = [];
  const link = { send: (frame: { type: string }) => asked.push(frame.type) > 0 } as unknown as ProviderLink;
  const random = new SeededRandom("keeper");
  const keeper = new ConsensusKeeper({ clock, random, suite, network, store, link, onChange: () => undefined });
  await keeper.load();
  assert.equal(keeper.problem, "NO_CONSENSUS");
  keeper.linked();
  assert.deepEqual(asked, ["getConsensus"]);
});

test("a node writes down once that the network needs a newer Starling, and goes on trying", async () => {
  const clock = new VirtualClock({ start: epochInForce(network, EPOCH_0) });
  const { log, lines } = keptLog(clock);
  const duty = new DirectoryDuty({
    clock,
    random: new SeededRandom("duty"),
    network,
    directory: { fetchConsensus: refuse, fetchTime: refuse, publishDescriptor: refuse },
    consensuses: new Directory({ network, suite }),
    log,
    describe: () => new Uint8Array(0),
    onChange: () => undefined,
    onKeysOver: () => undefined,
    onEpochOver: () => undefined,
  });
  duty.start();
  await clock.runFor(milliseconds(network.parameters.epoch.duration));
  duty.stop();
  const text = TRANSPORT_ERRORS.VERSION_NEWER;
  assert.deepEqual(lines.toSorted(), [
    `cannot fetch the consensus, trying on: ${text}`,
    `cannot publish the descriptor, trying on: ${text}`,
  ]);
});

async function refuse(): Promise<never> {
  throw new TransportError("VERSION_NEWER");
}

/** A provider that answers every question with this document. */
function showing(document: Uint8Array): Dialer {
  return {
    dial: async () => {
      let receive: ((bytes: Uint8Array) => void) | undefined;
      const link: Partial<Link> = {
        send: () => {
          const parts = toParts(document, { time: milliseconds(0), room: 0 });
          void settle().then(() => {
            for (const part of parts) receive?.(encodeFrame(part, { packetBytes: 0, payloadBytes: 0 }));
          });
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
