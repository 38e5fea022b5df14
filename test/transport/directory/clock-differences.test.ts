/**
 * Clocks that are wrong, at the edges of key periods: whom the program lets send, and which of its packets meet their keys. By
 * production's own rules for senders, nodes and clocks. Spec: docs/spec/08-directory.md §2 and §7
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { testConsensus, testNetwork, testNodes } from "#test/support/test-network.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { epochNumber, keyPeriodNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import {
  clockDifferenceMax,
  clockErrorMax,
  keyErasedAt,
  keyGrace,
  keyPeriodInUse,
  keyPeriodLatest,
  keyPeriodsAnnounced,
  keyPeriodStart,
} from "#transport/directory/epochs.ts";
import { checkFreshness } from "#transport/directory/freshness.ts";

const suite = await loadSuite("x25519", "native");

const NETWORKS: [string, Parameters][] = [
  ["live", LIVE_PARAMETERS],
  ["demo", DEMO_PARAMETERS],
];

for (const [name, { epoch, delayCap, profiles }] of NETWORKS) {
  const made = testNetwork({ suite, parameters: { ...LIVE_PARAMETERS, suite: "x25519", epoch } });
  const { network } = made;
  const consensus = testConsensus(
    made,
    suite,
    testNodes(suite, { periods: keyPeriodsAnnounced(network, epochNumber(0)) }),
  );
  const cap = 3 * delayCap * Math.max(profiles.mail.meanDelay, profiles.chat.meanDelay);
  const [most, grace, step] = [clockErrorMax(network), keyGrace(network), Math.max(1000, cap / 48)];
  const period = keyPeriodNumber(1);
  const change = keyPeriodStart(network, keyPeriodNumber(2)) - epoch.keyLead;
  /** Whether a client sends whose clock is off by `error`, once it has been told the time. */
  const sends = (error: number): boolean => {
    const truth = milliseconds(network.genesis + epoch.duration / 2);
    try {
      checkFreshness({ network, consensus, now: milliseconds(truth + error), witnesses: [truth] });
      return true;
    } catch {
      return false;
    }
  };
  /** Whether a node whose clock is off by `error` opens at `time` what was made for a period. */
  const opens = (named: number, time: number, error: number): boolean => {
    const now = milliseconds(time + error);
    return named <= keyPeriodLatest(network, now) && now < keyErasedAt(network, keyPeriodNumber(named));
  };
  /** Of packets that leave around a change of keys, by the client's clock, those that find a key gone or not yet taken. */
  const missed = (o: { client: number; node: number; way: number }): number => {
    let count = 0;
    for (const left of [change - step, change - 1, change, change + step]) {
      const named = keyPeriodInUse(network, milliseconds(left));
      assert.equal(named, left < change ? period : period + 1);
      if (!opens(named, left - o.client + o.way, o.node)) count++;
    }
    return count;
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

  test(`${name}: a client sends while its clock is off by no more than a node's may be, and says so beyond it`, () => {
    for (const error of [-most, -step, 0, step, most]) assert.ok(sends(error), `${error} ms`);
    for (const error of range(most + 1, 3 * most)) assert.ok(!sends(error) && !sends(-error), `${error} ms`);
    assert.equal(2 * most, clockDifferenceMax(network));
  });

  test(`${name}: what such a client sends is early for no node, and late only where the way and both errors are more than the grace`, () => {
    for (const client of range(-2 * most, 2 * most).filter(sends)) {
      for (const node of range(-most, most)) {
        for (const way of range(0, cap)) {
          const isLate = way + node - client > grace - 1;
          const count = missed({ client, node, way });
          assert.ok(isLate || count === 0, `client ${client}, node ${node}, way ${way}: ${count} missed`);
        }
      }
    }
  });

  test(`${name}: with what the longest way leaves of the grace, half for each, every packet meets its keys; at a node that is right all but one in a million`, () => {
    const half = Math.min(most, (grace - cap) / 2 - 1);
    assert.ok(half >= 3000 && sends(half) && sends(-half));
    for (const [client, node] of [
      [-half, half],
      [half, -half],
    ] as const) {
      for (const way of range(0, cap)) assert.equal(missed({ client, node, way }), 0, `way ${way}`);
    }
    // Of three exponential delays a sum of 19.5 means is exceeded once in a million times.
    const usual = 19.5 * profiles.mail.meanDelay;
    for (const client of range(-2 * most, 2 * most).filter(sends)) {
      for (const way of range(0, usual))
        assert.equal(missed({ client, node: 0, way }), 0, `client ${client}, way ${way}`);
    }
  });
}
