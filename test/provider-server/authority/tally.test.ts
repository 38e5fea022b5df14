/** Whose a domain is when two providers name it, and which keys a node needs to be listed. Spec: docs/spec/08-directory.md §6 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { flawOf, tally } from "#provider-server/authority/tally.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { QUICK_PARAMETERS, testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { epochNumber } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { keyPeriodsAnnounced, scheduleOf } from "#transport/directory/epochs.ts";
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

test("a node is listed with every key that senders use until the next list, and only then", () => {
  const live = testNetwork({ suite, parameters: { ...QUICK_PARAMETERS, epoch: LIVE_PARAMETERS.epoch } });
  const epoch = epochNumber(2);
  const flaw = (periods: readonly number[]): string | undefined => {
    const publishedAt = scheduleOf(live.network, epoch).vote;
    return flawOf(testDescriptor(suite, { name: "mix0", periods, publishedAt }), {
      network: live.network,
      epoch,
      suite,
    });
  };
  // From ten minutes before the epoch, in the last quarter of the hour before, to ten minutes before its end.
  const needed = [7, 8, 9, 10, 11];
  assert.equal(flaw(needed), undefined);
  assert.equal(flaw([...needed, 12, 13, 14, 15]), undefined);
  for (const period of needed) {
    const others = needed.filter((other) => other !== period);
    assert.equal(flaw(others), "descriptor without a key for the epoch", `without ${period}`);
  }
});

test("a node is listed with the keys that nodes announce, of either epoch before, and with no key beyond them", () => {
  for (const keyPeriods of [1, 4, 6]) {
    const of = testNetwork({
      suite,
      parameters: { ...QUICK_PARAMETERS, epoch: { ...LIVE_PARAMETERS.epoch, keyPeriods } },
    });
    const announced = (epoch: number): number[] => keyPeriodsAnnounced(of.network, epochNumber(Math.max(0, epoch)));
    for (const epoch of [0, 1, 2, 3, 7]) {
      const flaw = (periods: readonly number[]): string | undefined => {
        const publishedAt = Math.max(0, scheduleOf(of.network, epochNumber(epoch)).vote);
        const node = testDescriptor(suite, { name: "mix0", periods, publishedAt });
        return flawOf(node, { network: of.network, epoch: epochNumber(epoch), suite });
      };
      const text = `${keyPeriods} key periods, epoch ${epoch}`;
      const [last, before] = [announced(epoch - 1), announced(epoch - 2)];
      assert.equal(flaw(last), undefined, text);
      assert.equal(flaw(before), undefined, `${text}: published an epoch earlier`);
      const more = [...last, (last.at(-1) as number) + 1];
      assert.equal(flaw(more), "descriptor with a mix key of another time", text);
      const far = [...last, 2 ** 32 - 1];
      assert.equal(flaw(far), "descriptor with a mix key of another time", text);
      // Of both epochs together: each key is of its time, and they are more than anybody has.
      const both = [...new Set([...before, ...last])];
      const isMore = both.length > before.length && both.length > last.length;
      assert.equal(flaw(both), isMore ? "descriptor with a mix key of another time" : undefined, text);
    }
  }
});
