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
  DESCRIPTOR_REASONS,
  type DescriptorReason,
  DOMAIN_REASONS,
  type DomainReason,
  NO_TALLY_REASONS,
  SIGNATURE_REASONS,
  type SignatureReason,
  VOTE_REASONS,
  type VoteReason,
} from "#provider-server/authority/reasons.ts";
import { MemoryAuthorities } from "#test/support/memory-authorities.ts";
import { type NodeWish, seedOf, testAdmission, testDescriptor } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { concat, toHex } from "#transport/core/bytes.ts";
import { epochNumber, type Milliseconds, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { signConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { IDENTITY_SIGNATURE_BYTES, KEY_BYTES, LABELS, signAsIdentity } from "#transport/directory/labels.ts";
import { encodeRelayedVote, type Vote } from "#transport/directory/vote.ts";
import { suite, made, network, schedule, mix0, changed, voteOf } from "./reasons-scene.ts";

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
