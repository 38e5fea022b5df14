/** What an authority says of nodes, of the list before, and of its share in the randomness of an epoch. Spec: docs/spec/08-directory.md §5 */

import { toHex } from "#transport/core/bytes.ts";
import type { Epoch } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Consensus, Network, SignedDescriptor } from "#transport/directory/model.ts";
import { signVote, type Vote } from "#transport/directory/vote.ts";
import type { Log } from "../observe/log.ts";
import type { AuthorityStore } from "./authority-store.ts";
import type { DescriptorRegistry } from "./descriptor-registry.ts";
import { withinVote } from "./list-room.ts";
import type { CountReason, DomainReason } from "./reasons.ts";
import { revealAndCommit } from "./shared-random.ts";
import { shortId } from "./tally-log.ts";

/** On disk before anybody has it: who has voted and is started again votes no second time. Throws what the store throws. */
export function ownVote(o: {
  network: Network;
  self: number;
  identitySeed: Uint8Array;
  suite: Suite;
  store: Pick<AuthorityStore, "putVote">;
  log: Log;
  epoch: Epoch;
  registry: Pick<DescriptorRegistry, "nodesFor">;
  newest: Consensus | undefined;
}): Vote {
  const { network, self, identitySeed, suite, epoch, newest } = o;
  const leaveOut = (node: SignedDescriptor, reason: CountReason | DomainReason): void =>
    o.log.event(`left out of the vote: ${shortId(toHex(node.nodeId))} ${reason}`, { epoch });
  const { nodes, leftOut } = withinVote({ nodes: o.registry.nodesFor(epoch, leaveOut), newest, network, suite });
  for (const node of leftOut) leaveOut(node, "no room in the list");
  const fields = {
    epoch,
    authority: self,
    previous: newest?.hash ?? network.hash,
    ...revealAndCommit({ network, epoch, authority: self, identitySeed, suite }),
    parameters: newest?.parameters ?? network.parameters,
    nodes,
  };
  const vote = signVote({ network, fields, identitySeed, suite });
  o.store.putVote(epoch, vote.bytes);
  return vote;
}
