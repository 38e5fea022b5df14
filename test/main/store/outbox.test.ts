/** What the program's database forgets of what the transport's own outbox wrote to it. Spec: docs/spec/01-message.md §2.9 */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { createStore, type Store } from "#main/store/store.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { placesWith } from "#test/support/correspondents.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { Outbox } from "#transport/client/outbox.ts";
import { NO_PROGRESS, type OutgoingMessage } from "#transport/client/store.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { mailboxId, messageId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";

const clock = new SystemClock();
const random = new SeededRandom("outbox on a database");

test("of two mails the one that has its receipt is forgotten, and the other waits on", async (t) => {
  const store = await openNew(t);
  const outbox = outboxOn(store);
  await outbox.load();
  for (const n of [1, 2]) await outbox.add({ message: messageOf(n), data: [new Uint8Array(42)] });
  await outbox.receipt({ id: messageOf(1).id, proof: messageOf(1).proof });
  // Writes what changed with the receipt, as a quiet moment does.
  await outbox.stop();
  await store.prune(milliseconds(clock.now() + 1000));
  assert.deepEqual(
    (await store.outgoing()).map(({ id }) => id),
    [messageOf(2).id],
  );
});

async function openNew(t: TestContext): Promise<Store> {
  const dataDir = await mkdtemp(join(tmpdir(), "starling-outbox-"));
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const store = await createStore({ dataDir, keyring, passphrase: "correct horse battery", random });
  t.after(async () => {
    await store.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return store;
}

const wait = () => seconds(5);

function outboxOn(store: Store): Outbox {
  return new Outbox({
    clock,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    geometry: geometry(SIM_PARAMETERS),
    parameters: SIM_PARAMETERS,
    padding: random,
    reliability: random,
    places: placesWith({ clock, store, parameters: SIM_PARAMETERS, list: { providers: [1] } }),
    waits: {
      askWait: wait,
      repeatWait: wait,
      remindWait: wait,
      longest: { ask: seconds(100), repeat: seconds(100), remind: () => seconds(100) },
    },
    nextOrder: () => 0,
    isClockGood: () => true,
    have: () => new Promise(() => undefined),
    onProgress: () => undefined,
    onSent: () => undefined,
  });
}

const messageOf = (n: number): OutgoingMessage => ({
  id: messageId(new Uint8Array(16).fill(n)),
  to: {
    address: "reader@b.example",
    accountKey: new Uint8Array(32),
    providerId: nodeId(new Uint8Array(32)),
    mailboxId: mailboxId(new Uint8Array(32)),
    mailboxKey: new Uint8Array(1216),
    validUntil: milliseconds(1e15),
  },
  bytes: 10,
  proof: new Uint8Array(32).fill(n),
  queuedAt: clock.now(),
  progress: { ...NO_PROGRESS, deadline: milliseconds(1e15) },
  fragments: [{ state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] }],
});
