/** Every drop of an authority names one of the reasons of docs/spec/08-directory.md §5.2: each is provoked here, and none is left. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { framesMax, wrongMax } from "#provider-server/authority/allowances.ts";
import type { TxtLookup } from "#provider-server/authority/dns-lookup.ts";
import { recordOf } from "#provider-server/authority/domain-record.ts";
import { DESCRIPTORS_PER_EPOCH_MAX } from "#provider-server/authority/limits.ts";
import {
  COUNT_REASONS,
  type CountReason,
  DESCRIPTOR_REASONS,
  type DescriptorReason,
  DOMAIN_REASONS,
  type DomainReason,
  NO_TALLY_REASONS,
  type NoTallyReason,
  SIGNATURE_REASONS,
  type SignatureReason,
  VOTE_REASONS,
  type VoteReason,
} from "#provider-server/authority/reasons.ts";
import { tally } from "#provider-server/authority/tally.ts";
import { MemoryAuthorities } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import {
  type NodeWish,
  seedOf,
  consensusBody,
  signedConsensus,
  testAdmission,
  testDescriptor,
  testNetwork,
} from "#test/support/test-network.ts";
import { withSigner } from "#test/support/with-signer.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { concat, toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import {
  epochNumber,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
  nodeId,
  seconds,
} from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { signConsensus, verifyConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { DEMOTIONS_BYTES_MAX } from "#transport/directory/demotions.ts";
import { type DescriptorFields, signDescriptor } from "#transport/directory/descriptor.ts";
import { keyPeriodsAnnounced, scheduleOf } from "#transport/directory/epochs.ts";
import {
  IDENTITY_KEY_BYTES,
  IDENTITY_SIGNATURE_BYTES,
  KEY_BYTES,
  LABELS,
  signAsIdentity,
} from "#transport/directory/labels.ts";
import type { Network, SignedDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { encodeRelayedVote, signVote, type Vote, type VoteFields } from "#transport/directory/vote.ts";
import { DOCUMENT_BYTES_MAX } from "#transport/link/limits.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;
const schedule = scheduleOf(network, epochNumber(0));

/** One of three authorities; the other two are played by the test. */
function authority(lookup?: TxtLookup) {
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = [
    { ...testAdmission(suite, "mix0"), role: "mix", operator: "op" } as const,
    testAdmission(suite, "a"),
    { nodeId: testDescriptor(suite, { name: "free" }).nodeId },
  ];
  const lookups = lookup === undefined ? {} : { lookups: [lookup] };
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted, ...lookups });
  authorities.start(0);
  const publish = (bytes: Uint8Array): void => {
    authorities.ask(0, { type: "publishDescriptor", descriptor: bytes });
  };
  const describe = (wish: NodeWish): void => publish(testDescriptor(suite, wish).bytes);
  const sendVote = (vote: Vote): void => {
    authorities.ask(0, { type: "vote", vote: encodeRelayedVote({ vote, endorsements: new Map() }) }, 1);
  };
  const logged = (line: string): boolean => authorities.logs[0]?.some((one) => one.startsWith(line)) ?? false;
  return { clock, authorities, publish, describe, sendVote, logged };
}

type Setting = ReturnType<typeof authority>;

/** Signed over other bytes than any program of today writes. */
function resigned(bytes: Uint8Array, label: (typeof LABELS)["descriptor" | "vote"], seed: Uint8Array): Uint8Array {
  const key = label === LABELS.descriptor ? suite.hybrid.publicKey(seed).subarray(KEY_BYTES) : new Uint8Array(0);
  const body = bytes.slice(0, -(key.length + IDENTITY_SIGNATURE_BYTES));
  body[0] = 2;
  return concat(body, key, signAsIdentity({ suite, label, message: body, seed }));
}

const mix0 = testDescriptor(suite, { name: "mix0", operator: "op", publishedAt: 80_000 });
const changed = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1);

