/**
 * What it costs that lost fragments are sent again instead of sent with redundancy: packets and time, at three shares of loss. The
 * figures stand in docs/decisions/0013.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { SimClient } from "#test/sim/sim-client.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";

/** Links that a packet passes between its sender's provider and the reader's. */
const LINKS = 4;
const SMALL = { bytes: 500, mails: 40 };
const LARGE = { bytes: 100_000, mails: 5 };

interface Cost {
  /** Fragments that left, for each that had to. */
  readonly packets: number;
  /** Seconds from sending to the reader. */
  readonly median: number;
  readonly p95: number;
}

test("repetition costs little more than what is lost, and the last fragments a question's time", async (t) => {
  for (const kind of [SMALL, LARGE]) {
    const calm = await measure({ ...kind, loss: 0 });
    t.diagnostic(line(kind.bytes, 0, calm));
    assert.equal(calm.packets, 1, "nothing is repeated that was not lost");
    for (const loss of [0.001, 0.01, 0.05]) {
      const cost = await measure({ ...kind, loss });
      t.diagnostic(line(kind.bytes, loss, cost));
      assert.ok(cost.packets < 1 + 3 * loss + 0.03, `${cost.packets} packets for one`);
      assert.ok(cost.median < 2.5 * calm.median);
    }
  }
});

const line = (bytes: number, loss: number, { packets, median, p95 }: Cost): string =>
  `${bytes} bytes, ${(100 * loss).toFixed(1)} % lost: ${packets.toFixed(4)} packets a fragment, ` +
  `median ${median.toFixed(1)} s, 95 % within ${p95.toFixed(1)} s`;

async function measure(o: { bytes: number; mails: number; loss: number }): Promise<Cost> {
  const { bytes, mails, loss } = o;
  // Every question about a mail takes a token, and these are more mails in minutes than a period has tokens for.
  const tokens = { ...SIM_PARAMETERS.tokens, perProvider: 0 };
  const parameters = { ...SIM_PARAMETERS, minimumPool: 0, tokens };
  const world = await World.create({ seed: `repetition ${bytes} ${1000 * loss}`, parameters, suite: noCryptography() });
  let left = 0;
  const alice: SimClient = await world.join({
    name: "alice",
    provider: "a",
    machine: "quick",
    observer: {
      // Nobody sends receipts here: what leaves after the message is stored reminds the reader of one.
      fragmentSent: ({ messageId }) => {
        const journey = alice.client.journeys().find((each) => equalBytes(each.messageId, messageId));
        if (journey?.storedAt === undefined) left++;
      },
    },
  });
  const bob = await world.join({ name: "bob", provider: "b", machine: "quick" });
  const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(to);
  world.net.weather = { loss: 1 - (1 - loss) ** (1 / LINKS), duplicates: 0 };
  const waits: number[] = [];
  for (let n = 1; n <= mails; n++) {
    const before = world.clock.now();
    const body = new SeededRandom(`${n}`).bytes(bytes);
    await world.clock.runUntilSettled(alice.client.send({ to, body }), seconds(10));
    await world.clock.runWhile(() => bob.received.size < n, seconds(600));
    assert.equal(bob.received.size, n);
    waits.push(world.clock.now() - before);
  }
  const isKnown = (): boolean => alice.client.journeys().every(({ storedAt }) => storedAt !== undefined);
  await world.clock.runWhile(() => !isKnown(), seconds(600));
  const fragments = alice.client.journeys().reduce((sum, journey) => sum + journey.fragments, 0);
  await world.stop();
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): number => (sorted[Math.floor(share * (mails - 1))] as number) / 1000;
  return { packets: left / fragments, median: at(0.5), p95: at(0.95) };
}
