/** Whose a domain is when two providers name it. Spec: docs/spec/08-directory.md §5.1 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { tally } from "#provider-server/authority/tally.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { signVote } from "#transport/directory/vote.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;

test("a domain stays with the provider that the list before names for it, whichever id is lower", () => {
  const epoch = epochNumber(1);
  const both = ["a", "b"].map((name) => testDescriptor(suite, { name, role: "provider", domain: "a.example" }));
  for (const holder of both) {
    const before = testConsensus(made, suite, { providers: [holder] });
    const votes = [0, 1].map((authority) => {
      const rest = { reveal: network.hash, commit: network.hash, parameters: network.parameters };
      const fields = { epoch, authority, previous: before.hash, nodes: byNodeId(both), ...rest };
      return signVote({ network, fields, identitySeed: made.identitySeeds[authority] as Uint8Array, suite });
    });
    const counted = tally({ network, epoch, votes, held: new Map([[toHex(before.hash), before]]), suite });
    assert.ok(counted.kind === "consensus");
    assert.deepEqual(
      counted.fields.providers.map((provider) => toHex(provider.nodeId)),
      [toHex(holder.nodeId)],
    );
  }
});
