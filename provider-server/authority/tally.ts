/**
 * Turns the votes that the authorities agree on having received into the one consensus they all sign. Pure: the same votes
 * give the same bytes on every machine. Spec: docs/spec/08-directory.md §6
 */

import { equalBytes, toHex } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Epoch, epochNumber, milliseconds } from "#transport/core/units.ts";
import { isPublicKey } from "#transport/crypto/public-key.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import {
  type ConsensusFields,
  consensusBodyBytesMax,
  consensusHash,
  encodeConsensusBody,
} from "#transport/directory/consensus.ts";
import { DEMOTIONS_BYTES_MAX } from "#transport/directory/demotions.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import { keyPeriodsAnnounced, keyPeriodsNeeded, scheduleOf } from "#transport/directory/epochs.ts";
import { DESCRIPTOR_CLOCK_SLACK, LAYER_PERIOD } from "#transport/directory/limits.ts";
import type { Consensus, Layers, Network, NodeDescriptor, SignedDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { encodeParameters } from "#transport/directory/parameters-codec.ts";
import type { Vote } from "#transport/directory/vote.ts";
import { type Judgement, judge } from "./judge.ts";
import { assignLayers } from "./layers.ts";
import { withinList } from "./list-room.ts";
import type { CountReason, NoTallyReason } from "./reasons.ts";
import { combineSharedRandom } from "./shared-random.ts";
import { keepsTokenKeys, tokenKeysOf } from "./token-keys.ts";

/** Something a vote asked for that the consensus does not have, for the log. Authorities by position, nodes by hex id. */
export interface Dropped {
  readonly reason: CountReason;
  readonly authority?: number;
  readonly node?: string;
}

export type Tally =
  | {
      readonly kind: "consensus";
      readonly fields: ConsensusFields;
      readonly body: Uint8Array;
      readonly hash: Uint8Array;
      readonly dropped: readonly Dropped[];
      /** Nodes and links that lose packets by the reports on the epoch before the last. */
      readonly findings: Judgement["findings"];
    }
  | { readonly kind: "none"; readonly reason: NoTallyReason };

/** `votes`: at most one for each authority, all for `epoch`. `held` are the consensuses known, by hexadecimal hash. */
export function tally(o: {
  network: Network;
  epoch: Epoch;
  votes: readonly Vote[];
  held: ReadonlyMap<string, Consensus>;
  suite: Suite;
  /** For the list's body. */
  bytesMax?: number | undefined;
}): Tally {
  const { network, epoch, suite, bytesMax = consensusBodyBytesMax(network) } = o;
  const votes = o.votes.toSorted((a, b) => a.authority - b.authority);
  if (votes.length < network.threshold) return { kind: "none", reason: "too few votes" };
  const previousHash = majority(
    votes.map((vote) => vote.previous),
    network.threshold,
  );
  const previous = previousHash === undefined ? undefined : o.held.get(toHex(previousHash));
  const isFirst = previousHash !== undefined && equalBytes(previousHash, network.hash);
  if (previousHash === undefined || (previous === undefined && !isFirst)) {
    return { kind: "none", reason: "no common previous consensus" };
  }
  const dropped: Dropped[] = [];
  const { sharedRandom, broken, uncommitted } = combineSharedRandom({ network, epoch, previous, votes, suite });
  for (const authority of broken) dropped.push({ reason: "reveal that does not open its commitment", authority });
  for (const authority of uncommitted) dropped.push({ reason: "reveal without a commitment", authority });
  const nodes = withSteadyTokenKeys(network, {
    nodes: chooseNodes({ network, epoch, votes, suite, dropped }),
    previous,
    dropped,
  });
  const isSamePeriod = previous !== undefined && periodOf(network, previous.epoch) === periodOf(network, epoch);
  const places = previous && (isSamePeriod ? previous.layers : keptForever(previous.layers));
  const head = {
    epoch,
    previous: previousHash,
    sharedRandom,
    parameters: chooseParameters(network, votes, dropped),
    commits: new Map(votes.map((vote) => [vote.authority, vote.commit])),
  };
  const { mixes, providers, leftOut } = withinList({
    mixes: nodes.filter((node) => node.role === "mix"),
    providers: withOwnDomains(nodes, previous, dropped),
    kept: [...(places ?? []).flat(), ...(previous?.providers ?? [])],
    sharedRandom,
    suite,
    // Whatever the demotions will be: who is in must not depend on who is blamed.
    bytesMax: bytesMax - encodeConsensusBody(network, { ...head, ...NOBODY }).length - DEMOTIONS_BYTES_MAX,
  });
  for (const { nodeId } of leftOut) dropped.push({ reason: "no room in the list", node: toHex(nodeId) });
  const layers = assignLayers({ mixes, previous: places, sharedRandom, suite });
  const { demotions, findings } = judge({ epoch, layers, providers, previous });
  const fields: ConsensusFields = { ...head, layers, providers, demotions };
  const body = encodeConsensusBody(network, fields);
  if (body.length > bytesMax) return { kind: "none", reason: "a list longer than readers take" };
  return { kind: "consensus", fields, body, hash: consensusHash(suite, body), dropped, findings };
}

const NOBODY = { layers: [[], [], []], providers: [], demotions: [] } as const;

/** At the end of a period the first layer stays: a guard that moves away every few weeks protects nobody (docs/compromised-mixes.md). */
const keptForever = ([first]: Layers): Layers => [first, [], []];

/** The value that at least `threshold` votes have; more than half, so there is at most one. */
function majority(values: readonly Uint8Array[], threshold: number): Uint8Array | undefined {
  return values.find((value) => values.filter((other) => equalBytes(value, other)).length >= threshold);
}

function chooseParameters(network: Network, votes: readonly Vote[], dropped: Dropped[]): Parameters {
  const encoded = votes.map((vote) => encodeParameters(vote.parameters));
  const chosen = majority(encoded, network.threshold);
  const index = encoded.findIndex((value) => value === chosen);
  const parameters = votes[index]?.parameters ?? network.parameters;
  if (chosen === undefined) dropped.push({ reason: "parameters named by too few authorities" });
  // What clients refuse to see changed (docs/spec/08-directory.md §6) is never put before them.
  if (equalBytes(encodeParameters(network.parameters), encodeParameters(parameters))) return parameters;
  dropped.push({ reason: "parameters other than the network file's" });
  return network.parameters;
}

/**
 * Nodes that enough votes list with a good descriptor that says the same of role, operator, domain and token keys; of these
 * descriptors the newest. What only one authority checked must not come in on others' votes for something else.
 */
function chooseNodes(o: {
  network: Network;
  epoch: Epoch;
  votes: readonly Vote[];
  suite: Suite;
  dropped: Dropped[];
}): NodeDescriptor[] {
  const listed = new Map<string, Listed[]>();
  for (const { authority, nodes } of o.votes) {
    for (const node of nodes) {
      const id = toHex(node.nodeId);
      listed.set(id, [...(listed.get(id) ?? []), { node, authority, claims: claimsOf(node) }]);
    }
  }
  const flawIn = rememberingFlaws(o);
  const chosen: NodeDescriptor[] = [];
  for (const [id, all] of listed) {
    // Who makes up a thousand nodes must not have everybody check a thousand signatures: first it counts who lists them.
    const agreed = agreeing(all, o.network.threshold);
    const good = agreed.filter(({ node, authority }) => {
      const reason = flawIn(node);
      if (reason !== undefined) o.dropped.push({ reason, authority, node: id });
      return reason === undefined;
    });
    if (good.length >= o.network.threshold) chosen.push(newest(good.map(({ node }) => node)));
    else if (good.length > 0 || agreed.length === 0) {
      o.dropped.push({ reason: "node listed by too few authorities", node: id });
    }
  }
  return byNodeId(chosen);
}

interface Listed {
  readonly node: SignedDescriptor;
  readonly authority: number;
  readonly claims: string;
}

/** Those that say the same as enough others; at most one set of claims does. */
const agreeing = (all: readonly Listed[], threshold: number): readonly Listed[] =>
  all.filter(({ claims }) => all.filter((other) => other.claims === claims).length >= threshold);

/** What authorities check before they list a node. The threshold is more than half, so at most one set of claims reaches it. */
const claimsOf = (node: NodeDescriptor): string =>
  JSON.stringify([node.role, node.operator, node.domain, tokenKeysOf(node)]);

/** Most votes have the same bytes, and a signature of two kinds is worth checking once. */
function rememberingFlaws(o: {
  network: Network;
  epoch: Epoch;
  suite: Suite;
}): (node: SignedDescriptor) => CountReason | undefined {
  const known = new Map<string, { readonly reason: CountReason | undefined }>();
  return (node) => {
    const name = toHex(o.suite.sha256(node.bytes));
    const found = known.get(name) ?? { reason: flawOf(node, o) };
    known.set(name, found);
    return found.reason;
  };
}

/** Why a descriptor cannot be in the consensus of `epoch`, if it cannot. */
export function flawOf(
  node: SignedDescriptor,
  o: { network: Network; epoch: Epoch; suite: Suite },
): CountReason | undefined {
  const { vote } = scheduleOf(o.network, o.epoch);
  const hasKeys = keyPeriodsNeeded(o.network, o.epoch).every((period) => node.mixKeys.has(period));
  if (!hasKeys) return "descriptor without a key for the epoch";
  if (!namesKeysOfItsTime(node, o)) return "descriptor with a mix key of another time";
  if (node.publishedAt > vote + DESCRIPTOR_CLOCK_SLACK) return "descriptor from the future";
  // A node that has not been heard of for an epoch is gone. At the start nodes may have waited for genesis.
  const oldest = milliseconds(vote - o.network.parameters.epoch.duration);
  if (o.epoch >= 2 && node.publishedAt < oldest) return "descriptor from before the last epoch";
  try {
    verifyDescriptor(node.bytes, o.suite);
  } catch {
    return "descriptor not signed by its node";
  }
  // Every client would try to wrap packets with it, and fail.
  const areKeys = [...node.mixKeys.values()].every((key) => isPublicKey(o.suite.kem, key));
  return areKeys ? undefined : "descriptor with a mix key that is none";
}

/**
 * Whether all its keys are among those that a node named in one of the two epochs before, which alone have all that the list of
 * `epoch` needs: keys beyond them are of use to nobody, and who has many nodes could fill the list with them.
 */
function namesKeysOfItsTime(node: NodeDescriptor, o: { network: Network; epoch: Epoch }): boolean {
  return [1, 2].some((before) => {
    const named = new Set(keyPeriodsAnnounced(o.network, epochNumber(Math.max(0, o.epoch - before))));
    return [...node.mixKeys.keys()].every((period) => named.has(period));
  });
}

/** Of two signed at the same time the one with the larger encoding: any rule does that all share. */
function newest(descriptors: readonly NodeDescriptor[]): NodeDescriptor {
  const [first] = descriptors.toSorted(
    (a, b) => b.publishedAt - a.publishedAt || (toHex(a.listed) < toHex(b.listed) ? 1 : -1),
  );
  return first as NodeDescriptor;
}

/** Without the providers that name another token key for a period than the list before: it would date each client's tokens. */
function withSteadyTokenKeys(
  network: Network,
  o: { nodes: readonly NodeDescriptor[]; previous: Consensus | undefined; dropped: Dropped[] },
): NodeDescriptor[] {
  const before = new Map(o.previous?.providers.map((provider) => [toHex(provider.nodeId), provider]));
  return o.nodes.filter((node) => {
    const known = before.get(toHex(node.nodeId));
    const isSteady = known === undefined || keepsTokenKeys(network, known, node);
    if (!isSteady) o.dropped.push({ reason: "token key changed within its period", node: toHex(node.nodeId) });
    return isSteady;
  });
}

/** One provider for a domain: the one that had it before, else the lower id. */
function withOwnDomains(
  nodes: readonly NodeDescriptor[],
  previous: Consensus | undefined,
  dropped: Dropped[],
): NodeDescriptor[] {
  const holders = new Map(previous?.providers.map((provider) => [provider.domain, toHex(provider.nodeId)]));
  const providers = nodes.filter((node) => node.role === "provider");
  const owners = new Map<string, string>();
  for (const { domain, nodeId } of providers) {
    const node = toHex(nodeId);
    if (!owners.has(domain) || holders.get(domain) === node) owners.set(domain, node);
  }
  return providers.filter(({ domain, nodeId }) => {
    const node = toHex(nodeId);
    const isOwner = owners.get(domain) === node;
    if (!isOwner) dropped.push({ reason: "domain taken by another provider", node });
    return isOwner;
  });
}

/** Layers are drawn anew at multiples of this many epochs. */
function periodOf(network: Network, epoch: Epoch): number {
  return Math.floor(epoch / Math.max(1, Math.round(LAYER_PERIOD / network.parameters.epoch.duration)));
}
