/** A network for tests: authorities, nodes with their keys, descriptors and consensuses made to order. */

import { utf8 } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import {
  type Epoch,
  epochNumber,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
  seconds,
} from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import {
  type ConsensusFields,
  consensusHash,
  encodeConsensus,
  encodeConsensusBody,
  signConsensus,
  verifyConsensus,
} from "#transport/directory/consensus.ts";
import { nodeIdOf, signDescriptor } from "#transport/directory/descriptor.ts";
import type { Consensus, Layers, Network, NodeRole, SignedDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { createNetwork } from "#transport/directory/network.ts";
import type { AdmittedNode } from "#provider-server/authority/admission.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { SeededRandom } from "./seeded-random.ts";

export const QUICK_PARAMETERS: Parameters = {
  ...LIVE_PARAMETERS,
  suite: "x25519",
  packetBytes: 4096,
  epoch: { duration: seconds(20), lead: seconds(4), overlap: seconds(4), keyPeriods: 1, keyLead: seconds(4) },
};

export interface TestNetwork {
  readonly network: Network;
  /** In the order of the network file. */
  readonly identitySeeds: readonly Uint8Array[];
  readonly linkSeeds: readonly Uint8Array[];
}

export const seedOf = (name: string): Uint8Array => new SeededRandom(name).bytes(32);

export function testNetwork(o: {
  suite: Suite;
  authorities?: number;
  threshold?: number;
  genesis?: Milliseconds;
  bootstrap?: Milliseconds;
  parameters?: Parameters;
  addresses?: readonly string[];
  name?: string;
}): TestNetwork {
  const { suite, authorities: count = 3, name = "test" } = o;
  const made = Array.from({ length: count }, (_, index) => {
    const identitySeed = seedOf(`${name}/authority/${index}/identity`);
    const linkSeed = seedOf(`${name}/authority/${index}/link`);
    const address = o.addresses?.[index] ?? `127.0.0.1:${9000 + index}`;
    const authority = {
      name: `authority-${index}`,
      identityKey: suite.hybrid.publicKey(identitySeed),
      linkKey: linkKeyOf(suite, linkSeed),
      address,
    };
    return { identitySeed, linkSeed, authority };
  });
  const network = createNetwork({
    fields: {
      name,
      kind: "demo",
      authorities: made.map(({ authority }) => authority),
      threshold: o.threshold ?? Math.floor(count / 2) + 1,
      genesis: o.genesis ?? seconds(100),
      bootstrap: o.bootstrap ?? seconds(5),
      parameters: o.parameters ?? QUICK_PARAMETERS,
    },
    identitySeeds: made.map(({ identitySeed }) => identitySeed),
    suite,
  });
  const ordered = network.authorities.map(({ name: wanted }) =>
    made.find(({ authority }) => authority.name === wanted),
  );
  return {
    network,
    identitySeeds: ordered.map((entry) => entry?.identitySeed as Uint8Array),
    linkSeeds: ordered.map((entry) => entry?.linkSeed as Uint8Array),
  };
}

export interface NodeWish {
  readonly name: string;
  readonly role?: NodeRole;
  readonly operator?: string;
  readonly domain?: string;
  /** Key periods whose keys it names: with `QUICK_PARAMETERS` an epoch is one. */
  readonly periods?: readonly number[];
  readonly publishedAt?: number;
  readonly address?: string;
  readonly tokenKeys?: ReadonlyMap<number, Uint8Array>;
}

/** Everything follows from the name. */
export function testDescriptor(suite: Suite, wish: NodeWish): SignedDescriptor {
  const { name, role = "mix", periods = [0, 1, 2] } = wish;
  const keyOf = (period: number): Uint8Array => suite.kem.generate(new SeededRandom(`${name}/mix/${period}`)).publicKey;
  return signDescriptor({
    fields: {
      role,
      linkKey: linkKeyOf(suite, seedOf(`${name}/link`)),
      address: wish.address ?? "127.0.0.1:4000",
      operator: wish.operator ?? `operator of ${name}`,
      domain: wish.domain ?? (role === "provider" ? `${name}.example` : ""),
      mixKeys: new Map(periods.map((period) => [keyPeriodNumber(period), keyOf(period)])),
      tokenKeys: wish.tokenKeys ?? new Map(),
      publishedAt: milliseconds(wish.publishedAt ?? 0),
    },
    identitySeed: seedOf(`${name}/identity`),
    suite,
  });
}

/** As an operator writes it down: `testDescriptor` of one letter is a provider, whose domain the operator vouches for. */
export function testAdmission(suite: Suite, name: string): AdmittedNode {
  const id = nodeIdOf(suite, suite.hybrid.publicKey(seedOf(`${name}/identity`)));
  return { nodeId: id, ...(name.length === 1 && { domain: `${name}.example` }) };
}

/** Three layers of `perLayer` mixes and two providers, each of its own operator. */
export function testNodes(
  suite: Suite,
  o: { perLayer?: number; periods?: readonly number[]; publishedAt?: number } = {},
) {
  const { perLayer = 2, ...wish } = o;
  const mixes = Array.from({ length: 3 * perLayer }, (_, index) =>
    testDescriptor(suite, { name: `mix${index}`, ...wish }),
  );
  const layer = (index: number): SignedDescriptor[] => byNodeId(mixes.slice(index * perLayer, (index + 1) * perLayer));
  const layers = [layer(0), layer(1), layer(2)] as const satisfies Layers;
  const providers = ["a", "b"].map((name) => testDescriptor(suite, { name, role: "provider", ...wish }));
  return { layers, providers: byNodeId(providers) };
}

export function consensusBody(test: TestNetwork, suite: Suite, fields: Partial<ConsensusFields> = {}): Uint8Array {
  const { network } = test;
  return encodeConsensusBody(network, {
    epoch: epochNumber(0),
    previous: network.hash,
    sharedRandom: suite.blake2b(utf8("shared random")),
    parameters: network.parameters,
    commits: new Map(),
    demotions: [],
    ...testNodes(suite),
    ...fields,
  });
}

/** Signed by the authorities at `signers`, whatever the threshold. */
export function signedConsensus(
  test: TestNetwork,
  suite: Suite,
  fields: Partial<ConsensusFields> = {},
  signers: readonly number[] = [0, 1],
): Uint8Array {
  const body = consensusBody(test, suite, fields);
  const hash = consensusHash(suite, body);
  const signatures = signers.map((signer): [number, Uint8Array] => {
    const identitySeed = test.identitySeeds[signer] as Uint8Array;
    return [signer, signConsensus({ epoch: fields.epoch ?? epochNumber(0), hash, identitySeed, suite })];
  });
  return encodeConsensus(body, new Map(signatures));
}

export function testConsensus(test: TestNetwork, suite: Suite, fields: Partial<ConsensusFields> = {}): Consensus {
  return verifyConsensus(test.network, signedConsensus(test, suite, fields), suite);
}

export const epochs = (...numbers: readonly number[]): Epoch[] => numbers.map(epochNumber);