const DESCRIPTORS: Record<DescriptorReason, (s: Setting) => void> = {
  "not a descriptor": (s) => s.publish(new Uint8Array(9)),
  "the node did not sign the descriptor": (s) => s.publish(changed(mix0.bytes)),
  "the descriptor is of a newer version than this authority reads": (s) =>
    s.publish(resigned(mix0.bytes, LABELS.descriptor, seedOf("mix0/identity"))),
  "the node is not admitted": (s) => s.describe({ name: "stranger" }),
  "the node is admitted in another role": (s) => s.describe({ name: "mix0", role: "provider", operator: "op" }),
  "the node is of another operator": (s) => s.describe({ name: "mix0", operator: "another" }),
  "the node is admitted for another domain": (s) => s.describe({ name: "a", role: "provider", domain: "b.example" }),
  "no domain is admitted for the node, and no DNS resolver is configured": (s) =>
    s.describe({ name: "free", role: "provider" }),
  "the descriptor is from the future": (s) => s.describe({ name: "mix0", operator: "op", publishedAt: 10 ** 9 }),
  "a newer descriptor is known": (s) => {
    s.publish(mix0.bytes);
    s.describe({ name: "mix0", operator: "op", publishedAt: 79_999 });
  },
  "the provider changed a token key within its period": (s) => {
    for (const [at, key] of ["one", "another"].entries()) {
      const tokenKeys = new Map([[0, seedOf(key)]]);
      s.describe({ name: "a", role: "provider", publishedAt: 80_000 + at, tokenKeys });
    }
  },
  "too many descriptors of the node in this epoch": (s) => {
    for (let n = 0; n <= DESCRIPTORS_PER_EPOCH_MAX; n++)
      s.describe({ name: "mix0", operator: "op", publishedAt: 80_000 + n });
  },
};

const other = nodeId(new Uint8Array(32).fill(1));
const failing = (reason: "no answer in time" | "the resolver failed" | "an answer too large"): TxtLookup => {
  return async () => ({ kind: "failed", reason });
};
const DOMAINS: Record<DomainReason, { lookup: TxtLookup; domain?: string }> = {
  "the domain is being looked up": { lookup: () => new Promise(() => undefined) },
  "the domain has no record for a node": { lookup: async () => ({ kind: "none" }) },
  "the domain's record names another node": {
    lookup: async () => ({ kind: "records", records: [recordOf(other)] }),
  },
  "the domain cannot be checked: no answer in time": { lookup: failing("no answer in time") },
  "the domain cannot be checked: the resolver failed": { lookup: failing("the resolver failed") },
  "the domain cannot be checked: an answer too large": { lookup: failing("an answer too large") },
  "the domain cannot be checked: the name is too long for a record": {
    lookup: async () => ({ kind: "none" }),
    domain: `${"abcdefghi.".repeat(24)}example`,
  },
};

const identitySeed = made.identitySeeds[1] as Uint8Array;
function voteOf(fields: Partial<VoteFields> = {}, authorityAt = 1): Vote {
  const seed = made.identitySeeds[authorityAt] as Uint8Array;
  const rest = { reveal: network.hash, commit: network.hash, parameters: network.parameters, nodes: [] };
  const all = { epoch: epochNumber(0), authority: authorityAt, previous: network.hash, ...rest, ...fields };
  return signVote({ network, fields: all, identitySeed: seed, suite });
}
const relayed = (vote: Uint8Array): Uint8Array => {
  const good = encodeRelayedVote({ vote: voteOf(), endorsements: new Map() });
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, vote.length);
  return concat(head, vote, good.subarray(4 + voteOf().bytes.length));
};
const until = async (s: Setting, time: Milliseconds): Promise<void> => s.clock.runUntil(time);

const VOTES: Record<VoteReason, (s: Setting) => void | Promise<void>> = {
  "not a vote": (s) => void s.authorities.ask(0, { type: "vote", vote: new Uint8Array(200) }, 1),
  "the vote is of another network, or not signed by whom it names": async (s) => {
    await until(s, schedule.vote);
    s.authorities.ask(0, { type: "vote", vote: relayed(changed(voteOf().bytes)) }, 1);
  },
  "the vote is of a newer version than this authority reads": (s) =>
    void s.authorities.ask(0, { type: "vote", vote: relayed(resigned(voteOf().bytes, LABELS.vote, identitySeed)) }, 1),
  "no agreement on this epoch is under way here": (s) => s.sendVote(voteOf({ epoch: epochNumber(9) })),
  "too early": (s) => s.sendVote(voteOf()),
  "too late": async (s) => {
    await until(s, milliseconds((schedule.rounds.at(-1) as number) + 1));
    s.sendVote(voteOf());
  },
  "too few endorsements for the round": async (s) => {
    await until(s, milliseconds((schedule.rounds[0] as number) + 1));
    s.sendVote(voteOf());
  },
  "a third vote of one authority": async (s) => {
    await until(s, schedule.vote);
    for (const name of ["1", "2", "3"]) s.sendVote(voteOf({ reveal: seedOf(name) }));
  },
  "too many from the authority that sent it": (s) => {
    const vote = voteOf();
    for (let n = 0; n <= framesMax(network); n++) s.sendVote(vote);
  },
  "too many false ones from the authority that sent it": (s) => {
    for (let n = 0; n <= wrongMax(network); n++) s.authorities.ask(0, { type: "vote", vote: Uint8Array.of(n) }, 1);
  },
};

