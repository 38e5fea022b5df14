/** A client whose start does not come to its end: nothing of it goes on. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { settle, VirtualClock } from "#test/support/virtual-clock.ts";
import { TransportClient } from "#transport/client/client.ts";
import { TransportError } from "#transport/core/errors.ts";
import { systemStreams } from "#transport/core/random.ts";
import { mailboxId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("x25519", "native");
const { network } = testNetwork({ suite });

test("a client whose store cannot be read says so, and sends and dials no more", async () => {
  const { client, clock, store, dials } = await withAccount();
  store.outgoing = () => Promise.reject(new Error("damaged"));
  await assert.rejects(clock.runUntilSettled(client.start(), seconds(60)), /damaged/);
  const before = dials.count;
  await clock.runFor(seconds(3600));
  assert.equal(dials.count, before);
  await assert.rejects(client.estimate({ bytes: 1 }), { code: "NO_ACCOUNT" });
});

test("a client that is stopped while it starts does not begin", async () => {
  const { client, clock, store, dials } = await withAccount();
  const { promise: held, resolve: goOn } = Promise.withResolvers<void>();
  const account = store.account.bind(store);
  store.account = async () => {
    await held;
    return account();
  };
  const starting = client.start();
  await client.stop();
  goOn();
  await starting;
  await settle();
  await clock.runFor(seconds(3600));
  assert.equal(dials.count, 0);
});

/** Opened at a provider that is down. */
async function withAccount() {
  const clock = new VirtualClock({ start: network.genesis });
  const store = new MemoryClientStore();
  const dials = { count: 0 };
  await store.saveAccount({
    opened: {
      address: "a@a.example",
      providerId: nodeId(new Uint8Array(32)),
      mailboxId: mailboxId(new Uint8Array(32)),
    },
    accountKey: new Uint8Array(32).fill(1),
    certificate: new Uint8Array(0),
    profile: "mail",
    nextProfile: undefined,
    guards: [],
    recordUntil: milliseconds(0),
  });
  const client = new TransportClient({
    clock,
    streams: systemStreams(new SeededRandom("start")),
    suite,
    network,
    dialer: {
      dial: () => {
        dials.count++;
        return Promise.reject(new TransportError("PROVIDER_DOWN"));
      },
    },
    provider: { address: "127.0.0.1:1", linkKey: new Uint8Array(32) },
    store,
  });
  return { client, clock, store, dials };
}
