/** What the network page says of a profile is what mail between people who know each other takes. Spec: docs/spec/10-contract.md §3 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { networkState } from "#main/network/network-state.ts";
import { testNetwork } from "#test/support/test-network.ts";
import type { ClientStatus, MixClient } from "#transport";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("x25519", "native");
const client = {
  status: () =>
    ({ state: "mixing", departures: [], sentToday: {}, receivedToday: {}, loops: {}, recentLoops: {} }) as unknown,
} as { status: () => ClientStatus } as MixClient;

const secondsOf = (boxReplies: number): number[] => {
  const { network } = testNetwork({ suite, parameters: { ...LIVE_PARAMETERS, suite: "x25519", boxReplies } });
  return networkState({ network, client }).profiles.map(({ expectedSeconds }) => expectedSeconds);
};

test("the time of a profile has the wait in a box where the network has boxes", () => {
  // A slot, three delays and a poll: 32.3 + 15 + 10 s, 1.9 + 1.4 + 0.6 s. In a box 35 + 15 s more, 2.1 + 1.4 s.
  assert.deepEqual(secondsOf(0), [57, 4]);
  assert.deepEqual(secondsOf(4), [107, 7]);
});