function sendSignature(s: Setting, o: { epoch?: number; hash?: Uint8Array; isChanged?: boolean }): void {
  const epoch = epochNumber(o.epoch ?? 0);
  const hash = o.hash ?? network.hash;
  const signature = signConsensus({ epoch, hash, identitySeed, suite });
  const bytes = encodeConsensusSignature({ epoch, hash, authority: 1, signature });
  s.authorities.ask(0, { type: "signature", signature: o.isChanged ? changed(bytes) : bytes }, 1);
}
const SIGNATURES: Record<SignatureReason, (s: Setting) => void> = {
  "not a signature": (s) => void s.authorities.ask(0, { type: "signature", signature: new Uint8Array(7) }, 1),
  "the signature is not of whom it names": (s) => sendSignature(s, { isChanged: true }),
  "no agreement on this epoch is under way here": (s) => sendSignature(s, { epoch: 9 }),
  "a third signature of one authority": (s) => {
    for (const name of ["1", "2", "3"]) sendSignature(s, { hash: seedOf(name) });
  },
  "too many from the authority that sent it": (s) => {
    for (let n = 0; n <= framesMax(network); n++) sendSignature(s, {});
  },
  "too many false ones from the authority that sent it": (s) => {
    for (let n = 0; n <= wrongMax(network); n++)
      s.authorities.ask(0, { type: "signature", signature: Uint8Array.of(n) }, 1);
  },
};

const node = (fields: Partial<DescriptorFields>): SignedDescriptor =>
  signDescriptor({ fields: { ...mix0, ...fields }, identitySeed: seedOf("mix0/identity"), suite });
const held = verifyConsensus(
  network,
  signedConsensus(made, suite, { epoch: epochNumber(0), commits: new Map([[1, seedOf("commit")]]) }),
  suite,
);
const providerWith = (key: string): SignedDescriptor =>
  testDescriptor(suite, { name: "a", role: "provider", tokenKeys: new Map([[0, seedOf(key)]]) });
const heldTokens = verifyConsensus(network, signedConsensus(made, suite, { providers: [providerWith("one")] }), suite);
const knownLists = new Map([held, heldTokens].map((list) => [toHex(list.hash), list]));
const at = (epoch: number, fields: Partial<VoteFields>, otherFields = fields): readonly Vote[] => [
  voteOf({ epoch: epochNumber(epoch), ...fields }, 0),
  voteOf({ epoch: epochNumber(epoch), ...otherFields }, 1),
];
const { parameters } = network;
const many = Array.from({ length: 9 }, (_, n) => testDescriptor(suite, { name: `mix${n}` }));
/** For eight of them. */
const bytesMax =
  consensusBody(made, suite, {
    layers: [many, [], []],
    providers: [],
    commits: new Map([
      [0, mix0.nodeId],
      [1, mix0.nodeId],
    ]),
  }).length +
  DEMOTIONS_BYTES_MAX -
  1;
