/** The time that a person is told is the time that it takes: the estimate from rates and queue against what the network does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

/** The median of so few mails is itself this uncertain; for a person, "about two minutes" may be one and a half or three. */
const FACTOR = 1.5;
const MAILS = 15;
/** So many slots are counted well enough: the wait for the last varies by a fifth. */
const MANY = 26;

for (const { what, bytes, behind } of [
  { what: "a small mail in an empty queue", bytes: 500, behind: 0 },
  { what: "a mail of 20 KB in an empty queue", bytes: 20_000, behind: 0 },
  { what: "a small mail behind a large one", bytes: 500, behind: 4_000_000 },
  { what: "a mail of 20 KB behind a large one", bytes: 20_000, behind: 4_000_000 },
]) {
  test(`${what} takes about as long as was said: within a factor of ${FACTOR} of the median`, async () => {
    const world = await World.create({
      seed: what,
      parameters: { ...SIM_PARAMETERS, minimumPool: 0 },
      suite: noCryptography(),
    });
    const alice = await world.join({ name: "alice", provider: "a", machine: "quick" });
    const bob = await world.join({ name: "bob", provider: "b", machine: "quick" });
    const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
    assert.ok(to);
    const send = (body: Uint8Array): Promise<unknown> =>
      world.clock.runUntilSettled(alice.client.send({ to, body }), seconds(10));
    if (behind > 0) await send(new Uint8Array(behind));
    const waits: number[] = [];
    let said: Milliseconds = milliseconds(0);
    for (let n = 1; n <= MAILS; n++) {
      const before = world.clock.now();
      said = await alice.client.estimate({ bytes });
      await send(new Uint8Array(bytes).fill(n));
      await world.clock.runWhile(() => bob.received.size < n, seconds(300));
      assert.equal(bob.received.size, n);
      waits.push(world.clock.now() - before);
    }
    const median = waits.toSorted((a, b) => a - b)[MAILS >> 1] as number;
    assert.ok(said < FACTOR * median && median < FACTOR * said, `said ${said} ms, was ${median} ms`);
    await world.stop();
  });
}

test(`many small mails written at once: the middle and the last one come when it was said, within a factor of ${FACTOR}`, async () => {
  const world = await World.create({
    seed: "many small mails",
    parameters: { ...SIM_PARAMETERS, minimumPool: 0 },
    suite: noCryptography(),
  });
  const alice = await world.join({ name: "alice", provider: "a", machine: "quick" });
  const bob = await world.join({ name: "bob", provider: "b", machine: "quick" });
  const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(to);
  const written = world.clock.now();
  for (let n = 1; n <= MANY; n++) {
    await world.clock.runUntilSettled(alice.client.send({ to, body: new Uint8Array(500).fill(n) }), seconds(10));
  }
  const said = alice.client.journeys().map(({ expectedAt }) => expectedAt - written);
  const waits: number[] = [];
  for (let n = 1; n <= MANY; n++) {
    await world.clock.runWhile(() => bob.received.size < n, seconds(600));
    waits.push(world.clock.now() - written);
  }
  for (const n of [MANY >> 1, MANY - 1]) {
    const [was, wanted] = [waits[n] as number, said.toSorted((a, b) => a - b)[n] as number];
    assert.ok(wanted < FACTOR * was && was < FACTOR * wanted, `mail ${n + 1}: said ${wanted} ms, was ${was} ms`);
  }
  await world.stop();
});
