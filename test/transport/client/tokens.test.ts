/** Which tokens a client orders when its store is slower than its clock. Spec: docs/spec/13-tokens.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seedOf, testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { encodeStock } from "#transport/client/token-stock.ts";
import { Tokens } from "#transport/client/tokens.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const provider = testDescriptor(suite, { name: "a", role: "provider", tokenKeys: new Map([[0, seedOf("key")]]) });
const consensus = testConsensus(made, suite, { providers: [provider] });

/** How many orders left in five minutes in which the store answers after `wait`, and how many tokens there are then. */
async function started(wait: number, stock: Uint8Array | undefined): Promise<{ orders: number; left: number }> {
  const clock = new VirtualClock({ start: made.network.genesis });
  let orders = 0;
  const tokens = new Tokens({
    clock,
    primitives: suite,
    network: made.network,
    store: {
      tokenStock: () => new Promise((resolve) => clock.at(seconds(clock.now() / 1000 + wait), () => resolve(stock))),
      saveTokenStock: async () => undefined,
    },
    control: {
      request: async () => {
        orders++;
        throw new TransportError("PROVIDER_DOWN");
      },
    },
    current: () => ({ consensus }),
    isUp: () => true,
    polling: new SeededRandom("polling"),
    keys: new SeededRandom("keys"),
  });
  const starting = tokens.start();
  await clock.runFor(seconds(300));
  await settle();
  await starting;
  const left = tokens.left(provider.nodeId);
  await tokens.stop();
  return { orders, left };
}

const { perProvider } = made.network.parameters.tokens;
const values = Array.from({ length: perProvider }, (_, index) => seedOf(`token ${index}`));
const stock = (): Uint8Array =>
  encodeStock([
    { period: 0, seed: seedOf("stock"), providers: new Map([[toHex(provider.nodeId), { values, used: 0 }]]) },
  ]);

test("tokens that lie in a store which is slow to open are not ordered a second time from another seed", async () => {
  assert.deepEqual(await started(60, stock()), { orders: 0, left: perProvider });
  const { orders } = await started(60, undefined);
  assert.ok(orders > 0, "who has none orders");
});