const COUNTED: Record<CountReason, readonly Vote[]> = {
  "descriptor not signed by its node": at(0, { nodes: [{ ...mix0, bytes: changed(mix0.bytes) }] }),
  "descriptor without a key for the epoch": at(5, { nodes: [mix0] }),
  "descriptor with a mix key of another time": at(0, {
    nodes: [node({ mixKeys: new Map([0, 1, 2, 3].map((period) => [keyPeriodNumber(period), seedOf("key")])) })],
  }),
  "descriptor with a mix key that is none": at(0, {
    nodes: [node({ mixKeys: new Map([[keyPeriodNumber(0), new Uint8Array(32)]]) })],
  }),
  "descriptor from before the last epoch": at(2, { nodes: [node({ publishedAt: milliseconds(0) })] }),
  "descriptor from the future": at(0, { nodes: [node({ publishedAt: milliseconds(10 ** 9) })] }),
  "node listed by too few authorities": at(0, { nodes: [mix0] }, { nodes: [] }),
  "domain taken by another provider": at(0, {
    nodes: ["a", "b"].map((name) => testDescriptor(suite, { name, role: "provider", domain: "a.example" })),
  }),
  "token key changed within its period": at(1, {
    previous: heldTokens.hash,
    nodes: [providerWith("another")],
  }),
  "no room in the list": at(0, { nodes: byNodeId(many) }),
  "parameters named by too few authorities": at(0, {}, { parameters: { ...parameters, delayCap: 7 } }),
  "parameters other than the network file's": at(0, {
    parameters: { ...parameters, packetBytes: 5000 },
  }),
  "reveal that does not open its commitment": at(1, { previous: held.hash }),
  "reveal without a commitment": at(1, { previous: held.hash }),
};
/** Of nodes with 36 keys each, as twelve key periods in an epoch allow in epoch 0. Their signatures and keys are only counted. */
function manyKeys(nodes: number): { network: Network; suite: Suite; votes: readonly Vote[] } {
  const key = new Uint8Array(1216);
  const kem = { ...suite.kem, publicKeyBytes: key.length, encapsulate: () => ({ sharedSecret: key, ciphertext: key }) };
  const hybrid = withSigner({
    publicKey: (seed: Uint8Array) => concat(seed, new Uint8Array(IDENTITY_KEY_BYTES - seed.length)),
    sign: () => new Uint8Array(IDENTITY_SIGNATURE_BYTES),
    verify: () => true,
  });
  const counted = { ...suite, kem, hybrid };
  const epoch = { ...LIVE_PARAMETERS.epoch, keyPeriods: 12 };
  const of = testNetwork({ suite, parameters: { ...parameters, epoch } }).network;
  const mixKeys = new Map(keyPeriodsAnnounced(of, epochNumber(0)).map((period) => [period, key]));
  const listed = Array.from({ length: nodes }, (_, n) =>
    signDescriptor({ fields: { ...mix0, mixKeys }, identitySeed: seedOf(`node ${n}`), suite: counted }),
  );
  const fields = { previous: of.hash, parameters: of.parameters, nodes: byNodeId(listed) };
  const votes = [voteOf({}, 0), voteOf()].map((vote) => Object.assign(vote, fields));
  return { network: of, suite: counted, votes };
}

const here = (votes: readonly Vote[]) => ({ network, suite, votes });
type Uncounted = { network: Network; suite: Suite; votes: readonly Vote[]; bytesMax?: number };
const UNCOUNTED: Record<NoTallyReason, Uncounted> = {
  "too few votes": here([voteOf()]),
  "no common previous consensus": here(at(0, { previous: seedOf("unknown") })),
  "a list longer than readers take": { ...here(at(0, { nodes: byNodeId(many) })), bytesMax: 1000 },
};

for (const [reason, provoke] of Object.entries(DESCRIPTORS)) {
  test(`a descriptor is dropped because: ${reason}`, () => {
    const s = authority();
    provoke(s);
    assert.ok(s.logged(`refused a descriptor: ${reason}`), s.authorities.logs[0]?.join("\n"));
  });
}

for (const [reason, { lookup, domain = "free.example" }] of Object.entries(DOMAINS)) {
  test(`a provider is left out because: ${reason}`, async () => {
    const s = authority(lookup);
    const wish = { name: "free", role: "provider", domain } as const;
    s.describe({ ...wish, publishedAt: 90_000 });
    await settle();
    await until(s, schedule.vote);
    const who = toHex(testDescriptor(suite, wish).nodeId).slice(0, 16);
    assert.ok(s.logged(`left out of the vote: ${who} ${reason} epoch=0`), s.authorities.logs[0]?.join("\n"));
    if (reason !== "the domain is being looked up") {
      s.describe({ ...wish, publishedAt: 90_001 });
      assert.ok(s.logged(`refused a descriptor: ${reason}`));
      assert.ok(s.logged(`a provider's domain is not confirmed: ${who} ${reason}`));
    }
  });
}

for (const [reason, provoke] of Object.entries(VOTES)) {
  test(`a vote is dropped because: ${reason}`, async () => {
    const s = authority();
    await provoke(s);
    assert.ok(s.logged(`refused a vote: ${reason}`), s.authorities.logs[0]?.join("\n"));
  });
}

for (const [reason, provoke] of Object.entries(SIGNATURES)) {
  test(`a signature is dropped because: ${reason}`, () => {
    const s = authority();
    provoke(s);
    assert.ok(s.logged(`refused a signature: ${reason}`), s.authorities.logs[0]?.join("\n"));
  });
}

test("what the count leaves out has a reason each", () => {
  for (const [reason, votes] of Object.entries(COUNTED)) {
    const epoch = votes[0]?.epoch ?? epochNumber(0);
    const counted = tally({ network, epoch, votes, held: knownLists, suite, bytesMax });
    assert.equal(counted.kind, "consensus", reason);
    const reasons = counted.kind === "consensus" ? counted.dropped.map((dropped) => dropped.reason as string) : [];
    assert.ok(reasons.includes(reason), `${reason}: ${reasons.join(", ")}`);
  }
  for (const [reason, of] of Object.entries(UNCOUNTED)) {
    const outcome = tally({ ...of, epoch: epochNumber(0), held: new Map() });
    assert.equal(outcome.kind === "none" ? outcome.reason : outcome.kind, reason);
  }
});

