/**
 * An attacker drops one packet and watches when something leaves again: with a fixed timer the pause names the sender. Ours
 * is drawn anew for each fragment, and leaves in an ordinary slot (docs/spec/04-traffic.md §7).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Milliseconds, milliseconds, messageId, nodeId, mailboxId } from "#transport/core/units.ts";
import { Outgoing } from "#transport/client/outgoing.ts";
import { NO_PROGRESS, type OutgoingMessage } from "#transport/client/store.ts";
import { TimeLaws } from "#transport/client/time-laws.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

const at = (time: number): Milliseconds => milliseconds(time);

test("when a lost fragment comes again cannot be told from when it was lost", () => {
  const waits = Array.from({ length: 400 }, (_, i) => repeatAfterLoss(`sender ${i}`));
  assert.ok(new Set(waits).size > 390, "no two senders keep one schedule");
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  const deviation = Math.sqrt(waits.reduce((sum, wait) => sum + (wait - mean) ** 2, 0) / waits.length);
  assert.ok(deviation > mean / 4, `spread ${deviation} around ${mean}`);
});

test("two fragments lost together come back apart", () => {
  const outgoing = sentAndLost("together", 6);
  const times = outgoing.changes();
  const returns = [...times.values()].map((fragment) => fragment.notBefore);
  assert.equal(new Set(returns).size, 6);
});

test("nothing that arrived is sent again", () => {
  const outgoing = sentAndLost("partly", 6, new Set([0, 2, 3]));
  assert.deepEqual(outgoing.waiting(at(1e12), 10), [1, 4, 5]);
});

/** From a fragment's departure, lost, until it may leave again. */
function repeatAfterLoss(seed: string): number {
  const outgoing = sentAndLost(seed, 1);
  const [fragment] = outgoing.changes().values();
  return (fragment?.notBefore ?? 0) - 1000;
}

function sentAndLost(seed: string, count: number, stored: ReadonlySet<number> = new Set()): Outgoing {
  const random = new SeededRandom(seed);
  const parameters = SIM_PARAMETERS;
  const waits = new TimeLaws({ random, profile: () => parameters.profiles.mail, parameters });
  const outgoing = new Outgoing({ message: message(count), needed: count, waits });
  for (let index = 0; index < count; index++) outgoing.sent(index, { hash: random.bytes(16), at: at(1000) });
  const askAt = outgoing.progress.askAt as Milliseconds;
  assert.equal(outgoing.duty(askAt), "ask");
  const asked = outgoing.question().map(({ index }) => index);
  outgoing.answered(asked, stored, askAt);
  return outgoing;
}

function message(count: number): OutgoingMessage {
  const progress = {
    ...NO_PROGRESS,
    deadline: at(1e9),
  };
  return {
    id: messageId(new Uint8Array(16)),
    to: {
      address: "reader@b.example",
      accountKey: new Uint8Array(32),
      providerId: nodeId(new Uint8Array(32)),
      mailboxId: mailboxId(new Uint8Array(32)),
      mailboxKey: new Uint8Array(1216),
      validUntil: at(1e9),
    },
    bytes: 1,
    proof: new Uint8Array(32),
    queuedAt: at(0),
    progress,
    fragments: Array.from({ length: count }, () => ({ state: "waiting", notBefore: at(0), attempts: 0, hashes: [] })),
  };
}
