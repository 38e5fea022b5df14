/** The program dies at each step on a mail's way between its own store and the transport: the mail goes once, and comes once. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Contacts } from "#main/keys/contacts.ts";
import { MailWork } from "#main/mail-work/mail-work.ts";
import { Inbound } from "#main/pipeline/inbound.ts";
import { Outbound } from "#main/pipeline/outbound.ts";
import type { Owner } from "#main/pipeline/owner.ts";
import { newId } from "#main/store/ids.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { createStore, type Store } from "#main/store/store.ts";
import { type Keyholder, keyholder, mailFrom, NOW, sealMail } from "#test/support/mail-keys.ts";
import { atEveryStep, Died, type Life } from "#test/support/mortal.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { type ClientStatus, type MailboxRecord, type MessageId, type MixClient, milliseconds, toHex } from "#transport";
import { mailboxId, messageId, nodeId } from "#transport/core/units.ts";

const ALICE = "alice@a.example";
const BOB = "bob@b.example";
const random = new SeededRandom("crash");

test("killed at any step of sending, a mail is still a draft or goes exactly once", async (t) => {
  const world = await open(t);
  const steps = await atEveryStep((life) => sendOne(world, life));
  assert.ok(steps > 8, `only ${steps} steps were tried`);
});

test("and a transport that does not know a mail again is found out", async (t) => {
  const world = await open(t);
  world.transport.forgetsIds = true;
  await assert.rejects(
    atEveryStep((life) => sendOne(world, life)),
    /sent 2 times/,
  );
});

test("killed at any step of receiving, a mail is there once and its receipt is asked for", async (t) => {
  const world = await open(t);
  await world.program().contacts.accept(ALICE);
  const steps = await atEveryStep(async (life) => {
    const { transport, store } = world;
    const before = await count(store);
    const body = await sealMail({ mail: mailFrom(ALICE, BOB), signer: world.alice, reader: world.bob });
    const id = messageId(random.bytes(16));
    transport.incoming.set(toHex(id), body);
    const receive = async (inbound: Inbound): Promise<void> => {
      const offered = transport.incoming.get(toHex(id));
      if (offered !== undefined)
        await inbound.take({ messageId: id, body: offered.slice(), receivedAt: milliseconds(NOW) });
      await inbound.settle();
    };
    await untilDeath(receive(world.program(life).inbound));
    await receive(world.program().inbound);
    assert.equal((await count(store)) - before, 1);
    assert.equal(transport.incoming.size, 0, "the transport still has it");
    assert.ok(transport.acknowledged.has(toHex(id)), "no receipt");
    assert.deepEqual(await store.unsettled(), []);
  });
  assert.ok(steps > 5, `only ${steps} steps were tried`);
});

async function sendOne({ transport, store, program }: World, life: Life): Promise<void> {
  const sentBefore = transport.sent.length;
  const id = newId(random);
  await store.saveDraft({ id, to: [ALICE], subject: "s", text: "t", savedAt: NOW });
  await untilDeath(program(life).outbound.send(id));
  // The next start, and the user, who finds the draft if it is one.
  const { outbound } = program();
  const isDraft = (await store.drafts(1)).length === 1;
  await (isDraft ? outbound.send(id) : outbound.handOver());
  assert.deepEqual(await store.drafts(1), []);
  assert.deepEqual(await store.unsent(), []);
  const times = transport.sent.length - sentBefore;
  assert.equal(times, 1, `sent ${times} times`);
}

async function untilDeath(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    const isDeath = (one: unknown): boolean => one instanceof Died || (one instanceof Error && isDeath(one.cause));
    if (!isDeath(error)) throw error;
  });
}

async function count(store: Store): Promise<number> {
  const { conversations } = await store.listConversations({ folder: "inbox", limit: 200 });
  return conversations.reduce((sum, { messages }) => sum + messages, 0);
}

/** What the transport has on its disk. */
class Transport {
  readonly sent: string[] = [];
  readonly incoming = new Map<string, Uint8Array>();
  readonly acknowledged = new Set<string>();
  forgetsIds = false;
  readonly #record: MailboxRecord;

  constructor(record: MailboxRecord) {
    this.#record = record;
  }

  client(): MixClient {
    const client: Partial<MixClient> = {
      status: () => ({ state: "mixing" }) as ClientStatus,
      serves: () => true,
      lookup: async (address) => (address === ALICE ? this.#record : undefined),
      estimate: () => milliseconds(1),
      send: async ({ id }) => {
        const key = toHex(id as MessageId);
        if (this.forgetsIds || !this.sent.includes(key)) this.sent.push(key);
        return id as MessageId;
      },
      consumed: async (id) => void this.incoming.delete(toHex(id)),
      acknowledge: async ({ messageId: id }) => void this.acknowledged.add(toHex(id)),
    };
    return client as MixClient;
  }
}

interface World {
  readonly store: Store;
  readonly transport: Transport;
  readonly alice: Keyholder;
  readonly bob: Keyholder;
  /** A new process on the same disk. */
  readonly program: (life?: Life) => { outbound: Outbound; inbound: Inbound; contacts: Contacts };
}

async function open(t: TestContext): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), "starling-crash-"));
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const store = await createStore({ dataDir, keyring, passphrase: "correct horse battery", random });
  const [alice, bob] = [await keyholder(ALICE), await keyholder(BOB)];
  const mailWork = new MailWork({ ownKey: async () => bob.pair.privateKey.slice() });
  t.after(async () => {
    await mailWork.close();
    await store.close();
    await rm(dataDir, { recursive: true });
  });
  const transport = new Transport({
    address: ALICE,
    providerId: nodeId(random.bytes(32)),
    mailboxId: mailboxId(random.bytes(32)),
    mailboxKey: random.bytes(1216),
    validFrom: milliseconds(NOW),
    validUntil: milliseconds(NOW + 10 ** 9),
    certificate: alice.pair.certificate,
    accountKey: random.bytes(32),
  });
  const owner: Owner = { address: BOB, name: "Bob", certificate: bob.certificate };
  const clock = new VirtualClock({ start: milliseconds(NOW) });
  return {
    store,
    transport,
    alice,
    bob,
    program(life) {
      const client = transport.client();
      const common = {
        store: life?.of(store, STORE_STEPS) ?? store,
        client: life?.of(client, ["lookup", "send", "consumed", "acknowledge"]) ?? client,
        clock,
        random,
        owner,
        mailWork,
      };
      const contacts = new Contacts(common);
      return {
        contacts,
        outbound: new Outbound({ ...common, contacts, messageBytesMax: 2 ** 20 }),
        inbound: new Inbound({ ...common, contacts, changed: () => undefined }),
      };
    },
  };
}

const STORE_STEPS = [
  "draft",
  "attachments",
  "contact",
  "saveContact",
  "addDeparture",
  "unsent",
  "unsentBody",
  "noteFailure",
  "noteHandedOver",
  "addArrival",
  "unsettled",
  "settleMessage",
] as const satisfies readonly (keyof Store)[];
