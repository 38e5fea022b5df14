/**
 * A reader publishes a mailbox key that is none: no fragment can be sealed to it. Whoever writes there must not fall silent in
 * the slots meant for that mail, or anyone could see on the line that it waits (docs/spec/04-traffic.md §3).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_PROGRESS, type OutgoingMessage } from "#transport/client/store.ts";
import { mailboxId, messageId, milliseconds, seconds } from "#transport/core/units.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { isTransportError } from "#test/support/errors.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";

/** Coefficients over ML-KEM's modulus (FIPS 203 §7.2). */
const NO_KEY = new Uint8Array(1216).fill(0xff);

test("a mail that cannot be sealed, left in the outbox, silences no slot", async () => {
  const [without, withMail] = [await watch({ waits: false }), await watch({ waits: true })];
  assert.ok(without.length > 150);
  assert.equal(withMail.length, without.length);
  // The seal that fails costs what a seal costs, so that of two ticks in a few milliseconds the second may be later by as much.
  const slips = withMail.map((time, i) => time - (without[i] as number));
  assert.ok(Math.max(...slips) <= 2, `${Math.max(...slips)} ms`);
});

test("nothing is accepted for a mailbox key that is none, or with a point of small order", async () => {
  const world = await World.create({ seed: "no key" });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  const zeroPoint = record.mailboxKey.slice();
  zeroPoint.fill(0, 1184);
  for (const mailboxKey of [NO_KEY, zeroPoint]) {
    const to = { ...record, mailboxKey };
    await assert.rejects(
      world.clock.runUntilSettled(alice.client.send({ to, body: new Uint8Array(10) }), seconds(9)),
      isTransportError("RECORD_UNUSABLE"),
    );
    await assert.rejects(
      world.clock.runUntilSettled(
        alice.client.acknowledge({ messageId: messageId(new Uint8Array(16)), to }),
        seconds(9),
      ),
      isTransportError("RECORD_UNUSABLE"),
    );
  }
  assert.equal(alice.client.status().queuedFragments, 0);
  await world.stop();
});

/** When packets leave a client in a minute after a start, perhaps with such a mail in its store. */
async function watch({ waits }: { waits: boolean }): Promise<number[]> {
  const world = await World.create({ seed: "silence" });
  const alice = await world.join({ name: "alice", provider: "a" });
  await world.clock.runUntilSettled(alice.stop(), seconds(120));
  if (waits) await alice.store.addOutgoing(unsealable(world), [new Uint8Array(42)]);
  const since = world.clock.now();
  await world.clock.runUntilSettled(alice.start(), seconds(10));
  await world.clock.runFor(seconds(60));
  await world.stop();
  return alice.observer.out(sendFrameBytes(geometry(SIM_PARAMETERS)), since);
}

function unsealable(world: World): OutgoingMessage {
  const now = world.clock.now();
  return {
    id: messageId(new Uint8Array(16)),
    to: {
      address: "reader@b.example",
      accountKey: new Uint8Array(32),
      providerId: world.provider("b").nodeId,
      mailboxId: mailboxId(new Uint8Array(32)),
      mailboxKey: NO_KEY,
      validUntil: milliseconds(now + 1_000_000),
    },
    bytes: 10,
    proof: new Uint8Array(32),
    queuedAt: now,
    progress: { ...NO_PROGRESS, deadline: milliseconds(now + 1_000_000) },
    fragments: [{ state: "waiting", notBefore: now, attempts: 0, hashes: [] }],
  };
}