test("a list of more nodes than readers take leaves some out, and is nearly as long as it may be", () => {
  for (const nodes of [375, 390]) {
    const counted = tally({ ...manyKeys(nodes), epoch: epochNumber(0), held: new Map() });
    assert.ok(counted.kind === "consensus" && counted.body.length > 0.98 * DOCUMENT_BYTES_MAX);
    assert.ok(counted.body.length < DOCUMENT_BYTES_MAX);
    const [listed, leftOut] = [counted.fields.layers.flat().length, counted.dropped.length];
    assert.deepEqual([listed + leftOut, leftOut > 0], [nodes, nodes === 390]);
    assert.ok(counted.dropped.every(({ reason }) => reason === "no room in the list"));
  }
});

test("a descriptor that too few votes list costs no check of its signatures, whatever they are, and those that enough list one each", () => {
  const listed = [mix0, providerWith("one")].toSorted((a, b) => (toHex(a.nodeId) < toHex(b.nodeId) ? -1 : 1));
  const invented = Array.from({ length: 20 }, (_, n) => testDescriptor(suite, { name: `made up ${n}` }));
  const all = [...listed, ...invented].toSorted((a, b) => (toHex(a.nodeId) < toHex(b.nodeId) ? -1 : 1));
  let checks = 0;
  const verify: typeof suite.hybrid.verify = (...input) => {
    checks++;
    return suite.hybrid.verify(...input);
  };
  const counting = { ...suite, hybrid: { ...suite.hybrid, verify } };
  const votes = at(0, { nodes: listed }, { nodes: all });
  const plain = tally({ network, epoch: epochNumber(0), votes: at(0, { nodes: listed }), held: new Map(), suite });
  const counted = tally({ network, epoch: epochNumber(0), votes, held: new Map(), suite: counting });
  assert.ok(counted.kind === "consensus" && plain.kind === "consensus");
  assert.equal([...counted.fields.layers.flat(), ...counted.fields.providers].length, 2);
  assert.deepEqual([counted.fields.layers, counted.fields.providers], [plain.fields.layers, plain.fields.providers]);
  assert.equal(checks, 2);
  assert.equal(counted.dropped.filter(({ reason }) => reason === "node listed by too few authorities").length, 20);
});

test("a vote that is missing, a pair that contradict each other and a layer that is too small are named", async () => {
  const s = authority();
  await until(s, milliseconds(schedule.vote - 1));
  for (const name of ["1", "2"]) s.sendVote(voteOf({ reveal: seedOf(name) }));
  await until(s, schedule.publish);
  assert.ok(s.logged("no vote came in time epoch=0 authority=2"), s.authorities.logs[0]?.join("\n"));
  assert.ok(s.logged("dropped the votes of an authority that signed two different ones epoch=0 authority=1"));
  assert.ok(s.logged("no tally: too few votes"));
  const second = authority();
  await until(second, milliseconds(schedule.vote - 1));
  second.sendVote(voteOf());
  await until(second, schedule.publish);
  for (const layer of [1, 2, 3]) {
    assert.ok(second.logged(`a layer is too small to hide anyone: nothing is sent epoch=0 layer=${layer} mixes=0`));
  }
});

test("what is on the disk and no longer good is dropped with a reason", () => {
  const s = authority();
  s.authorities.stores[0]?.putDescriptor("00", new Uint8Array(9));
  s.authorities.stores[0]?.putConsensus(epochNumber(0), new Uint8Array(50));
  s.authorities.kill(0);
  s.authorities.start(0);
  assert.ok(s.logged("dropped a stored descriptor: not a descriptor"));
  assert.ok(s.logged("dropped a stored consensus: The bytes are not of the expected form."));
});

test("the specification's table names exactly these reasons", () => {
  const page = readFileSync(new URL("../../../docs/spec/08-directory.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("### 5.2"), page.indexOf("## 6 "));
  const rows = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
  const all = [
    ...DESCRIPTOR_REASONS,
    ...DOMAIN_REASONS,
    ...VOTE_REASONS,
    ...SIGNATURE_REASONS,
    ...COUNT_REASONS,
    ...NO_TALLY_REASONS,
  ];
  assert.deepEqual(new Set<string | undefined>(rows), new Set<string | undefined>(all));
});
